"""Similarity of LoRA updates, without ever forming one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from spillover.analysis.weights import compare_updates, correlate_weights, multiply_updates
from spillover.core.errors import AnalysisError


def adapter(seed: int, layers: int = 3) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(seed)
    return {f"layer {index}": (rng.normal(size=(4, 30)), rng.normal(size=(20, 4))) for index in range(layers)}


def flat(update: dict[str, tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    return np.concatenate([(b @ a).ravel() for a, b in update.values()])


def test_the_inner_product_is_that_of_the_full_updates():
    one, other = adapter(0), adapter(1)
    assert multiply_updates(one, other) == pytest.approx(flat(one) @ flat(other))


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


def test_a_layer_of_one_adapter_only_adds_nothing():
    assert multiply_updates(adapter(0), {"other": adapter(0)["layer 0"]}) == 0


def test_other_shapes_a_zero_update_and_no_adapter_are_errors():
    with pytest.raises(AnalysisError, match="has shapes"):
        multiply_updates({"l": (np.ones((1, 2)), np.ones((3, 1)))}, {"l": (np.ones((1, 4)), np.ones((3, 1)))})
    with pytest.raises(AnalysisError, match="update of y is zero"):
        compare_updates({"x": [adapter(0)], "y": [{"l": (np.zeros((1, 2)), np.ones((3, 1)))}]})
    with pytest.raises(AnalysisError, match="no adapter of y"):
        compare_updates({"x": [adapter(0)], "y": []})


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


def test_nothing_to_rank_is_undefined():
    found = correlate_weights(
        np.ones((3, 3)), np.eye(3), np.ones((3, 3), dtype=bool), permutations=9, rng=np.random.default_rng(0)
    )
    assert np.isnan(found.rho)
