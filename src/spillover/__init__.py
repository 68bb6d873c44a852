"""Finetune a vision-language model on one task: what happens to all the others, and which data to train on?

The three doors: `run` a study, or read results that are there; `analyze` them. Importing this loads no torch.

    study = spillover.load_study("study.yaml")
    finished = spillover.run(study)
    findings = spillover.analyze(spillover.read_scores(finished.store.folder))
    findings.models[0].matrix.to_frame()
"""

from spillover.analysis import AnalysisSettings, Findings, TransferMatrix, analyze
from spillover.core.errors import SpilloverError
from spillover.interop.importing import ImportChoices, import_results
from spillover.interop.pgf_table import read_pgf_table
from spillover.report.page import write_report
from spillover.study.beside import read_beside
from spillover.study.reading import load_study
from spillover.study.results import read_scores
from spillover.study.run import Run, run
from spillover.study.study import Study

__all__ = [
    "AnalysisSettings",
    "Findings",
    "ImportChoices",
    "Run",
    "SpilloverError",
    "Study",
    "TransferMatrix",
    "analyze",
    "import_results",
    "load_study",
    "read_beside",
    "read_pgf_table",
    "read_scores",
    "run",
    "write_report",
]
