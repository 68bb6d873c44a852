"""Cliques of mutual help and mutual harm.

A positive (negative) clique is a set of tasks of which *every ordered pair* transfers positively (negatively). Two
graphs are searched: signs of the seed means, and signs that agree in every seed. Sachdeva et al., CVPR 2026
(arXiv 2511.18787), section on cliques.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import numpy as np

from spillover.analysis.pgf import ZERO, TransferArray
from spillover.analysis.shapes import Cells, ManyCells, Transfers
from spillover.analysis.signed_rank import signed_rank_p

GraphName = Literal["mean", "every_seed"]
SEARCH_LIMIT = 20_000
"""Maximal cliques enumerated at most, a graph."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignGraphs:
    """Which ordered pairs count as an edge of one sign, among the common tasks."""

    tasks: tuple[str, ...]
    positive: bool
    mean: Cells
    every_seed: Cells
    weights: Transfers

    @property
    def cells(self) -> dict[GraphName, Cells]:
        """The two graphs by name."""
        return {"mean": self.mean, "every_seed": self.every_seed}


@dataclass(frozen=True, slots=True, kw_only=True)
class Clique:
    """Tasks that all help, or all harm, each other."""

    tasks: tuple[str, ...]
    weakest: float
    """PGF of the ordered pair nearest to 0."""
    maximal_in: tuple[GraphName, ...]
    descriptive_p: float | None
    """One-sided Wilcoxon over its own pairs: conditioned on having chosen them, so descriptive only."""
    membership: float | None = None
    """Share of bootstrap replicates in which all its pairs keep their sign."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CliqueSearch:
    """All maximal cliques of one sign in both graphs."""

    cliques: tuple[Clique, ...]
    """Largest first, then by the strength of the weakest pair."""
    largest: dict[GraphName, tuple[int, int]]
    """Size and number of the largest cliques of each graph; (0, 0) where no two tasks are joined. Of a graph in `cut`,
    of those that were found."""
    cut: frozenset[GraphName]
    """Graphs with more than `SEARCH_LIMIT` maximal cliques, of which there may be larger ones than were found."""
    truncated: bool
    """Whether the search or the list was cut."""


def sign_graphs(transfers: TransferArray, *, positive: bool, threshold: float, kept: Cells | None = None) -> SignGraphs:
    """Mark the ordered pairs of one sign.

    Args:
        transfers: seed-level PGFs.
        positive: help or harm.
        threshold: smallest |PGF| of the seed mean.
        kept: pairs allowed beside that, such as significant ones.

    Complexity: O(seeds · cells).

    >>> from spillover.analysis.pgf import example_transfers
    >>> sign_graphs(example_transfers(), positive=False, threshold=0.0).mean.tolist()
    [[False, False], [True, False]]
    """
    square = transfers.among_tasks()
    sign = 1.0 if positive else -1.0
    mean = square.mean
    allowed = square.transfer_cells & (np.abs(mean) >= threshold)
    if kept is not None:
        allowed &= kept[: len(square.tasks), : len(square.tasks)]
    return SignGraphs(
        tasks=square.tasks,
        positive=positive,
        mean=allowed & (sign * mean > ZERO),
        every_seed=allowed & (sign * square.pgf > ZERO).all(axis=0),
        weights=mean,
    )


def find_cliques(graphs: SignGraphs, limit: int) -> CliqueSearch:
    """List the maximal cliques of size ≥ 2 of both graphs, each once.

    What helps in every seed helps on average: where the search of the mean's graph is cut, cliques of the other graph
    are grown to maximal ones of the mean's, so that its largest is never said to be smaller.

    Args:
        graphs: ordered pairs of one sign.
        limit: cliques listed at most.

    Complexity: exponential in the worst case, so bounded by `SEARCH_LIMIT` cliques a graph.

    >>> mutual = np.array([[0, 1, 1], [1, 0, 0], [1, 1, 0]], dtype=bool)
    >>> graphs = SignGraphs(tasks=("a", "b", "c"), positive=True, mean=mutual, every_seed=mutual,
    ...                     weights=np.where(mutual, 0.5, -0.1))
    >>> [clique.tasks for clique in find_cliques(graphs, 10).cliques]
    [('a', 'b'), ('a', 'c')]
    """
    found: dict[tuple[int, ...], list[GraphName]] = {}
    largest: dict[GraphName, tuple[int, int]] = {}
    neighbours: dict[GraphName, list[int]] = {
        name: link_neighbours(cells[None])[0] for name, cells in graphs.cells.items()
    }
    listed: dict[GraphName, list[tuple[int, ...]]] = {
        name: list(islice(list_maximal(linked), SEARCH_LIMIT + 1)) for name, linked in neighbours.items()
    }
    cut = frozenset[GraphName](name for name, cliques in listed.items() if len(cliques) > SEARCH_LIMIT)
    if "mean" in cut:
        grown = (_grow(neighbours["mean"], clique) for clique in listed["every_seed"])
        listed["mean"] = list(dict.fromkeys([*listed["mean"], *grown]))
    for name, cliques in listed.items():
        sizes = [len(clique) for clique in cliques if len(clique) >= 2]
        largest[name] = (max(sizes, default=0), sizes.count(max(sizes, default=0)))
        for clique in cliques:
            if len(clique) >= 2:
                found.setdefault(clique, []).append(name)
    weakest = {clique: _weakest(graphs, clique) for clique in found}
    order = sorted(found, key=lambda clique: (-len(clique), -abs(weakest[clique]), clique))
    return CliqueSearch(
        cliques=tuple(_describe(graphs, clique, weakest[clique], found[clique]) for clique in order[:limit]),
        largest=largest,
        cut=cut,
        truncated=bool(cut) or len(order) > limit,
    )


def link_neighbours(graphs: ManyCells) -> list[list[int]]:
    """Write each task's mutual neighbours as the bits of a whole number, for many graphs at once.

    Complexity: O(graphs · tasks²).

    >>> link_neighbours(np.array([[[0, 1], [1, 0]]], dtype=bool))
    [[2, 1]]
    """
    packed = np.packbits(graphs & graphs.swapaxes(-1, -2), axis=-1, bitorder="little")
    return [[int.from_bytes(row, "little") for row in map(bytes, graph)] for graph in packed]


def list_maximal(neighbours: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """List the maximal cliques of a graph, members ascending; a lonely vertex is one of size 1.

    Bron and Kerbosch (CACM 1973) with the pivot of Tomita, Tanaka and Takahashi (2006), on whole numbers as sets.

    Complexity: O(3^(n/3)) cliques in the worst case, so take as many as are wanted.

    >>> sorted(list_maximal([0b110, 0b001, 0b001]))
    [(0, 1), (0, 2)]
    """
    stack = [(0, (1 << len(neighbours)) - 1, 0)]  # the clique so far, what may join it, what was searched already
    while stack:
        clique, candidates, searched = stack.pop()
        if not candidates | searched:
            yield tuple(_bits(clique))
            continue
        pivot = max(_bits(candidates | searched), key=lambda vertex: (candidates & neighbours[vertex]).bit_count())
        for vertex in _bits(candidates & ~neighbours[pivot]):
            linked = neighbours[vertex]
            stack.append((clique | 1 << vertex, candidates & linked, searched & linked))
            candidates ^= 1 << vertex
            searched |= 1 << vertex


def _grow(neighbours: Sequence[int], clique: tuple[int, ...]) -> tuple[int, ...]:
    """Add the first vertex that is joined to all members, until there is none: a maximal clique that holds this one."""
    members, joined = sum(1 << vertex for vertex in clique), (1 << len(neighbours)) - 1
    for vertex in clique:
        joined &= neighbours[vertex]
    while joined:
        lowest = joined & -joined
        members |= lowest
        joined &= neighbours[lowest.bit_length() - 1]
    return tuple(_bits(members))


def _bits(numbers: int) -> list[int]:
    """The members of a set, ascending; sets are small where the search is deep, whatever the number of tasks."""
    places: list[int] = []
    while numbers:
        lowest = numbers & -numbers
        places.append(lowest.bit_length() - 1)
        numbers ^= lowest
    return places


def mark_pairs(members: Sequence[int], shape: tuple[int, ...]) -> Cells:
    """Mark the ordered pairs of a clique in a matrix.

    Complexity: O(tasks²).

    >>> mark_pairs([0, 1], (2, 2)).tolist()
    [[False, True], [True, False]]
    """
    cells = np.zeros(shape, dtype=bool)
    cells[np.ix_(members, members)] = True
    np.fill_diagonal(cells, val=False)
    return cells


def _weakest(graphs: SignGraphs, members: tuple[int, ...]) -> float:
    values = _pair_weights(graphs, members)
    return float(values.min() if graphs.positive else values.max())


def _pair_weights(graphs: SignGraphs, members: tuple[int, ...]) -> np.ndarray:
    return graphs.weights[np.ix_(members, members)][~np.eye(len(members), dtype=bool)]


def _describe(graphs: SignGraphs, members: tuple[int, ...], weakest: float, names: list[GraphName]) -> Clique:
    values = _pair_weights(graphs, members)
    p: float | None = None
    if len(members) > 2:  # with two pairs no test can say anything
        p = signed_rank_p(values, above=graphs.positive)
    tasks = tuple(graphs.tasks[index] for index in members)
    return Clique(tasks=tasks, weakest=weakest, maximal_in=tuple(names), descriptive_p=p)
