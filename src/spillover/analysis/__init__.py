"""From a table of scores to findings: pure, seeded, free of torch and of files."""

from spillover.analysis.alignment import build_cubes
from spillover.analysis.analyze import analyze
from spillover.analysis.cube import ScoreCube
from spillover.analysis.findings import Findings, ModelFindings
from spillover.analysis.matrix import TransferMatrix
from spillover.analysis.settings import AnalysisSettings

__all__ = ["AnalysisSettings", "Findings", "ModelFindings", "ScoreCube", "TransferMatrix", "analyze", "build_cubes"]
