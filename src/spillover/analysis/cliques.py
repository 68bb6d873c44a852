"""Cliques of mutual help and mutual harm.

A positive (negative) clique is a set of tasks of which *every ordered pair* transfers positively (negatively). Two
graphs are searched: signs of the seed means, and signs that agree in every seed. Sachdeva et al., CVPR 2026
(arXiv 2511.18787), section on cliques.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import networkx as nx
import numpy as np

from spillover.analysis.pgf import ZERO, TransferArray
from spillover.analysis.shapes import Cells, Transfers
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
    """Size and number of the largest cliques of each graph; (0, 0) where no two tasks are joined."""
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
    truncated = False
    for name, cells in graphs.cells.items():
        listed = [tuple(sorted(clique)) for clique in islice(nx.find_cliques(join_mutual(cells)), SEARCH_LIMIT + 1)]
        truncated |= len(listed) > SEARCH_LIMIT
        sizes = [len(clique) for clique in listed if len(clique) >= 2]
        largest[name] = (max(sizes, default=0), sizes.count(max(sizes, default=0)))
        for clique in listed:
            if len(clique) >= 2:
                found.setdefault(clique, []).append(name)
    weakest = {clique: _weakest(graphs, clique) for clique in found}
    order = sorted(found, key=lambda clique: (-len(clique), -abs(weakest[clique]), clique))
    return CliqueSearch(
        cliques=tuple(_describe(graphs, clique, weakest[clique], found[clique]) for clique in order[:limit]),
        largest=largest,
        truncated=truncated or len(order) > limit,
    )


def join_mutual(cells: Cells) -> nx.Graph:
    """Join the tasks that are marked in both directions.

    Complexity: O(tasks²).

    >>> join_mutual(np.array([[0, 1], [1, 0]], dtype=bool)).number_of_edges()
    1
    """
    graph: nx.Graph = nx.Graph()
    graph.add_nodes_from(range(len(cells)))
    graph.add_edges_from((one, other) for one, other in np.argwhere(np.triu(cells & cells.T, 1)).tolist())
    return graph


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
