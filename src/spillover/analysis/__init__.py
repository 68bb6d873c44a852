"""From a table of scores to findings: pure, seeded, free of torch and of files.

Each name loads what it needs when it is first asked for: a study is planned with this room's settings alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spillover.core.lazy import load_lazily

if TYPE_CHECKING:
    from spillover.analysis.alignment import build_cubes
    from spillover.analysis.beside import Beside
    from spillover.analysis.cube import ScoreCube
    from spillover.analysis.door import analyze
    from spillover.analysis.findings import Comparison, Findings, ModelFindings
    from spillover.analysis.graph import build_graph, write_graphml, write_node_link
    from spillover.analysis.matrix import TransferMatrix
    from spillover.analysis.settings import AnalysisSettings
    from spillover.analysis.weights import WeightSimilarity, compare_updates, correlate_weights

__all__ = [
    "AnalysisSettings",
    "Beside",
    "Comparison",
    "Findings",
    "ModelFindings",
    "ScoreCube",
    "TransferMatrix",
    "WeightSimilarity",
    "analyze",
    "build_cubes",
    "build_graph",
    "compare_updates",
    "correlate_weights",
    "write_graphml",
    "write_node_link",
]

_HOMES = {
    "alignment": "build_cubes",
    "beside": "Beside",
    "cube": "ScoreCube",
    "door": "analyze",
    "findings": "Comparison Findings ModelFindings",
    "graph": "build_graph write_graphml write_node_link",
    "matrix": "TransferMatrix",
    "settings": "AnalysisSettings",
    "weights": "WeightSimilarity compare_updates correlate_weights",
}
"""By module: what it gives to this package."""

if not TYPE_CHECKING:
    __getattr__, __dir__ = load_lazily(__name__, _HOMES)
