"""Says where results come from: what a study was asked, what its data and models held, when it was computed.

It stands in `findings.json` and on the page. No folder of the machine that computed is named: of a path the last part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from spillover.core.keys import content_key, hash_file
from spillover.study.imported import ImportedStudy
from spillover.study.kept import Kept
from spillover.study.stored import StoredStudy

SETTINGS = ("models", "tasks", "sources", "targets", "controls", "seeds", "training", "evaluation")
"""What decides the scores, beside the content of models and tasks."""


def origin_of_study(stored: StoredStudy) -> dict[str, Any]:
    """Describe a study that was run: packages, settings, hashes and computing time.

    Complexity: reads every file of scores once.
    """
    study, store = stored.study, stored.store
    kept = list(store.kept(stored.plan))
    asked = study.model_dump(mode="json", include=set(SETTINGS))
    known = study.provenance
    return {
        "study": study.name,
        **{name: ", ".join(found) for name, found in store.versions(stored.plan).items()},
        **{name: _plain(asked[name]) for name in SETTINGS},
        "steps": study.training.steps,
        "hashes": {
            "models": dict(known.models) if known else {},
            "tasks": dict(known.tasks) if known else {},
            "plan": hash_file(store.plan_file),
            "scores": content_key(sorted([each.file.name, hash_file(each.file)] for each in kept if each.target_keys)),
        },
        "computed": _computed(kept),
    }


def origin_of_import(folder: Path, study: ImportedStudy) -> dict[str, Any]:
    """Describe imported results: the files of each run that was read, or the table as it was kept, with SHA-256."""
    imported = study.imported
    files: dict[str, Any] = {run.run: {file.name: file.sha256 for file in run.files} for run in imported.runs}
    for place, model in enumerate(imported.tables, 1):
        files[model] = {(table := folder / f"pgf-{place}.csv").name: hash_file(table)}
    return {"study": study.name, "imported": imported.kind, "files": files}


def _computed(kept: Sequence[Kept]) -> dict[str, Any]:
    """When jobs ended (UTC), which those of earlier versions do not say, and how long all took, added up."""
    ended = sorted(each.finished for each in kept if each.finished)
    times = {"first_job_ended": ended[0], "last_job_ended": ended[-1]} if ended else {}
    return {**times, "jobs": len(kept), "seconds": round(sum(each.duration_s for each in kept))}


def _plain(value: Any) -> Any:
    """Leave out what is not set, and of every absolute path all but its name."""
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items() if each not in (None, "", {}, [])}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, str):
        kind = next((kind for kind in (PurePosixPath, PureWindowsPath) if kind(value).is_absolute()), None)
        return kind(value).name if kind else value
    return value
