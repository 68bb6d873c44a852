"""Variance shares: the textbook's least squares, and what is left when generic effects are gone."""

from __future__ import annotations

import numpy as np
import pytest

from spillover.analysis import AnalysisSettings, analyze
from spillover.analysis.variance import (
    has_two_ways,
    share_squares_by_target,
    share_variance,
    specific_transfers,
    sum_squares,
)


def residual_square(values: np.ndarray, *designs: np.ndarray) -> float:
    design = np.column_stack([np.ones(len(values)), *designs])
    fitted = design @ np.linalg.lstsq(design, values, rcond=None)[0]
    return float(((values - fitted) ** 2).sum())


def test_sums_of_squares_are_those_of_nested_least_squares_fits():
    rng = np.random.default_rng(0)
    pgf = rng.normal(size=(3, 5, 6))
    cells = rng.random((5, 6)) < 0.8
    cells[np.arange(5), np.arange(5)] = False
    seeds, rows, columns = np.nonzero(np.broadcast_to(cells, pgf.shape))
    values = pgf[seeds, rows, columns]
    targets, sources = np.eye(6)[columns], np.eye(5)[rows]
    pairs = np.eye(30)[rows * 6 + columns]
    steps = [residual_square(values)]
    steps += [residual_square(values, *parts) for parts in ([targets], [targets, sources], [pairs])]
    squares = sum_squares(pgf, cells)
    found = [squares.target, squares.source, squares.interaction, squares.noise]
    assert found == pytest.approx([*(-np.diff(steps)), steps[-1]])


def test_shares_sum_to_one():
    pgf = np.random.default_rng(0).normal(size=(4, 6, 6))
    shares = share_variance(pgf, ~np.eye(6, dtype=bool))
    assert shares is not None
    assert shares.target + shares.source_given_target + shares.interaction + shares.seed_noise == pytest.approx(1)
    assert shares.corrected_target + shares.corrected_source + shares.corrected_interaction == pytest.approx(1)


def test_a_purely_generic_matrix_has_no_specific_part():
    pgf = np.add.outer(np.arange(4.0), 10 * np.arange(4.0))
    assert specific_transfers(pgf, ~np.eye(4, dtype=bool))[~np.eye(4, dtype=bool)] == pytest.approx(0)


def test_the_specific_part_sums_to_zero_over_rows_and_columns():
    cells = ~np.eye(7, dtype=bool)
    specific = specific_transfers(np.random.default_rng(0).normal(size=(7, 7)), cells)
    assert np.nansum(specific, axis=0) == pytest.approx(0)
    assert np.nansum(specific, axis=1) == pytest.approx(0)


def test_one_seed_corrects_nothing():
    shares = share_variance(np.random.default_rng(0).normal(size=(1, 4, 4)), ~np.eye(4, dtype=bool))
    assert shares is not None
    assert np.isnan(shares.seed_noise)
    assert shares.target + shares.source_given_target + shares.interaction == pytest.approx(1)
    assert np.isnan(shares.corrected_target)


def test_no_spread_has_no_shares():
    shares = share_variance(np.zeros((2, 3, 3)), ~np.eye(3, dtype=bool))
    assert shares is not None
    assert np.isnan(shares.target)


def test_what_only_rounding_makes_is_no_spread():
    pgf = 0.3 + np.random.default_rng(0).normal(0, 1e-16, size=(2, 4, 4))
    cells = ~np.eye(4, dtype=bool)
    shares = share_variance(pgf, cells)
    assert shares is not None
    assert np.isnan([shares.target, shares.interaction, shares.seed_noise, shares.corrected_target]).all()
    assert np.isnan(share_squares_by_target(pgf[0], cells)).all()


def test_a_study_in_which_all_transfers_are_alike_says_so(make_cube):
    names, base = tuple("abcd"), np.zeros((1, 4, 30))
    base[..., :10] = 1
    scores = np.zeros((2, 4, 4, 30))
    scores[..., :13] = 1
    findings = analyze(make_cube(scores, base, sources=names, targets=names), AnalysisSettings(permutations=0))
    assert findings.to_json()["models"][0]["variance"]["target"] is None
    assert any("all transfers are alike" in sentence for sentence in findings.sentences)
    assert not any("0% to the source" in sentence for sentence in findings.sentences)


def test_with_one_seed_its_noise_is_said_to_be_in_the_pairs_share(random_cube):
    findings = analyze(random_cube(seeds=1), AnalysisSettings(permutations=0))
    assert findings.to_json()["models"][0]["variance"]["seed_noise"] is None
    assert any("the noise of seeds with it, for there is one seed" in sentence for sentence in findings.sentences)


def test_one_source_has_no_two_ways():
    assert share_variance(np.zeros((2, 1, 3)), np.ones((1, 3), dtype=bool)) is None


def test_one_wild_target_holds_nearly_all_squares():
    pgf = np.random.default_rng(0).normal(size=(5, 5))
    pgf[:, 3] *= 20
    assert share_squares_by_target(pgf, ~np.eye(5, dtype=bool)).argmax() == 3


def test_sampling_of_examples_is_taken_out_of_the_targets_share(make_cube):
    """Where nothing transfers, the base's sampling error alone moves whole columns."""
    rng = np.random.default_rng(3)
    tasks, examples = 8, 60
    names = tuple(f"t{index}" for index in range(tasks))
    scores = (rng.random((4, tasks, tasks, examples)) < 0.5).astype(float)
    base = (rng.random((1, tasks, examples)) < 0.5).astype(float)
    model = analyze(
        make_cube(scores, base, sources=names, targets=names), AnalysisSettings(replicates=500, permutations=0)
    ).models[0]
    spread = model.summary.spread
    assert model.summary.variance is not None
    assert spread is not None
    assert spread.shares is not None
    raw = sum_squares(model.transfers.pgf, model.summary.frame.reference)
    assert raw.without_noise[0] > 3 * abs(raw.without_noise[1])
    described = analyze(make_cube(scores, base, sources=names, targets=names), AnalysisSettings(permutations=0))
    variance = described.to_json()["models"][0]["variance"]
    assert variance["corrected_for_examples"]["target"] < variance["corrected"]["target"]


def test_two_tasks_have_no_pairs_to_tell_from_targets():
    assert not has_two_ways(~np.eye(2, dtype=bool))
    assert has_two_ways(~np.eye(3, dtype=bool))
