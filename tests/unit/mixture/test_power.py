"""What a verifying study is expected to find is what such studies do find."""

from dataclasses import replace

import numpy as np
import pytest
from tests.unit.analysis.made_mixtures import TARGETS, mixture_cube

from spillover.analysis.context import example_context
from spillover.analysis.sampling import sample_transfers
from spillover.analysis.settings import AnalysisSettings, VerificationSettings
from spillover.analysis.verdict import judge_mixture
from spillover.mixture.power import describe_power, find_smallest_differences
from spillover.mixture.settings import MixtureSettings

SPREAD = 0.03
"""Of what sources do, and random mixtures, accuracy points."""


def found(random_mixtures, *, targets=TARGETS, examples=300, seeds=4):
    rng = np.random.default_rng(0)
    effects = dict(zip("abcdefghijkl", SPREAD * rng.standard_normal(12), strict=True))
    cube = mixture_cube(rng, effects, examples=examples, seeds=seeds, seed_spread=0.01)
    (sample,) = sample_transfers(cube, AnalysisSettings(), replicates=300)
    return find_smallest_differences(sample, MixtureSettings(targets=targets), random_mixtures)


@pytest.mark.parametrize("random_mixtures", [4, 8])
def test_a_difference_of_that_size_is_found_about_four_times_in_five(random_mixtures):
    expected = found(random_mixtures)
    rng = np.random.default_rng(1)
    names = tuple(f"random-{number}" for number in range(random_mixtures))
    asked = VerificationSettings(targets=TARGETS, chosen="chosen", random=names, direct="direct")
    told = {"random": 0, "direct": 0}
    for _ in range(100):
        spread = dict(zip(names, SPREAD * rng.standard_normal(random_mixtures), strict=True))
        for rival, size in (("random", expected.from_random), ("direct", expected.from_source)):
            effects = {"chosen": size / 2, "direct": 0.0, **spread}  # of a gap of a half
            cube = mixture_cube(rng, effects, examples=300, seeds=4, seed_spread=0.01)
            verdict = judge_mixture(cube, asked, example_context())
            told[rival] += {each.rival: each.outcome for each in verdict.contrasts}[rival] == "better"
    assert all(60 <= count <= 97 for count in told.values()), told


def test_more_mixtures_examples_and_targets_find_smaller_differences():
    assert found(8).from_random < found(4).from_random
    assert found(4, examples=1000).from_source < 0.7 * found(4).from_source
    assert found(4).from_source < 0.85 * found(4, targets=TARGETS[:1]).from_source


def test_without_noise_nothing_is_promised():
    cube = mixture_cube(np.random.default_rng(0), {"a": 0.1, "b": 0.0})
    (sample,) = sample_transfers(cube, AnalysisSettings(), replicates=100)
    still = replace(sample, replicates=np.broadcast_to(sample.mean, sample.replicates.shape))
    nothing = find_smallest_differences(still, MixtureSettings(targets=TARGETS), 4)
    assert nothing is None
    assert "cannot be told" in describe_power(nothing, 4)
