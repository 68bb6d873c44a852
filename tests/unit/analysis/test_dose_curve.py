"""Smaller doses of one source against their share of what the whole does."""

from dataclasses import replace

import numpy as np
import pytest
from tests.unit.analysis.made_mixtures import TARGETS, mixture_cube

from spillover.analysis.context import example_context
from spillover.analysis.dose_curve import trace_doses
from spillover.analysis.settings import VerificationSettings
from spillover.analysis.verdict import judge_mixture
from spillover.analysis.verdict_words import say_verdict
from spillover.tasks.settings import Recipe

ASKED = {"targets": TARGETS, "chosen": "chosen", "best_single": "single", "doses": ("half", "quarter")}
RECIPES = {
    "half": Recipe(parts={"single": 500}, dose=0.5),
    "quarter": Recipe(parts={"single": 250}, dose=0.25),
}


def asked(**changes):
    return VerificationSettings.model_validate(ASKED | changes)


def made(quarter, half, whole, *, rng=0, **changes):
    effects = {"chosen": 0.0, "single": whole, "half": half, "quarter": quarter}
    return mixture_cube(np.random.default_rng(rng), effects, mixtures=RECIPES, **changes)


def traced(*effects, **changes):
    return trace_doses(made(*effects, **changes), asked(), example_context())


def outcomes(curve):
    return [point.outcome for point in curve.points]


def test_figures_are_those_that_are_counted_by_hand():
    """Of ten questions that the base gets wrong the whole gets eight right, half of it six, and a quarter two."""
    cube = made(0.0, 0.0, 0.0, examples=10)
    right = np.array([[number < count for number in range(10)] for count in (0, 8, 6, 2)], dtype=float)
    blocks = tuple(
        replace(block, base=np.zeros((1, 10)), scores=np.tile(right, (len(cube.seeds), 1, 1))) for block in cube.blocks
    )
    curve = trace_doses(replace(cube, blocks=blocks), asked(), example_context())
    assert curve.whole.pgf == pytest.approx(0.8)
    assert [(point.source, point.dose, point.examples) for point in curve.points] == [
        ("quarter", 0.25, 250),
        ("half", 0.5, 500),
    ]
    assert [point.effect.pgf for point in curve.points] == pytest.approx([0.2, 0.6])
    assert [point.linear.pgf for point in curve.points] == pytest.approx([0.2, 0.4])
    assert [point.miss.pgf for point in curve.points] == pytest.approx([0.0, 0.2], abs=1e-12)
    # of the ten, the first two miss by 1 − 1/4, the next six by −1/4: t with 18 degrees of freedom of two targets
    within = np.var([0.75] * 2 + [-0.25] * 6 + [0.0] * 2, ddof=1)
    assert curve.points[0].miss.high == pytest.approx(max(2.1009 * np.sqrt(within / 10 / 2), 0.2589 / 2), rel=1e-3)


@pytest.mark.parametrize(
    ("effects", "told"),
    [
        ((0.075, 0.15, 0.3), ["consistent", "consistent"]),
        ((0.25, 0.3, 0.3), ["more", "more"]),
        ((0.0, 0.0, 0.4), ["less", "less"]),
        ((-0.25, -0.3, -0.3), ["less", "less"]),
    ],
)
def test_each_dose_is_judged_by_the_interval_of_what_it_misses(effects, told):
    assert outcomes(traced(*effects, examples=1000)) == told


def test_the_difference_is_paired():
    """Where a quarter answers as the whole does, what it misses is three quarters of the whole's effect, no surer."""
    cube = made(0.0, 0.0, 0.2)
    whole, quarter = (cube.sources.index(name) for name in ("single", "quarter"))
    for block in cube.blocks:
        block.scores[:, quarter] = block.scores[:, whole]
    curve = trace_doses(cube, asked(), example_context())
    miss = curve.points[0].miss
    assert (miss.pgf, miss.low, miss.high) == pytest.approx(
        [0.75 * end for end in (curve.whole.pgf, curve.whole.low, curve.whole.high)]
    )


def test_where_dose_is_linear_about_one_interval_in_twenty_says_otherwise():
    found = [traced(0.05, 0.1, 0.2, rng=rng, examples=60, seed_spread=0.05) for rng in range(200)]
    wrong = sum(outcome != "consistent" for curve in found for outcome in outcomes(curve))
    assert wrong <= 30  # of 400; 5 % would be 20


def test_doses_that_are_not_finished_are_left_out():
    cube = made(0.0, 0.1, 0.2)
    known = {name: RECIPES[name] for name in ("half",)}
    (half,) = trace_doses(replace(cube, mixtures=known), asked(), example_context()).points
    assert half.source == "half"
    for changes in ({"doses": ()}, {"best_single": "gone"}, {"targets": ("gone",)}):
        assert trace_doses(cube, asked(**changes), example_context()) is None


def test_a_base_that_is_always_right_leaves_nothing_to_be_linear():
    assert traced(0.0, 0.0, 0.0, base=1.0) is None


def said(*effects):
    verdict = judge_mixture(made(*effects, examples=1000), asked(fresh=True), example_context())
    (sentence,) = [each for each in say_verdict(verdict) if "linearity in dose" in each]
    return sentence


def test_the_sentence_says_what_linearity_predicts_and_whether_it_holds():
    assert "with 25% of them it has +0." in said(0.075, 0.15, 0.3)
    assert said(0.075, 0.15, 0.3).count("linearity is not refuted") == 2
    assert said(0.25, 0.3, 0.3).count("it did more than linear") == 2
    assert said(0.25, 0.3, 0.3).endswith("; its effect saturates.")
    assert said(0.0, 0.0, 0.4).count("it did less than linear") == 2
    assert "tells little of linearity" in said(0.0, 0.0, 0.0)


def test_a_verdict_without_doses_says_nothing_of_them():
    verdict = judge_mixture(made(0.0, 0.1, 0.2), asked(doses=()), example_context())
    assert verdict.dose_curve is None
    assert not any("dose" in sentence for sentence in say_verdict(verdict))
