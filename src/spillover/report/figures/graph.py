"""The transfer graph as it is drawn: where the tasks stand, which edges there are, and how many to show at first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spillover.analysis import ModelFindings
from spillover.report.figures.matrix import cluster_tasks, levels_of

FIRST_EDGES = 2.5
"""Edges a task that are shown at first: more of them cannot be told apart by eye."""
MOST_EDGES = 1500
"""Edges that the page holds, the strongest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A task and where it stands in the unit square, y growing downwards."""

    name: str
    short: str
    level: str | None
    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A transfer from one task to another."""

    source: str
    target: str
    pgf: float
    q: float
    """NaN where it was not tested."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferGraph:
    """Tasks on a circle, those which transfer alike beside each other, so that the layout never changes by itself."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    """The strongest first."""
    left_out: int
    """Weaker edges beyond `MOST_EDGES`."""
    threshold: float
    """The magnitude of PGF from which edges are shown at first."""
    strongest: float


def graph_of(model: ModelFindings) -> TransferGraph:
    """Lay out the transfers between different tasks.

    Complexity: O(tasks³) for the order of the tasks.
    """
    matrix, q, levels = model.matrix, model.cells.q, levels_of(model)
    names = cluster_tasks(matrix)
    angles = 2 * np.pi * np.arange(len(names)) / len(names) - np.pi / 2
    nodes = tuple(
        Node(
            name=name,
            short=matrix.abbreviations.get(name, name),
            level=levels.get(name),
            x=float(0.5 + 0.5 * np.cos(angle)),
            y=float(0.5 + 0.5 * np.sin(angle)),
        )
        for name, angle in zip(names, angles, strict=True)
    )
    places = np.argwhere(model.summary.frame.transfer & (np.nan_to_num(matrix.values) != 0)).tolist()
    places.sort(key=lambda place: -abs(matrix.values[tuple(place)]))
    edges = tuple(
        Edge(
            source=matrix.sources[row],
            target=matrix.targets[column],
            pgf=float(matrix.values[row, column]),
            q=float(q[row, column]),
        )
        for row, column in places[:MOST_EDGES]
    )
    shown = min(round(FIRST_EDGES * len(names)), len(edges))
    return TransferGraph(
        nodes=nodes,
        edges=edges,
        left_out=len(places) - len(edges),
        threshold=abs(edges[shown - 1].pgf) if shown else 0.0,
        strongest=abs(edges[0].pgf) if edges else 0.0,
    )
