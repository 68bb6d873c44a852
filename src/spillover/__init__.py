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

from typing import TYPE_CHECKING

from spillover.core.lazy import load_lazily

if TYPE_CHECKING:  # who checks types or completes names reads these imports; who runs this, the table below
    from spillover.analysis.beside import Beside
    from spillover.analysis.differences import Difference, differences_of
    from spillover.analysis.door import analyze
    from spillover.analysis.findings import CellFindings, Findings, ModelFindings
    from spillover.analysis.matrix import TransferMatrix
    from spillover.analysis.settings import AnalysisSettings
    from spillover.core.errors import SpilloverError
    from spillover.core.scores import Score, table_from_scores
    from spillover.interop.door import import_results
    from spillover.interop.importing import ImportedResults
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
    from spillover.study.executors.executor import (
        JobEvent,
        JobFailed,
        JobFinished,
        JobKept,
        JobMoved,
        JobProgressed,
        JobStarted,
    )
    from spillover.study.reading import load_study
    from spillover.study.results import analyze_study, read_scores
    from spillover.study.run import Run, run
    from spillover.study.shard import Shard
    from spillover.study.study import Study
    from spillover.tasks.data import open_tasks
    from spillover.tasks.task import Task

__all__ = [
    "AnalysisSettings",
    "Beside",
    "CellFindings",
    "Difference",
    "Findings",
    "ImportedResults",
    "JobEvent",
    "JobFailed",
    "JobFinished",
    "JobKept",
    "JobMoved",
    "JobProgressed",
    "JobStarted",
    "Mixture",
    "MixtureSettings",
    "ModelFindings",
    "Run",
    "Score",
    "Shard",
    "SpilloverError",
    "Study",
    "Task",
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
    "analysis.beside": "Beside",
    "analysis.differences": "Difference differences_of",
    "analysis.door": "analyze",
    "analysis.findings": "CellFindings Findings ModelFindings",
    "analysis.matrix": "TransferMatrix",
    "analysis.settings": "AnalysisSettings",
    "core.errors": "SpilloverError",
    "core.scores": "Score table_from_scores",
    "interop.door": "import_results",
    "interop.importing": "ImportedResults",
    "interop.pgf_table": "read_pgf_table",
    "mixture.export.export": "export_mixture",
    "mixture.mixture": "Mixture",
    "mixture.recommend": "recommend",
    "mixture.settings": "MixtureSettings",
    "report.drawing.files": "write_figures",
    "report.drawing.plots": "plot_additivity plot_graph plot_heatmap plot_profiles plot_progress "
    "plot_scale plot_training plot_variance plot_verdict plot_weights",
    "report.page": "write_report",
    "study.beside": "read_beside",
    "study.executors.executor": "JobEvent JobFailed JobFinished JobKept JobMoved JobProgressed JobStarted",
    "study.reading": "load_study",
    "study.results": "analyze_study read_scores",
    "study.run": "Run run",
    "study.shard": "Shard",
    "study.study": "Study",
    "tasks.data": "open_tasks",
    "tasks.task": "Task",
}
"""By module: what it gives to this package."""

if not TYPE_CHECKING:  # or a misspelt name would pass for one
    __getattr__, __dir__ = load_lazily(__name__, _HOMES)
