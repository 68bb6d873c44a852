"""Why a source is in or out, and what to beware of: what is said must be so."""

import re

import numpy as np
import pytest
from tests.unit.mixture.made_tables import HELPFUL, recommended, settled, shares

from spillover.core.numbers import signed
from spillover.core.published import PGFRow, PGFTable
from spillover.mixture import recommend as recommending
from spillover.mixture.problem import Choice, MixtureError
from spillover.mixture.recommend import recommend

HARMFUL_HELP = [[0.4, 0.0, -0.3], [-0.1, 0.3, 0.1], [-0.4, 0.1, 0.1]]
"""What helps Jigsaw harms Art_Style; what spares that helps nothing."""


def reasons(mixture):
    return {each.source: each.reason for each in mixture.sources}


def noted(mixture, words):
    return any(words in note for note in mixture.notes)


def test_a_source_that_is_in_to_protect_is_not_called_the_least_bad():
    mixture = recommended(HARMFUL_HELP, protected=["AS"])
    assert shares(mixture).keys() == {"Jigsaw", "Counting"}
    assert reasons(mixture)["Counting"].endswith("in to protect Art_Style (+0.100 on it)")
    assert not any("least bad" in reason for reason in reasons(mixture).values())


def test_where_nothing_helps_that_is_the_reason_and_the_advice():
    mixture = recommended([[-0.1, 0.1, 0.1], [-0.2, 0.1, 0.1], [-0.3, 0.1, 0.1]])
    assert "the least bad, as nothing here helps" in reasons(mixture)["Jigsaw"]
    assert noted(mixture, "it is not predicted to help: rather do not train for this")


def test_a_source_without_gain_takes_what_better_ones_may_not():
    mixture = recommended([[0.4, 0.1, 0.1], [-0.1, 0.1, 0.1], [-0.3, 0.1, 0.1]], max_share=0.5)
    assert reasons(mixture)["Counting"].endswith("takes what better sources may not; as much as one may have")


def test_where_protection_takes_what_would_help_the_advice_says_so():
    mixture = recommended(HARMFUL_HELP, protected=["AS"], strategy="best-single", exclude_target_data=False)
    assert shares(mixture) == {"Counting": 1.0}
    assert reasons(mixture)["Counting"] == "the largest gain of one source of those that spare Art_Style"
    assert reasons(mixture)["Jigsaw"] == "left out to protect Art_Style (−0.300 on it in the worst fifth)"
    assert noted(mixture, "what would help Jigsaw harms Art_Style: allow a --tolerance, or do not train for this")


@pytest.mark.parametrize("strategy", ["direct", "random"])
def test_harm_beyond_the_tolerance_is_said_of_those_that_protect_nothing(strategy):
    mixture = recommended(HELPFUL, strategy=strategy, max_sources=1, seed=1, protected=["AS"], tolerance=0.05)
    assert noted(mixture, f"{strategy} looks at no PGF, so it protects nothing")
    harmed = mixture.effects[1].predicted < -0.05
    assert harmed == noted(mixture, "harms Art_Style, which is protected, beyond the tolerance of 0.05 PGF: −0.200")
    assert harmed == (shares(mixture) == {"Jigsaw": 1.0})


def test_a_source_that_has_too_few_examples_is_passed_over_by_name():
    mixture = recommended(HELPFUL, strategy="best-single", available={"JG": 200})
    assert shares(mixture) == {"Counting": 1.0}
    assert reasons(mixture)["Jigsaw"] == "gains more, but has only 200 of 1000 examples"


def test_a_share_below_one_example_is_no_part():
    mixture = recommended([[0.4, 0, 0], [0.38, 0, 0], [0.02, 0, 0]], strategy="proportional", budget=3)
    assert [each.examples for each in mixture.sources] == [2, 1, 0]
    assert set(shares(mixture).values()) == {2 / 3, 1 / 3}
    assert reasons(mixture)["Art_Style"] == "its share, 2.5%, is too small for one of 3 examples"


def test_evidence_that_spans_nothing_is_said():
    weak = recommended([[0.1, 0, 0], [-0.5, 0, 0], [-0.5, 0, 0]], noise=0.6, strategy="best-single")
    effect = weak.effects[0]
    assert effect.low < 0 < effect.high
    assert noted(weak, "the evidence on Jigsaw spans 0")
    assert not noted(recommended(HELPFUL, noise=0.01), "spans 0")


@pytest.mark.parametrize("strategy", ["robust", "threshold", "proportional"])
def test_a_source_that_the_number_of_sources_keeps_out_says_so(strategy):
    gains = [[0.3, 0, 0], [0.29, 0, 0], [-0.2, 0, 0]]
    mixture = recommended(gains, strategy=strategy, max_sources=1, max_share=1.0, noise=0.1)
    (left_out,) = (each for each in mixture.sources if not each.share and each.pgf > 0)
    assert re.fullmatch(r"left out by --max-sources 1; without it, it would have \d+%", left_out.reason)


def test_a_gain_of_nothing_is_no_harm():
    mixture = recommended([[0.4, 0, 0], [0.0, 0, 0], [-0.0001, 0, 0]], strategy="proportional")
    assert reasons(mixture)["Counting"] == reasons(mixture)["Art_Style"] == "no gain"


def test_sources_that_gain_as_often_are_not_told_apart_by_noise():
    mixture = recommended([[0.3, 0, 0], [0.05, 0, 0], [0.05, 0, 0]], noise=0.3)
    for each in mixture.sources:
        if not each.share and each.pgf > 0:
            assert "others together gain more in the worst fifth of cases" in each.reason
    assert not any("noise" in reason for reason in reasons(mixture).values())


def test_a_gain_below_the_threshold_says_so():
    mixture = recommended([[0.4, 0, 0], [0.1, 0, 0], [-0.3, 0, 0]], strategy="threshold", threshold=0.2)
    assert reasons(mixture)["Counting"] == "its gain, +0.100, is not above the threshold of 0.2"
    assert reasons(mixture)["Art_Style"] == "harms the target (−0.300)"


@pytest.mark.parametrize(
    ("asked", "bound", "advice"),
    [
        ({"strategy": "threshold", "threshold": 0.5}, "0.5", "lower --threshold below 0.400"),
        ({"strategy": "proportional", "max_share": 0.5}, "0", "takes the least bad"),
    ],
)
def test_where_no_source_gains_enough_the_bound_is_told_and_what_to_do(asked, bound, advice):
    gains = [[0.4 if "threshold" in asked else -0.4, 0, 0], [-0.5, 0, 0], [-0.6, 0, 0]]
    with pytest.raises(MixtureError, match=f"no source has a PGF above {bound} on the target: the best, J") as told:
        recommended(gains, **asked)
    assert advice in str(told.value)


def test_a_source_that_is_beyond_the_number_and_harms_says_what_it_harms():
    gains = [[0.4, 0, 0.1], [0.3, 0, 0.1], [0.1, 0, -0.3]]
    mixture = recommended(gains, strategy="proportional", max_sources=1, protected=["AS"])
    assert reasons(mixture)["Art_Style"] == "left out to protect Art_Style (−0.300 on it in the worst fifth)"
    assert "--max-sources" in reasons(mixture)["Counting"]


def test_a_choice_that_is_not_proven_best_says_by_how_much(monkeypatch):
    choice = Choice(shares=np.array([1.0, 0.0, 0.0]), gap=0.0123)
    monkeypatch.setattr(recommending, "choose", lambda *_: choice)
    words = "not proven best: within 0.012 PGF of what may be possible in the worst fifth"
    assert noted(recommended(HELPFUL), words)
    monkeypatch.undo()
    assert not noted(recommended(HELPFUL), "not proven")


def common(gains):
    """Gains of more sources than there are tasks of the small table: all but the first column is nothing."""
    names = tuple(f"t{place}" for place in range(len(gains)))
    rows = [
        PGFRow(seed=seed, source=source, target=target, pgf=gain if target == "t0" else 0.0)
        for seed in range(4)
        for source, gain in zip(names, gains, strict=True)
        for target in names
    ]
    (mixture,) = recommend(
        PGFTable(model="m", rows=tuple(rows), examples={}, origin="a test"), settled(targets=["t0"], splits=2)
    )
    return mixture


def test_where_most_sources_gain_that_is_said_with_what_a_random_mixture_would_do():
    mixture = common([0.3, 0.1, 0.1, 0.1, -0.1])
    assert noted(mixture, "4 of 5 sources gain on t0: what they share")
    assert noted(mixture, "a random mixture is predicted +0.100; prefer a verifying study (--study)")
    assert not noted(common([0.3, 0.1, -0.1, 0.1, -0.1]), "what they share")
    effect = mixture.effects[0]
    assert effect.random == pytest.approx(0.1)
    assert effect.random_low <= 0.1 <= effect.random_high
    assert mixture.to_json()["effects"][0]["random"] == effect.random


@pytest.mark.parametrize("level", [0.3, -0.3])
def test_luck_is_told_alike_of_gains_and_of_harms(level):
    mixture = recommended([[level, 0, 0], [level - 0.1, 0, 0], [level + 0.1, 0, 0]], noise=0.3)
    (effect,) = mixture.targets
    assert np.sign(effect.predicted) == np.sign(effect.expected) == np.sign(level)
    (said,) = (note for note in mixture.notes if "winner's curse" in note)
    luck = signed(effect.predicted - effect.expected).removeprefix("+")
    assert said == (
        f"expect {signed(effect.expected)} on Jigsaw rather than {signed(effect.predicted)}: being chosen by that "
        f"figure makes it look {luck} better than it is (the winner's curse)"
    )
