"""From a table of scores to findings: pure, seeded, free of torch and of files."""

from spillover.analysis.alignment import build_cubes
from spillover.analysis.analyze import analyze
from spillover.analysis.beside import Beside
from spillover.analysis.cube import ScoreCube
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
