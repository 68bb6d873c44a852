"""What must be known of a mixture before it is followed, and where it stands."""

from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from rich.console import Console
from tests.unit.mixture.made_tables import HELPFUL, recommended, settled, shares, table

from spillover.analysis.sampling import sample_transfers
from spillover.analysis.settings import AnalysisSettings
from spillover.core.numbers import signed
from spillover.mixture.caveats import give_caveats
from spillover.mixture.pose import Pose
from spillover.mixture.recommend import recommend_from
from spillover.report.mixture_in_terminal import mixture_in_terminal


def caveats(mixture):
    return mixture.notes[: mixture.caveats]


def sample_of(columns, seed=0, examples=400):
    """Effects of sources on one target by replicate: each source's mean and spread."""
    names = tuple(f"s{place}" for place in range(len(columns)))
    rng = np.random.default_rng(seed)
    mean = np.array([mean for mean, _ in columns])
    replicates = mean + np.array([spread for _, spread in columns]) * rng.standard_normal((examples, len(columns)))
    (made,) = sample_transfers(table(HELPFUL), AnalysisSettings(), replicates=100)
    return replace(
        made,
        sources=names,
        targets=("t",),
        abbreviations={name: name for name in (*names, "t")},
        mean=mean[:, None],
        replicates=replicates[..., None],
        split=None,
        unsampled=(),
    )


def test_that_chance_is_expected_to_do_better_is_said_with_the_price_of_certainty():
    sure_or_wild = sample_of([(0.02, 0.005), (0.2, 0.8), (0.15, 0.9)])
    mixture = recommend_from(sure_or_wild, settled(targets=["t"]))
    (effect,) = mixture.targets
    assert effect.expected < effect.random
    assert effect.random_worst < effect.worst
    (said,) = caveats(mixture)
    assert said == (
        f"a random mixture is expected to do better on t, {signed(effect.random)} rather than "
        f"{signed(effect.expected)}: robust pays for certainty, as it chooses by the worst fifth of cases, where it "
        f"does {signed(effect.worst)} and a random mixture {signed(effect.random_worst)}"
    )
    assert mixture.to_json()["notes"][0] == said


def test_that_what_seems_more_than_chance_is_luck_is_said():
    sample = sample_of([(0.1, 0.1), (0.2, 0.1)])
    asked = settled(targets=["t"], strategy="proportional")
    (effect,) = recommend_from(sample, asked).targets
    assert effect.predicted > effect.random
    lucky = replace(effect, promised=0.1)
    (said,) = give_caveats(sample, Pose.of(sample, asked), [lucky], helps_freely=True, smaller=None)
    assert said == (
        "a random mixture is expected to do better on t, +0.150 rather than +0.100: what its sources seem to do beyond "
        "that is luck"
    )


def test_a_choice_that_is_expected_to_beat_chance_says_nothing_of_it():
    assert not any("random" in said for said in caveats(recommended(HELPFUL, noise=0.01)))
    assert not any("random" in said for said in caveats(recommended(HELPFUL, strategy="random")))


def test_a_budget_that_is_larger_than_what_helps_is_said_with_the_one_that_is_not():
    asked = {"available": {"Jigsaw": 300}, "budget": 1000}
    gains = [[0.36, 0, 0], [-0.1, 0, 0], [-0.2, 0, 0]]
    mixture = recommended(gains, **asked)
    assert shares(mixture) == {"Jigsaw": 0.3, "Counting": 0.7}
    assert caveats(mixture)[0] == (
        "700 of these 1000 examples help nothing as far as is known: they fill the budget, since there is no more of "
        "what helps; --budget 300 takes Jigsaw alone, expected +0.360 on Jigsaw"
    )
    less = recommended(gains, **asked | {"budget": 300})
    assert (shares(less), less.targets[0].expected) == ({"Jigsaw": 1.0}, pytest.approx(0.36))


@pytest.mark.parametrize(
    ("gains", "changes"),
    [
        ([[0.36, 0, 0], [0.1, 0, 0], [-0.2, 0, 0]], {"available": {"Jigsaw": 300}}),  # another helps
        ([[0.36, 0, 0], [-0.1, 0, 0], [-0.2, 0, 0]], {"max_share": 0.5}),  # there is more of what helps
        ([[-0.1, 0, 0], [-0.2, 0, 0], [-0.3, 0, 0]], {"available": {"Jigsaw": 300}}),  # nothing helps
        ([[0.36, 0, -0.3], [-0.1, 0, 0.4], [-0.4, 0, 0]], {"available": {"Jigsaw": 300}, "protected": ["AS"]}),
        ([[0.36, 0, 0], [-0.1, 0, 0], [-0.2, 0, 0]], {"available": {"Jigsaw": 300}, "strategy": "random"}),
    ],
)
def test_a_budget_is_not_called_too_large_for_other_reasons(gains, changes):
    assert not any("fill the budget" in said for said in caveats(recommended(gains, **changes)))


def test_where_seeds_alone_tell_the_noise_that_comes_first_and_no_source_is_called_sure():
    mixture = recommended(HELPFUL, noise=0.01)
    assert caveats(mixture)[0].startswith("the intervals are too narrow: right answers of Jigsaw cannot be counted")
    told = {each.source: each.reason for each in mixture.sources}
    assert told["Jigsaw"].startswith("gains in 100% of replicates of the seeds alone")
    assert not any("nearly every" in reason for reason in told.values())
    (sample,) = sample_transfers(table(HELPFUL, noise=0.01), AnalysisSettings(), replicates=100)
    counted = recommend_from(replace(sample, unsampled=("Counting",)), settled())
    assert Pose.of(sample, settled()).of_seeds
    assert not caveats(counted)
    assert counted.sources[0].reason.startswith("gains in nearly every replicate")


def test_caveats_stand_beside_the_expectation_and_once():
    stream = StringIO()
    mixture = recommended(HELPFUL, noise=0.01)
    Console(file=stream, width=300).print(mixture_in_terminal(mixture))
    lines = [line.strip() for line in stream.getvalue().splitlines()]
    assert lines[1].startswith("expect ")
    assert lines[2] == mixture.notes[0]
    assert sum(mixture.notes[0] in line for line in lines) == 1
