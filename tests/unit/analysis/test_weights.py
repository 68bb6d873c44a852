"""Similarity of LoRA updates, without ever forming one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from spillover.analysis.pgf import TransferArray
from spillover.analysis.weights import WeightSimilarity, compare_updates, correlate_weights, relate_weights
from spillover.core.errors import AnalysisError


def adapter(seed: int, layers: int = 3) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(seed)
    return {f"layer {index}": (rng.normal(size=(4, 30)), rng.normal(size=(20, 4))) for index in range(layers)}


def flat(update: dict[str, tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    return np.concatenate([(b @ a).ravel() for a, b in update.values()])


def test_cosines_are_those_of_the_full_updates():
    adapters = {"x": [adapter(0)], "y": [adapter(1)], "z": [adapter(2)]}
    updates = np.stack([flat(adapter(seed)) for seed in range(3)])
    unit = updates / np.linalg.norm(updates, axis=1, keepdims=True)
    assert compare_updates(adapters) == pytest.approx(unit @ unit.T)


def test_the_diagonal_compares_different_seeds_of_a_task():
    similarity = compare_updates({"x": [adapter(0), adapter(1)], "y": [adapter(2)]})
    assert similarity[0, 0] == pytest.approx(
        flat(adapter(0)) @ flat(adapter(1)) / np.linalg.norm(flat(adapter(0))) / np.linalg.norm(flat(adapter(1)))
    )
    assert similarity[1, 1] == 1


def test_scaling_an_update_changes_nothing():
    scaled = {layer: (3 * a, b) for layer, (a, b) in adapter(0).items()}
    assert compare_updates({"x": [adapter(0)], "y": [scaled]})[0, 1] == pytest.approx(1)


def test_a_layer_of_one_adapter_only_adds_length_but_no_likeness():
    longer = {**adapter(0), "other": adapter(1)["layer 0"]}
    norms = [np.linalg.norm(flat(each)) for each in (adapter(0), longer)]
    similarity = compare_updates({"x": [adapter(0)], "y": [longer]})
    assert similarity[0, 1] == pytest.approx(norms[0] / norms[1])


def test_ranks_may_differ_between_adapters():
    thin = {layer: (a[:1], b[:, :1]) for layer, (a, b) in adapter(1).items()}
    expected = flat(adapter(0)) @ flat(thin) / np.linalg.norm(flat(adapter(0))) / np.linalg.norm(flat(thin))
    assert compare_updates({"x": [adapter(0)], "y": [thin]})[0, 1] == pytest.approx(expected)


def test_an_untrained_adapter_has_no_direction():
    zero = {layer: (a, 0 * b) for layer, (a, b) in adapter(1).items()}
    similarity = compare_updates({"x": [adapter(0)], "y": [zero], "z": [adapter(2)]})
    assert np.isnan(similarity[1]).all()
    assert np.isfinite(similarity[0, 2])


def test_other_shapes_and_no_adapter_are_errors():
    with pytest.raises(AnalysisError, match="has shapes 3×2 and 3×4"):
        compare_updates(
            {"x": [{"l": (np.ones((1, 2)), np.ones((3, 1)))}], "y": [{"l": (np.ones((1, 4)), np.ones((3, 1)))}]}
        )
    with pytest.raises(AnalysisError, match="no adapter of y"):
        compare_updates({"x": [adapter(0)], "y": []})


def test_similarity_meets_pgf_by_name_not_by_place():
    rng = np.random.default_rng(0)
    names = ("a", "b", "c", "d")
    pgf = rng.normal(size=(1, 4, 4))
    transfers = TransferArray(
        model="m", protocol="letters", sources=names, targets=names, seeds=(0,), pgf=pgf, points=pgf
    )
    order = [2, 0, 3, 1]
    cosine = pgf[0][np.ix_(order, order)]
    similarity = WeightSimilarity(sources=tuple(names[place] for place in order), cosine=cosine)
    found = relate_weights(similarity, transfers, permutations=9, rng=rng)
    assert (found.rho, found.pairs) == (pytest.approx(1), 12)


def test_the_rank_correlation_is_spearmans():
    rng = np.random.default_rng(0)
    similarity = rng.normal(size=(8, 8))
    similarity = similarity + similarity.T
    pgf = similarity + rng.normal(size=(8, 8))
    cells = ~np.eye(8, dtype=bool)
    found = correlate_weights(similarity, pgf, cells, permutations=199, rng=rng)
    assert found.rho == pytest.approx(stats.spearmanr(similarity[cells], pgf[cells]).statistic)
    assert found.p < 0.05
    assert found.pairs == 56


def test_noise_of_floats_breaks_no_ties():
    rng = np.random.default_rng(3)
    half = rng.normal(size=(6, 6))
    symmetric, pgf = half + half.T, rng.integers(-3, 4, (6, 6)) / 7
    noisy = symmetric + rng.normal(scale=1e-15, size=(6, 6))
    others = ~np.eye(6, dtype=bool)
    found = correlate_weights(
        noisy, pgf + rng.normal(scale=1e-15, size=(6, 6)), others, permutations=9, rng=np.random.default_rng(0)
    )
    assert found.rho == pytest.approx(stats.spearmanr(symmetric[others], pgf[others]).statistic, abs=1e-12)


def test_what_is_compared_is_exactly_symmetric():
    cosine = compare_updates(
        {name: [adapter(3 * place + seed) for seed in range(3)] for place, name in enumerate("abcde")}
    )
    assert np.array_equal(cosine, cosine.T)


def test_a_hole_makes_no_correlation_out_of_chance():
    rejected = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        first, second = rng.normal(size=(2, 7, 7))
        first[:, 0] = np.nan  # a target on which the first model's base leaves no gap
        cells = np.isfinite(first)
        rejected += correlate_weights(first, second, cells, permutations=39, rng=rng).p <= 0.05
    assert rejected <= 11, "5 % of 100, and three standard errors"


def test_nothing_to_rank_is_undefined():
    found = correlate_weights(
        np.ones((3, 3)), np.eye(3), np.ones((3, 3), dtype=bool), permutations=9, rng=np.random.default_rng(0)
    )
    assert np.isnan(found.rho)
