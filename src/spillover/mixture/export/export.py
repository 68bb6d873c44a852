"""Exports a mixture: real files in a trainer's format, and a manifest that says what they are."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from spillover.core.errors import StoreError
from spillover.core.files import write_atomically
from spillover.core.keys import hash_file
from spillover.mixture.export.formats import Format, write_rows
from spillover.mixture.export.rows import Drawn, draw_rows
from spillover.mixture.mixture import Mixture
from spillover.tasks.data import TaskData

MANIFEST = "manifest.json"
MANIFEST_SCHEMA = 1
"""Raised whenever a name in `manifest.json` changes its meaning."""
PATHS = "every path is meant from this folder: start the trainer in it, wherever the folder is moved"
"""For whoever finds the files, in the manifest."""


def export_mixture(
    mixture: Mixture,
    tasks: Sequence[TaskData],
    folder: Path | str,
    kind: Format,
    *,
    provenance: Mapping[str, Any] | None = None,
    on_progress: Callable[[int, int], None] = lambda *_: None,
) -> list[Drawn]:
    """Write a mixture's training data as a trainer takes it.

    Args:
        mixture: as recommended.
        tasks: the data of its sources.
        folder: made; it must be empty or not there.
        kind: the trainer's format.
        provenance: where the mixture and the data come from, for the manifest.
        on_progress: called with rows made and rows in all.

    Returns:
        What was taken of each source.

    Raises:
        StoreError: the folder holds something, or cannot be written.
        TaskError: a source's data is not there or broken.
        MixtureError: a text cannot be exported.
    """
    folder = Path(folder)
    require_empty(folder)
    rows, drawn = draw_rows(mixture, tasks, on_progress)
    files = write_rows(rows, folder, kind)
    images = {image.name for row in rows for image in row.images}
    manifest = {
        "schema": MANIFEST_SCHEMA,
        "format": kind,
        "paths": PATHS,
        "rows": len(rows),
        "images": len(images),
        "sources": [{**asdict(each), "repeated": each.examples - each.distinct} for each in drawn],
        "files": {name: hash_file(folder / name) for name in files},
        "mixture": mixture.to_json(),
        "provenance": dict(provenance or {}),
    }
    write_atomically(folder / MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False, allow_nan=False))
    return drawn


def require_empty(folder: Path) -> None:
    """Refuse a folder that holds something.

    Raises:
        StoreError: it does, or is no folder.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StoreError(
            "the folder is not empty",
            where=str(folder),
            hint="choose another --out, or --force, which replaces what a former export wrote there",
        )
