"""Finetune a vision-language model on one task: what happens to all the others, and which data to train on?

The three doors: `run` a study, or read results that are there; `analyze` them; `recommend` a mixture. Importing this
loads no torch, and each name loads what it needs when it is first asked for.

    study = spillover.load_study("study.yaml")
    finished = spillover.run(study)
    findings = spillover.analyze_study(finished.store.folder)
    scores = spillover.read_scores(finished.store.folder)
    findings.models[0].matrix.to_frame()
    (mixture,) = spillover.recommend(scores, spillover.MixtureSettings(targets=("Jigsaw",)))
    spillover.export_mixture(mixture, spillover.open_tasks(study.tasks), "data", "trl")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spillover.analysis import AnalysisSettings, Findings, ModelFindings, TransferMatrix, analyze
    from spillover.analysis.differences import Difference, differences_of
    from spillover.analysis.findings import CellFindings
    from spillover.core.errors import SpilloverError
    from spillover.core.scores import Score, table_from_scores
    from spillover.interop.importing import ImportChoices, import_results
    from spillover.interop.pgf_table import read_pgf_table
    from spillover.mixture.export.export import export_mixture
    from spillover.mixture.mixture import Mixture
    from spillover.mixture.recommend import recommend
    from spillover.mixture.settings import MixtureSettings
    from spillover.report.drawing.files import write_figures
    from spillover.report.drawing.plots import (
        plot_additivity,
        plot_graph,
        plot_heatmap,
        plot_profiles,
        plot_progress,
        plot_scale,
        plot_training,
        plot_variance,
        plot_verdict,
        plot_weights,
    )
    from spillover.report.page import write_report
    from spillover.study.beside import read_beside
    from spillover.study.reading import load_study
    from spillover.study.results import analyze_study, read_scores
    from spillover.study.run import Run, run
    from spillover.study.study import Study
    from spillover.tasks.data import open_tasks

__all__ = [
    "AnalysisSettings",
    "CellFindings",
    "Difference",
    "Findings",
    "ImportChoices",
    "Mixture",
    "MixtureSettings",
    "ModelFindings",
    "Run",
    "Score",
    "SpilloverError",
    "Study",
    "TransferMatrix",
    "analyze",
    "analyze_study",
    "differences_of",
    "export_mixture",
    "import_results",
    "load_study",
    "open_tasks",
    "plot_additivity",
    "plot_graph",
    "plot_heatmap",
    "plot_profiles",
    "plot_progress",
    "plot_scale",
    "plot_training",
    "plot_variance",
    "plot_verdict",
    "plot_weights",
    "read_beside",
    "read_pgf_table",
    "read_scores",
    "recommend",
    "run",
    "table_from_scores",
    "write_figures",
    "write_report",
]

_HOMES = {
    "AnalysisSettings": "spillover.analysis",
    "CellFindings": "spillover.analysis.findings",
    "Difference": "spillover.analysis.differences",
    "Findings": "spillover.analysis",
    "ImportChoices": "spillover.interop.importing",
    "Mixture": "spillover.mixture.mixture",
    "MixtureSettings": "spillover.mixture.settings",
    "ModelFindings": "spillover.analysis",
    "Run": "spillover.study.run",
    "Score": "spillover.core.scores",
    "SpilloverError": "spillover.core.errors",
    "Study": "spillover.study.study",
    "TransferMatrix": "spillover.analysis",
    "analyze": "spillover.analysis",
    "analyze_study": "spillover.study.results",
    "differences_of": "spillover.analysis.differences",
    "export_mixture": "spillover.mixture.export.export",
    "import_results": "spillover.interop.importing",
    "load_study": "spillover.study.reading",
    "open_tasks": "spillover.tasks.data",
    **dict.fromkeys(
        (
            "plot_additivity",
            "plot_graph",
            "plot_heatmap",
            "plot_profiles",
            "plot_progress",
            "plot_scale",
            "plot_training",
            "plot_variance",
            "plot_verdict",
            "plot_weights",
        ),
        "spillover.report.drawing.plots",
    ),
    "read_beside": "spillover.study.beside",
    "read_pgf_table": "spillover.interop.pgf_table",
    "read_scores": "spillover.study.results",
    "recommend": "spillover.mixture.recommend",
    "run": "spillover.study.run",
    "table_from_scores": "spillover.core.scores",
    "write_figures": "spillover.report.drawing.files",
    "write_report": "spillover.report.page",
}


def __getattr__(name: str) -> Any:
    """Load a name when it is asked for: a command that is only being started should be quick to interrupt."""
    if name not in _HOMES:
        raise AttributeError(f"module 'spillover' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
