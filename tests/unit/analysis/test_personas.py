"""Personas: the paper's test as scipy does it, and tests that know what is independent."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from spillover.analysis import AnalysisSettings, analyze
from spillover.analysis.discoveries import adjust_p
from spillover.analysis.nested import infer_column
from spillover.analysis.personas import Personas, find_consistent
from spillover.analysis.signed_rank import signed_rank_p


@pytest.mark.parametrize("count", [1, 5, 25, 26, 60])
@pytest.mark.parametrize("above", [True, False])
def test_the_signed_rank_test_is_scipys(count, above):
    rng = np.random.default_rng(count)
    values = rng.normal(0.2, 1, count)
    side = "greater" if above else "less"
    method = "exact" if count <= 25 else "asymptotic"
    expected = stats.wilcoxon(values, alternative=side, method=method, correction=False).pvalue
    assert signed_rank_p(values, above=above) == pytest.approx(expected)


def test_ties_and_zeros_are_scipys_too():
    values = np.array([0.5, 0.5, -0.5, 0.25, -0.25, 0, 0, 1.0, 0.75, 0.5])
    expected = stats.wilcoxon(
        values, alternative="greater", zero_method="wilcox", method="asymptotic", correction=False
    ).pvalue
    assert signed_rank_p(values, above=True) == pytest.approx(expected)


def test_only_zeros_are_no_evidence():
    assert signed_rank_p(np.array([0.0, 1e-16, np.nan]), above=True) == 1.0


@pytest.mark.parametrize("dependent", [False, True])
def test_adjusted_p_are_scipys(dependent):
    p = np.random.default_rng(0).random(40) ** 2
    expected = stats.false_discovery_control(p, method="by" if dependent else "bh")
    assert adjust_p(p, np.ones(40, dtype=bool), dependent=dependent) == pytest.approx(expected)


def test_an_empty_family_is_no_error():
    assert np.isnan(adjust_p(np.array([np.nan, 0.1]), np.array([True, False]))).all()


def test_the_column_test_with_one_seed_and_source_is_a_t_test():
    difference = np.random.default_rng(0).normal(0.1, 1, size=(1, 1, 50))
    assert infer_column(difference) == pytest.approx(
        stats.ttest_1samp(difference.ravel(), 0, alternative="greater").pvalue
    )


def test_the_column_test_sees_a_shift_and_only_its_side():
    rng = np.random.default_rng(0)
    shift = rng.normal(0.4, 0.5, size=(3, 4, 60))
    assert infer_column(shift) < 0.001
    assert infer_column(-shift) > 0.999


def test_a_target_moved_by_any_finetune_is_a_sponge(make_cube):
    rng = np.random.default_rng(0)
    names = tuple(f"t{index}" for index in range(6))
    base = (rng.random((1, 6, 100)) < 0.5).astype(float)
    scores = np.repeat(np.repeat(base[:, None], 6, axis=1), 3, axis=0)
    flips = rng.random((3, 6, 6, 100)) < 0.1
    scores = np.where(flips, 1 - scores, scores)
    gained = (rng.random((3, 6, 100)) < 0.5) & (base[:, None, 2] == 0)
    scores[:, :, 2] = np.where(gained, 1.0, scores[:, :, 2])
    personas = (
        analyze(make_cube(scores, base, sources=names, targets=names), AnalysisSettings(replicates=0, permutations=0))
        .models[0]
        .personas
    )
    assert personas.calibrated.sponge == ("t2",)
    assert personas.calibrated.donor == ()
    assert personas.columns_tested


def test_consistent_personas_hold_everywhere():
    one = Personas(donor=("a", "b"), pirate=("c",), sponge=(), sieve=())
    other = Personas(donor=("b",), pirate=(), sponge=("d",), sieve=())
    assert find_consistent([one, other]) == Personas(donor=("b",), pirate=(), sponge=(), sieve=())
