"""Finetune a vision-language model on one task: what happens to all the others, and which data to train on?

The three doors: `run` a study, or read results that are there; `analyze` them. Importing this loads no torch, and each
name loads what it needs when it is first asked for.

    study = spillover.load_study("study.yaml")
    finished = spillover.run(study)
    findings = spillover.analyze(spillover.read_scores(finished.store.folder))
    findings.models[0].matrix.to_frame()
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_HOMES = {
    "spillover.analysis": ("AnalysisSettings", "Findings", "TransferMatrix", "analyze"),
    "spillover.core.errors": ("SpilloverError",),
    "spillover.interop.importing": ("ImportChoices", "import_results"),
    "spillover.interop.pgf_table": ("read_pgf_table",),
    "spillover.report.page": ("write_report",),
    "spillover.study.beside": ("read_beside",),
    "spillover.study.reading": ("load_study",),
    "spillover.study.results": ("read_scores",),
    "spillover.study.run": ("Run", "run"),
    "spillover.study.study": ("Study",),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
