"""What is given as somebody's results and is none: a part of a study of ours, or nothing. Told at once, and unread."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from spillover.core.errors import ImportFileError
from spillover.core.file_names import STUDY_FILE
from spillover.core.scores import SCORE_SCHEMA
from spillover.interop.json_text import WRITE_OR_LEAVE

PARTS = {
    "scores": "the scores",
    "logs": "the logs",
    "adapters": "the adapters",
    "figures": "the figures",
    "findings.json": "the findings",
    "report.html": "the report",
    "plan.json": "the plan",
    STUDY_FILE: "the study file",
}
"""What lies in a study's folder, and what it is called."""
WROTE = b"spillover"
"""A key in the metadata of Parquet files that we wrote."""


def refuse_part(path: Path) -> None:
    """Refuse a path into a study's folder, which is read as a whole.

    Raises:
        ImportFileError: it is one; the folder is named.
    """
    inside = path.absolute()
    for folder in inside.parents:
        part = PARTS.get(inside.relative_to(folder).parts[0])
        is_begun = (folder / "plan.json").is_file() or (folder / "scores").is_dir()
        if part and is_begun and (folder / STUDY_FILE).is_file():
            given = _as_given(path, len(inside.parents) - len(folder.parents))
            message = f"this is a part of the study {folder.name}: {part}"
            raise ImportFileError(message, where=str(path), hint=f"give the study's folder: {given}")


def _as_given(path: Path, up: int) -> Path:
    """The folder so many steps above a path, written as the path is where that can be."""
    return path.parents[up - 1] if up <= len(path.parents) else path.absolute().parents[up - 1]


def what_is_wrong(file: Path) -> ImportFileError | None:
    """Say why a file holds nobody's results, going by its size and its schema alone; None where it may."""
    if not file.stat().st_size:
        return ImportFileError("the file is empty", where=str(file), hint=WRITE_OR_LEAVE)
    if file.suffix == ".parquet" and _is_ours(file):
        hint = "give the study's folder, with its study.yaml and plan.json"
        return ImportFileError("the file is a part of a study of spillover", where=str(file), hint=hint)
    return None


def _is_ours(file: Path) -> bool:
    try:
        schema = pq.read_schema(file)
    except (pa.ArrowException, OSError):  # for its reader to tell
        return False
    return WROTE in (schema.metadata or {}) or set(SCORE_SCHEMA.names) <= set(schema.names)
