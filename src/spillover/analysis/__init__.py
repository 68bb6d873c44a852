"""From a table of scores to findings: pure, seeded, free of torch and of files.

Each name loads what it needs when it is first asked for: a study is planned with this room's settings alone.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

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

_MODULES = {
    "alignment": ("build_cubes",),
    "beside": ("Beside",),
    "cube": ("ScoreCube",),
    "door": ("analyze",),
    "findings": ("Comparison", "Findings", "ModelFindings"),
    "graph": ("build_graph", "write_graphml", "write_node_link"),
    "matrix": ("TransferMatrix",),
    "settings": ("AnalysisSettings",),
    "weights": ("WeightSimilarity", "compare_updates", "correlate_weights"),
}


def __getattr__(name: str) -> Any:
    """Load a name when it is asked for."""
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f"spillover.analysis.{module}"), name)
    raise AttributeError(f"module 'spillover.analysis' has no attribute {name!r}")
