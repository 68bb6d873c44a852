"""Is the largest clique larger than chance makes it?

Columns alone make cliques: if any finetune helps some targets, those targets help each other. So the test permutes the
sources within each target's column, which keeps the column's values, and asks how often the largest clique is as large.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spillover.analysis.cliques import CliqueSearch, GraphName, SignGraphs, link_neighbours

AT_ONCE = 250
"""Permutations that are drawn together; fewer where a matrix is so large that they would fill memory."""
DRAWN_TOGETHER = 10_000_000
"""Cells of them at most."""
PERMUTED = 100_000_000
"""Cells of all permutations at most: very many tasks get fewer, though never fewer than `FEWEST_PERMUTATIONS`."""
FEWEST_PERMUTATIONS = 99
"""With them p can still be 0.01."""
STEP_BUDGET = 400
"""Branches searched in one permuted graph at most; beyond, its largest clique counts as large enough (conservative)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LargestClique:
    """The largest cliques of one sign in one graph, and how surprising their size is."""

    size: int
    """0 where no two tasks are joined."""
    count: int
    """Maximal cliques of that size."""
    cut: bool
    """Whether the search was cut at `SEARCH_LIMIT` cliques: there may be larger ones, and others of that size."""
    p: float | None
    """Share of permutations whose largest clique is at least as large; None where not tested."""
    permutations: int
    unfinished: int
    """Permutations whose search ran out of budget and that were counted as at least as large."""


def compare_largest(
    graphs: SignGraphs, search: CliqueSearch, permutations: int, rng: np.random.Generator
) -> dict[GraphName, LargestClique]:
    """Compare the largest clique of each graph with those of permuted columns.

    Args:
        graphs: ordered pairs of one sign.
        search: the cliques found in them.
        permutations: how many; fewer are drawn of very many tasks, and the result says how many.
        rng: source of the permutations.

    Complexity: O(permutations · tasks²), and as many bounded searches.

    >>> pairs = np.array([[0, 1], [1, 0]], dtype=bool)
    >>> graphs = SignGraphs(tasks=("a", "b"), positive=True, mean=pairs, every_seed=pairs, weights=pairs * 0.1)
    >>> largest = {"mean": (2, 1), "every_seed": (2, 1)}
    >>> search = CliqueSearch(cliques=(), largest=largest, cut=frozenset(), truncated=False)
    >>> compare_largest(graphs, search, 9, np.random.default_rng(0))["mean"].p
    1.0
    """
    tasks = max(len(graphs.tasks), 1)
    permutations = min(permutations, max(PERMUTED // tasks**2, FEWEST_PERMUTATIONS))
    together = max(min(AT_ONCE, DRAWN_TOGETHER // tasks**2), 1)
    tested: list[GraphName] = [name for name, (size, _) in search.largest.items() if size >= 2 and permutations]
    answers: dict[GraphName, list[bool | None]] = {name: [] for name in tested}
    for start in range(0, permutations if tested else 0, together):
        orders = permute_columns(len(graphs.tasks), min(together, permutations - start), rng)
        for name in tested:
            shuffled = np.take_along_axis(graphs.cells[name][None], orders, axis=1)
            answers[name] += [has_clique(linked, search.largest[name][0]) for linked in link_neighbours(shuffled)]
    return {
        name: LargestClique(
            size=size,
            count=count,
            cut=name in search.cut,
            p=(1 + sum(found is not False for found in answers[name])) / (1 + permutations) if name in tested else None,
            permutations=permutations,
            unfinished=answers.get(name, []).count(None),
        )
        for name, (size, count) in search.largest.items()
    }


def permute_columns(count: int, times: int, rng: np.random.Generator) -> np.ndarray:
    """Draw permutations of the sources for every column, the diagonal left in place.

    Returns:
        Row indices, shape times × count × count, for `np.take_along_axis(matrix[None], indices, axis=1)`.

    Complexity: O(times · count²).

    >>> np.diag(permute_columns(4, 1, np.random.default_rng(0))[0]).tolist()
    [0, 1, 2, 3]
    """
    columns = np.arange(count)
    others = columns[:-1, None]
    rows = np.tile(others + (others >= columns), (times, 1, 1))  # the rows of each column that are not its own
    order = np.tile(columns, (times, count, 1))
    np.put_along_axis(order, rows, rng.permuted(rows, axis=1), axis=1)
    return order


def has_clique(neighbours: Sequence[int], size: int, budget: int = STEP_BUDGET) -> bool | None:
    """Decide whether a graph has a clique of a size, by branch and bound with greedy colouring.

    A set that can be coloured with c colours holds no clique above c (Tomita and Seki, DMTCS 2003).

    Returns:
        None where the budget ran out before it was decided.

    Complexity: exponential in the worst case, at most `budget` branches.

    >>> triangle = [0b110, 0b101, 0b011]
    >>> has_clique(triangle, 3), has_clique(triangle, 4)
    (True, False)
    """
    strangers = [~(links | 1 << vertex) for vertex, links in enumerate(neighbours)]
    stack = [(_prune(neighbours, (1 << len(neighbours)) - 1, size - 1), size)]
    while stack:
        candidates, wanted = stack.pop()
        if candidates.bit_count() < wanted:
            continue
        if wanted <= 1:
            return True
        budget -= 1
        if budget < 0:
            return None
        branches: list[tuple[int, int]] = []
        for vertex in _must_start(strangers, candidates, wanted):
            branches.append((candidates & neighbours[vertex], wanted - 1))
            candidates ^= 1 << vertex
        stack.extend(reversed(branches))  # the branch with the most candidates is the likeliest to hold a clique
    return False


def _prune(neighbours: Sequence[int], candidates: int, degree: int) -> int:
    """Drop vertices with fewer neighbours than a clique needs, until none is left to drop."""
    while True:
        kept = candidates
        for vertex in range(len(neighbours)):
            if kept >> vertex & 1 and (neighbours[vertex] & kept).bit_count() < degree:
                kept ^= 1 << vertex
        if kept == candidates:
            return kept
        candidates = kept


def _must_start(strangers: Sequence[int], candidates: int, wanted: int) -> list[int]:
    """Colour greedily, and list the vertices beyond the first `wanted − 1` colours: every such clique holds one."""
    for _ in range(wanted - 1):
        free = candidates
        while free:
            lowest = free & -free
            candidates ^= lowest
            free &= strangers[lowest.bit_length() - 1]
    return [vertex for vertex in range(candidates.bit_length()) if candidates >> vertex & 1]
