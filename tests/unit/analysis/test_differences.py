"""What changed between two models."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from spillover.analysis import AnalysisSettings, analyze
from spillover.analysis.differences import describe_difference, difference_of, differences_of
from spillover.core.published import PGFRow, PGFTable

NAMES = ["a", "b", "c", "d", "e"]


def made(model, seed=0, shift=0.0, names=NAMES):
    rng = np.random.default_rng(seed)
    rows = tuple(
        PGFRow(seed=k, source=source, target=target, pgf=round(37 * (shift + float(rng.normal(0, 0.1)))) / 37)
        for k in (0, 1, 2, 3)
        for source in names
        for target in names
    )
    return PGFTable(model=model, rows=rows, examples=dict.fromkeys(names, 100), origin="made up")


@pytest.fixture(scope="module")
def findings():
    return analyze([made("7B", 1, 0.6), made("3B")])


def test_the_smaller_is_subtracted_from_the_larger(findings):
    (difference,) = differences_of(findings)
    larger, smaller = findings.models
    assert (difference.first, difference.second) == ("3B", "7B")
    assert difference.matrix.value("a", "b") == larger.matrix.value("a", "b") - smaller.matrix.value("a", "b")
    assert difference.mean == pytest.approx(larger.summary.mean - smaller.summary.mean)
    assert difference.mean_low < difference.mean < difference.mean_high


def test_turning_it_round_turns_the_sign(findings):
    there, back = (difference_of(*pair, 0.95) for pair in (findings.models, findings.models[::-1]))
    assert np.array_equal(there.matrix.values, -back.matrix.values)
    assert np.array_equal(there.low, -back.high)
    assert there.rank.rho == pytest.approx(back.rank.rho)
    assert len(there.flips) == len(back.flips)


def test_signs_that_flip_are_named_with_both_values(findings):
    (difference,) = differences_of(findings)
    larger, smaller = findings.models
    expected = {
        (source, target)
        for source in NAMES
        for target in NAMES
        if source != target and larger.matrix.value(source, target) * smaller.matrix.value(source, target) < 0
    }
    assert {(flip.source, flip.target) for flip in difference.flips} == expected
    sizes = [abs(flip.second - flip.first) for flip in difference.flips]
    assert sizes == sorted(sizes, reverse=True)


def test_the_same_findings_do_not_differ(findings):
    model = findings.models[0]
    same = difference_of(model, model, 0.95)
    assert same.mean == 0
    assert same.flips == ()
    assert same.rank.rho == pytest.approx(1)
    assert np.nanmin(same.q) == 1


def test_equal_models_are_seldom_told_apart():
    """Under no difference at all, discoveries are at the stated rate: in 20 pairs of studies hardly one."""
    settings = AnalysisSettings(replicates=200, permutations=0)
    found = 0
    for seed in range(20):
        (difference,) = differences_of(analyze([made("3B", 2 * seed), made("7B", 2 * seed + 1)], settings))
        found += bool((np.nan_to_num(difference.q, nan=1.0) <= 0.05).any())
    assert found <= 4  # 5 % of 20 are 1; more than 4 come by chance in 1 of 390 such tests


def test_a_large_change_is_found(findings):
    (difference,) = differences_of(findings)
    assert (difference.q[difference.cells] <= 0.05).mean() > 0.5


def test_only_what_both_have_is_compared():
    (difference,) = differences_of(analyze([made("3B"), made("7B", 1, names=["b", "a", "x"])]))
    assert difference.matrix.sources == ("a", "b")
    assert difference.cells.sum() == 2
    assert np.isnan(difference.mean_low), "the two means are over other cells, too"


def test_without_replicates_nothing_is_tested():
    settings = AnalysisSettings(replicates=0, permutations=0)
    (difference,) = differences_of(analyze([made("3B"), made("7B", 1)], settings))
    assert np.isnan(difference.q).all()
    assert np.isnan(difference.low).all()


def test_it_is_plain_json(findings):
    (difference,) = differences_of(findings)
    told = json.loads(json.dumps(describe_difference(difference), allow_nan=False))
    assert told["pgf"][0][1] == difference.matrix.value("a", "b")
    assert told["rank_correlation"]["pairs"] == 20
    assert describe_difference(replace(difference, mean=float("nan")))["mean_off_diagonal"] is None
