"""The transfer graph: an edge from what was finetuned on to what it moved, its weight the PGF."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from spillover.analysis.facts import Facts
from spillover.analysis.frame import Frame
from spillover.analysis.matrix import TransferMatrix
from spillover.analysis.settings import AnalysisSettings
from spillover.analysis.shapes import Cells, Transfers

if TYPE_CHECKING:
    import networkx as nx


def keep_edges(pgf: Transfers, q: Transfers, frame: Frame, settings: AnalysisSettings) -> Cells:
    """Choose the edges: not 0, at least the threshold, and, where asked, discoveries after Benjamini-Hochberg.

    Complexity: O(cells).

    >>> from spillover.analysis.pgf import example_transfers
    >>> from spillover.analysis.frame import frame_transfers
    >>> transfers = example_transfers()
    >>> keep_edges(transfers.mean, np.ones((2, 2)), frame_transfers(transfers), AnalysisSettings()).tolist()
    [[False, False], [True, False]]
    """
    kept = frame.transfer & (np.abs(pgf) >= settings.edge_threshold) & (pgf != 0)
    if settings.significant_edges:
        kept &= np.nan_to_num(q, nan=1.0) <= settings.false_discovery_rate
    return kept


def build_graph(matrix: TransferMatrix, edges: Cells, facts: Facts) -> nx.DiGraph:
    """Build the directed transfer graph.

    Args:
        matrix: PGFs.
        edges: which cells are edges.
        facts: level and granularity become attributes of the nodes.

    Returns:
        Nodes carry `abbreviation` and, where known, `level` and `granularity`; edges `weight` and `sign`.

    Complexity: O(cells).

    >>> matrix = TransferMatrix(title="PGF", sources=("a",), targets=("b",), abbreviations={}, values=np.array([[0.5]]))
    >>> build_graph(matrix, np.array([[True]]), {}).edges["a", "b"]["weight"]
    0.5
    """
    import networkx as nx  # noqa: PLC0415 (slow to import, and an analysis alone builds no such graph)

    graph: nx.DiGraph = nx.DiGraph()
    for name in dict.fromkeys((*matrix.sources, *matrix.targets)):
        task = facts.get(name)
        known = {"level": task.level, "granularity": task.granularity} if task else {}
        label = matrix.abbreviations.get(name, name)
        graph.add_node(name, abbreviation=label, **{key: value for key, value in known.items() if value})
    for row, column in np.argwhere(edges).tolist():
        weight = float(matrix.values[row, column])
        sign = "positive" if weight > 0 else "negative"
        graph.add_edge(matrix.sources[row], matrix.targets[column], weight=weight, sign=sign)
    return graph


def write_graphml(graph: nx.DiGraph) -> str:
    """Write a graph as GraphML, which Gephi, yEd, Cytoscape and igraph read.

    Complexity: O(nodes + edges).

    >>> import networkx as nx
    >>> write_graphml(nx.DiGraph([("a", "b")])).count("<edge ")
    1
    """
    import networkx as nx  # noqa: PLC0415 (see build_graph)

    return "\n".join(nx.generate_graphml(graph))


def write_node_link(graph: nx.DiGraph) -> str:
    """Write a graph as node-link JSON, which D3 and networkx read.

    Complexity: O(nodes + edges).

    >>> import networkx as nx
    >>> json.loads(write_node_link(nx.DiGraph([("a", "b")])))["links"]
    [{'source': 'a', 'target': 'b'}]
    """
    import networkx as nx  # noqa: PLC0415 (see build_graph)

    return json.dumps(nx.node_link_data(graph, edges="links"), indent=1, ensure_ascii=False)
