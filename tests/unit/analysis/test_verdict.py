from dataclasses import replace

import numpy as np
import pytest
from tests.unit.analysis.made_mixtures import TARGETS, mixture_cube

from spillover.analysis.context import example_context
from spillover.analysis.crossed import infer_cube
from spillover.analysis.paired import Paired, infer_effect
from spillover.analysis.settings import VerificationSettings
from spillover.analysis.verdict import judge_mixture
from spillover.analysis.verdict_words import say_verdict, sum_up
from spillover.tasks.settings import Recipe

RANDOM = ("random-1", "random-2", "random-3")


def asked(**changes):
    given = {"targets": TARGETS, "chosen": "chosen", "random": RANDOM, "best_single": "single", "direct": "direct"}
    return VerificationSettings.model_validate(given | changes)


def effects(chosen, random=0.0, single=0.0, direct=0.0):
    return {"chosen": chosen, **dict.fromkeys(RANDOM, random), "single": single, "direct": direct}


def judged(effect, *, seed=0, **changes):
    cube = mixture_cube(np.random.default_rng(seed), effect)
    verdict = judge_mixture(cube, asked(**changes), example_context())
    assert verdict is not None
    return verdict


def promising(**predicted):
    """Verdicts of a mixture whose effect is 0.4 PGF on both targets."""
    recipe = Recipe.model_validate({"parts": {"a": 1, "b": 1}, **predicted})
    cube = mixture_cube(np.random.default_rng(0), effects(0.2), mixtures={"chosen": recipe})
    return judge_mixture(cube, asked(), example_context())


def outcomes(verdict):
    return {contrast.rival: contrast.outcome for contrast in verdict.contrasts}


def test_a_gain_over_all_rivals_is_seen_and_so_is_a_loss():
    assert set(outcomes(judged(effects(0.3))).values()) == {"better"}
    assert set(outcomes(judged(effects(-0.3))).values()) == {"worse"}


def test_each_rival_is_judged_by_itself():
    found = outcomes(judged(effects(0.2, random=0.0, single=0.2, direct=0.45)))
    assert found == {"random": "better", "best single": "open", "direct": "worse"}


def test_figures_are_means_over_targets_of_what_single_cells_say():
    cube = mixture_cube(np.random.default_rng(1), effects(0.2))
    verdict = judge_mixture(cube, asked(), example_context())
    cells = infer_cube(cube, np.ones(2), 0.95)
    arm = verdict.arms[0]
    assert [arm.by_target[target].pgf for target in TARGETS] == pytest.approx(cells.estimate[0])
    assert arm.overall.pgf == pytest.approx(cells.estimate[0].mean())
    for place, target in enumerate(TARGETS):  # Fieller's interval and the delta method's, far from a vanishing gap
        assert arm.by_target[target].low == pytest.approx(cells.low[0, place], abs=0.03)
        assert arm.by_target[target].high == pytest.approx(cells.high[0, place], abs=0.03)


def test_random_mixtures_that_differ_widen_the_interval():
    alike = judged(effects(0.1))
    unlike = judged(effects(0.1) | dict(zip(RANDOM, (-0.3, 0.0, 0.3), strict=True)))

    def width(verdict):
        overall = next(each for each in verdict.contrasts if each.rival == "random").overall
        return overall.high - overall.low

    assert width(unlike) > 3 * width(alike)


@pytest.mark.parametrize("rival", ["random", "direct"])
def test_where_nothing_differs_about_one_interval_in_twenty_says_otherwise(rival):
    rng = np.random.default_rng(0)
    wrong = 0
    for _ in range(200):
        cube = mixture_cube(rng, effects(0.0), examples=40, seed_spread=0.05)
        verdict = judge_mixture(cube, asked(), example_context())
        wrong += outcomes(verdict)[rival] != "open"
    assert wrong <= 20


def test_one_seed_is_about_examples_and_says_so():
    cube = mixture_cube(np.random.default_rng(0), effects(0.3), seeds=1)
    verdict = judge_mixture(cube, asked(fresh=True), example_context())
    assert any("one seed" in sentence for sentence in say_verdict(verdict))


def test_a_choice_that_is_its_own_rival_is_compared_with_nothing():
    verdict = judged(effects(0.3), best_single="chosen")
    assert outcomes(verdict)["best single"] == "same"
    assert any("nothing to compare" in sentence for sentence in say_verdict(verdict))


@pytest.mark.parametrize(("pgf", "outcome"), [(0.4, "consistent"), (0.0, "more"), (0.8, "less")])
def test_a_prediction_is_judged_by_the_interval_of_the_miss(pgf, outcome):
    promise = promising(predicted=dict.fromkeys(TARGETS, (pgf, pgf - 0.05, pgf + 0.05))).promise
    assert promise.outcome == outcome
    assert not promise.discounted
    assert promise.miss.pgf == pytest.approx(0.4 - pgf, abs=0.06)
    assert promise.miss.low < promise.miss.pgf < promise.miss.high


def test_what_was_promised_goes_before_what_adds_up():
    said = {"predicted": dict.fromkeys(TARGETS, (0.8, 0.7, 0.9)), "promised": dict.fromkeys(TARGETS, (0.4, 0.3, 0.5))}
    verdict = promising(**said)
    assert (verdict.promise.expected.pgf, verdict.promise.discounted) == (pytest.approx(0.4), True)
    assert any("what choosing flatters taken off" in sentence for sentence in say_verdict(verdict))


def test_what_was_predicted_from_another_dose_says_so():
    verdict = promising(predicted=dict.fromkeys(TARGETS, (0.4, 0.3, 0.5)), measured_with=2000)
    assert (verdict.promise.other_dose.measured_with, verdict.promise.other_dose.trained_on) == (2000, 2)
    (said,) = [sentence for sentence in say_verdict(verdict) if "predicted of it" in sentence]
    assert "from sources trained on 2,000 examples where it trained on 2;" in said


def test_without_a_prediction_for_every_target_or_in_another_measure_none_is_judged():
    said = dict.fromkeys(TARGETS, (0.4, 0.3, 0.5))
    assert promising(predicted={TARGETS[0]: said[TARGETS[0]]}).promise is None
    assert promising(predicted=said, measure="calibrated").promise is None
    assert judged(effects(0.2)).promise is None


@pytest.mark.parametrize(("effect", "outcome"), [(0.3, "held"), (-0.3, "harmed"), (-0.025, "undecided")])
def test_a_protected_task_is_held_harmed_or_undecided_by_interval_and_tolerance(effect, outcome):
    first, other = TARGETS
    verdict = judged(effects(effect), targets=(first,), protected=(other, "gone"), tolerance=0.05)
    (guarded,) = verdict.protected
    assert (guarded.task, guarded.outcome) == (other, outcome)
    (said,) = [sentence for sentence in say_verdict(verdict) if sentence.startswith(other)]
    assert "the tolerance of 0.050 PGF" in said
    assert other in sum_up(verdict)


def test_more_harm_is_held_where_more_is_tolerated():
    first, other = TARGETS
    changes = {"targets": (first,), "protected": (other,)}
    assert judged(effects(-0.1), **changes).protected[0].outcome == "harmed"
    assert judged(effects(-0.1), **changes, tolerance=0.4).protected[0].outcome == "held"


def test_the_answer_names_every_rival_once_under_its_outcome():
    verdict = judged(effects(0.2, random=0.0, single=0.2, direct=0.45))
    assert sum_up(verdict) == (
        "The mixture chosen for Jigsaw, Counting is better than random mixtures, is worse than the targets' own data "
        "and cannot be told from the best single source."
    )


def test_rivals_that_are_not_finished_are_left_out():
    assert "direct" not in outcomes(judged(effects(0.3), direct="gone"))
    assert "random" not in outcomes(judged(effects(0.3), random=("random-1", "gone")))
    cube = mixture_cube(np.random.default_rng(0), effects(0.3))
    assert judge_mixture(cube, asked(chosen="gone"), example_context()) is None


def test_examples_that_the_choice_was_made_by_are_warned_of():
    old, fresh = (list(say_verdict(judged(effects(0.3), fresh=fresh))) for fresh in (False, True))
    assert any("chosen by" in sentence for sentence in old)
    assert not any("chosen by" in sentence for sentence in fresh)


def drawn(rng, examples, *, differ, seeds=3):
    """Of examples that the base gets wrong, a finetune gets some right, the same ones with every seed."""
    wrong = rng.random(examples) < 0.3
    mended = wrong & (rng.random(examples) < differ / 0.3)
    return Paired(difference=np.tile(mended.astype(float), (seeds, 1)), gap=wrong.astype(float))


@pytest.mark.parametrize(("examples", "differ"), [(30, 0.01), (30, 0.03), (30, 0.06), (130, 0.01), (130, 0.03)])
def test_few_answers_that_differ_are_not_taken_for_none_that_ever_would(examples, differ):
    rng = np.random.default_rng(0)
    found = [infer_effect([drawn(rng, examples, differ=differ)], 0.95) for _ in range(1000)]
    covered = [each.low <= differ / 0.3 <= each.high for each in found]
    assert np.mean(covered) >= 0.93


def test_where_no_answer_differs_more_examples_and_a_larger_gap_tell_more():
    def half(examples, gap, targets=1):
        same = Paired(difference=np.zeros((3, examples)), gap=np.full(examples, gap))
        return infer_effect([same] * targets, 0.95).high

    assert half(30, 2 / 30) == pytest.approx(3 / 30 / (2 / 30), rel=0.06)
    assert half(300, 0.5) == pytest.approx(half(30, 0.05) / 100, rel=0.06)
    assert half(30, 0.5, targets=3) == pytest.approx(half(30, 0.5) / 3)


def test_a_protected_task_without_a_change_is_held_only_by_enough_examples():
    first, other = TARGETS
    changes = {"targets": (first,), "protected": (other,)}
    for examples, tolerance, outcome in ((30, 0.0, "undecided"), (30, 0.05, "undecided"), (400, 0.05, "held")):
        cube = mixture_cube(np.random.default_rng(0), effects(0.3), examples=examples)
        still = cube.blocks[1]
        still = replace(still, scores=np.broadcast_to(still.base[:, None], still.scores.shape))
        cube = replace(cube, blocks=(cube.blocks[0], still))
        verdict = judge_mixture(cube, asked(**changes, tolerance=tolerance), example_context())
        assert [each.outcome for each in verdict.protected] == [outcome]
        assert verdict.protected[0].effect.pgf == 0


def test_a_target_without_a_gap_has_no_estimate_and_takes_no_part():
    good = Paired(difference=np.array([[1.0, 0.0, 1.0, 0.0]]), gap=np.ones(4))
    solved = Paired(difference=np.zeros((1, 4)), gap=np.zeros(4))
    assert infer_effect([good, solved], 0.95) == infer_effect([good], 0.95)
    assert np.isnan(infer_effect([solved], 0.95).pgf)
