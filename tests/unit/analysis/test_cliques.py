"""Cliques, and the test of the largest one."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import networkx as nx
import numpy as np
import pytest
from tests.unit.analysis.made_matrices import transfers_of

from spillover.analysis.clique_size import compare_largest, has_clique, permute_columns
from spillover.analysis.cliques import SignGraphs, find_cliques, link_neighbours, list_maximal, sign_graphs


def graphs(mutual: np.ndarray) -> SignGraphs:
    names = tuple(f"t{index}" for index in range(len(mutual)))
    return SignGraphs(tasks=names, positive=True, mean=mutual, every_seed=mutual, weights=np.where(mutual, 0.1, -0.1))


def list_all(cells: np.ndarray) -> list[tuple[int, ...]]:
    return list(list_maximal(link_neighbours(cells[None])[0]))


def test_one_graph_finds_what_the_other_misses():
    pgf = np.full((2, 3, 3), 0.2)
    pgf[1, 0, 1] = -0.1  # positive on average, not in every seed
    found = find_cliques(sign_graphs(transfers_of(pgf), positive=True, threshold=0.0), 10)
    assert [(clique.tasks, clique.maximal_in) for clique in found.cliques] == [
        (("t0", "t1", "t2"), ("mean",)),
        (("t0", "t2"), ("every_seed",)),
        (("t1", "t2"), ("every_seed",)),
    ]
    assert found.largest == {"mean": (3, 1), "every_seed": (2, 2)}


def test_the_weakest_pair_is_the_one_nearest_to_zero():
    pgf = np.full((2, 3, 3), -0.3)
    pgf[:, 2, 0] = -0.05
    found = find_cliques(sign_graphs(transfers_of(pgf), positive=False, threshold=0.0), 10)
    assert found.cliques[0].weakest == pytest.approx(-0.05)


def test_a_threshold_cuts_edges():
    pgf = np.full((2, 3, 3), 0.2)
    pgf[:, 2, 0] = 0.05
    found = find_cliques(sign_graphs(transfers_of(pgf), positive=True, threshold=0.1), 10)
    assert found.largest["mean"] == (2, 2)


def test_exact_zeros_and_undefined_cells_are_no_edges():
    pgf = np.full((2, 3, 3), 0.2)
    pgf[:, 0, 1] = 0.0
    pgf[:, 1, 2] = np.nan
    assert find_cliques(sign_graphs(transfers_of(pgf), positive=True, threshold=0.0), 10).largest["mean"] == (2, 1)


def test_the_list_is_cut_and_says_so():
    found = find_cliques(graphs(np.kron(np.eye(6), np.ones((2, 2))).astype(bool) & ~np.eye(12, dtype=bool)), 4)
    assert len(found.cliques) == 4
    assert found.truncated


def test_a_search_that_is_cut_says_so_and_no_largest_is_smaller_than_in_every_seed(monkeypatch):
    rng = np.random.default_rng(0)
    mean = rng.random((30, 30)) < 0.9
    np.fill_diagonal(mean, val=False)
    every_seed = mean & (rng.random(mean.shape) < 0.5)
    every_seed[:8, :8] = mean[:8, :8] = ~np.eye(8, dtype=bool)
    some = replace(graphs(mean), every_seed=every_seed)
    monkeypatch.setattr("spillover.analysis.cliques.SEARCH_LIMIT", len(list_all(every_seed)))
    found = find_cliques(some, 1)
    assert found.cut == {"mean"}
    assert found.truncated
    assert found.largest["mean"][0] >= found.largest["every_seed"][0]
    (best,) = found.cliques
    assert len(best.tasks) == found.largest["mean"][0]
    assert "mean" in best.maximal_in
    listed = find_cliques(some, 10_000).cliques
    places = {tuple(some.tasks.index(task) for task in each.tasks) for each in listed if "mean" in each.maximal_in}
    assert places < set(list_all(mean))
    assert all(any(set(each) <= set(other) for other in places) for each in list_all(every_seed))


def test_the_maximal_cliques_are_networkxs():
    rng = np.random.default_rng(1)
    for count in (0, 1, 5, 13, 40):
        cells = rng.random((count, count)) < rng.uniform(0.3, 0.9)
        np.fill_diagonal(cells, val=False)
        theirs = nx.find_cliques(nx.from_numpy_array((cells & cells.T).astype(int)))
        ours = list_all(cells) if count else []
        assert sorted(ours) == sorted(tuple(sorted(clique)) for clique in theirs)


def test_the_decision_agrees_with_networkx():
    rng = np.random.default_rng(0)
    for _ in range(30):
        cells = rng.random((14, 14)) < rng.uniform(0.3, 0.95)
        np.fill_diagonal(cells, val=False)
        size = max(len(clique) for clique in nx.find_cliques(nx.from_numpy_array((cells & cells.T).astype(int))))
        assert has_clique(link_neighbours(cells[None])[0], size) is True
        assert has_clique(link_neighbours(cells[None])[0], size + 1) is False


def test_a_search_out_of_budget_says_that_it_does_not_know():
    cells = np.random.default_rng(0).random((60, 60)) < 0.9
    assert has_clique(link_neighbours((cells & ~np.eye(60, dtype=bool))[None])[0], 16, budget=1) is None


def test_a_permutation_keeps_every_columns_values_and_the_diagonal():
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(6, 6))
    first, second = np.take_along_axis(matrix[None], permute_columns(6, 2, rng), axis=1)
    assert not np.array_equal(first, second)
    shuffled = first
    assert np.array_equal(np.diag(shuffled), np.diag(matrix))
    assert np.array_equal(np.sort(shuffled, axis=0), np.sort(matrix, axis=0))
    assert not np.array_equal(shuffled, matrix)


def test_columns_alone_make_cliques_that_are_no_surprise():
    cells = np.zeros((10, 10), dtype=bool)
    cells[:, :4] = True
    np.fill_diagonal(cells, val=False)
    found = find_cliques(graphs(cells), 10)
    assert found.largest["mean"][0] == 4
    assert compare_largest(graphs(cells), found, 99, np.random.default_rng(0))["mean"].p == 1.0


def test_a_planted_clique_is_a_surprise():
    cells = np.zeros((12, 12), dtype=bool)
    for one, other in combinations(range(5), 2):
        cells[one, other] = cells[other, one] = True
    found = find_cliques(graphs(cells), 10)
    p = compare_largest(graphs(cells), found, 199, np.random.default_rng(0))["mean"].p
    assert p is not None
    assert p < 0.02


def test_no_joined_pair_is_not_tested():
    empty = graphs(np.zeros((3, 3), dtype=bool))
    largest = compare_largest(empty, find_cliques(empty, 5), 10, np.random.default_rng(0))["mean"]
    assert (largest.size, largest.p) == (0, None)


def test_very_many_tasks_get_fewer_permutations_and_the_result_says_how_many(monkeypatch):
    monkeypatch.setattr("spillover.analysis.clique_size.PERMUTED", 1)
    monkeypatch.setattr("spillover.analysis.clique_size.DRAWN_TOGETHER", 40)
    some = graphs(np.array([[False, True, True], [True, False, True], [True, True, False]]))
    found = compare_largest(some, find_cliques(some, 10), 1000, np.random.default_rng(0))
    assert (found["mean"].permutations, found["mean"].p) == (99, 1.0)
