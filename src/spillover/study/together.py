"""Analyses one or more studies, or somebody's results, together. It needs no plan, no task and no model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from spillover.analysis import AnalysisSettings, Beside, Findings, analyze
from spillover.analysis.settings import tell_differing
from spillover.core.errors import AnalysisError
from spillover.core.published import AccuracyTable, PGFTable
from spillover.tasks.task import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyResults:
    """All that `analyze` takes of one study, or of somebody's results."""

    data: tuple[pa.Table | AccuracyTable | PGFTable, ...]
    settings: AnalysisSettings | None = None
    """The study's own, where it is a study."""
    tasks: tuple[Task, ...] = ()
    beside: Mapping[str, Beside] = field(default_factory=dict[str, Beside])
    """What is known beside the scores, by model: similar updates, and warnings of what is missing."""
    origin: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Where it comes from, as JSON has it: which study, what it was asked and when, or which files."""


def analyze_results(parts: Sequence[StudyResults], settings: AnalysisSettings | None = None) -> Findings:
    """Analyse one or more studies together.

    Args:
        parts: no two hold a model of the same name.
        settings: None takes the studies' own.

    Raises:
        AnalysisError: the studies have different settings and none are given, or their scores cannot be analysed.
    """
    tasks = {task.name: task for part in parts for task in part.tasks}
    beside = {name: known for part in parts for name, known in part.beside.items()}
    data = [data for part in parts for data in part.data]
    findings = analyze(data, settings or _common_settings(parts), tasks.values(), beside)
    studies = [dict(part.origin) for part in parts if part.origin]
    return replace(findings, provenance=findings.provenance | {"studies": studies})


def _common_settings(parts: Sequence[StudyResults]) -> AnalysisSettings:
    """The studies' own settings; models that are read together must be analysed alike."""
    given = [part.settings for part in parts if part.settings is not None]
    if differing := tell_differing(given):
        raise AnalysisError(
            f"these studies have different settings under analysis: {differing}",
            hint="say which to use for all: --settings FILE",
        )
    return given[0] if given else AnalysisSettings()
