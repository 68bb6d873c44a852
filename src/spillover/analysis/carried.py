"""What a table of scores carries of its study: settings, tasks, which sources are mixtures and what they verify.

So whoever analyses `read_scores(folder)` reads it as the study is meant, though this room knows no folders. It stands
in the table's schema metadata, which filtering, sorting and Parquet keep.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from spillover.analysis.settings import AnalysisSettings, VerificationSettings, tell_differing
from spillover.core.errors import AnalysisError
from spillover.tasks.settings import Recipe
from spillover.tasks.task import Task

CARRIED = b"spillover.analysis"


def carry_analysis(
    scores: pa.Table,
    settings: AnalysisSettings,
    tasks: Sequence[Task] = (),
    mixtures: Mapping[str, Recipe] = MappingProxyType({}),
    verifications: Sequence[VerificationSettings] = (),
) -> pa.Table:
    """Let a table of scores say how it is to be analysed.

    Args:
        scores: the table.
        settings: of its analysis.
        tasks: what is known of its tasks.
        mixtures: by source: what is in it.
        verifications: which sources are a chosen mixture and its rivals.

    Complexity: O(tasks).

    >>> from spillover.core.scores import table_from_scores
    >>> carried_settings([carry_analysis(table_from_scores([]), AnalysisSettings(ceiling=0.9))]).ceiling
    0.9
    """
    about = {
        "settings": settings.model_dump(mode="json"),
        "tasks": [asdict(task) for task in tasks],
        "mixtures": {name: recipe.model_dump(mode="json") for name, recipe in mixtures.items()},
        "verifications": [asked.model_dump(mode="json") for asked in verifications],
    }
    return scores.replace_schema_metadata({**(scores.schema.metadata or {}), CARRIED: json.dumps(about).encode()})


def carried_settings(parts: Sequence[object]) -> AnalysisSettings:
    """Find the settings that all tables carry; the usual ones where none carries any.

    Raises:
        AnalysisError: they carry different ones.

    Complexity: O(parts).

    >>> carried_settings([]) == AnalysisSettings()
    True
    """
    given = [AnalysisSettings.model_validate(about["settings"]) for about in map(_about, parts) if about]
    if differing := tell_differing(given):
        message = f"these scores come with different settings of analysis: {differing}"
        raise AnalysisError(message, hint="say which: settings=…")
    return given[0] if given else AnalysisSettings()


def carried_tasks(parts: Sequence[object]) -> tuple[Task, ...]:
    """Find the tasks that tables carry, each once.

    Complexity: O(tasks).

    >>> carried_tasks([])
    ()
    """
    found = [Task(**task) for about in map(_about, parts) if about for task in about["tasks"]]
    return tuple({task.name: task for task in found}.values())


def carried_mixtures(scores: pa.Table) -> dict[str, Recipe]:
    """Find which sources of a table are mixtures, and what is in them.

    Complexity: O(mixtures).
    """
    about = _about(scores) or {}
    return {name: Recipe.model_validate(recipe) for name, recipe in about.get("mixtures", {}).items()}


def carried_verifications(scores: pa.Table) -> tuple[VerificationSettings, ...]:
    """Find what the sources of a table verify.

    Complexity: O(sources).
    """
    about = _about(scores) or {}
    return tuple(VerificationSettings.model_validate(asked) for asked in about.get("verifications", []))


def _about(part: Any) -> dict[str, Any] | None:
    if not isinstance(part, pa.Table):
        return None
    text = (part.schema.metadata or {}).get(CARRIED)
    return None if text is None else json.loads(text)
