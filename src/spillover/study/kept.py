"""The files of finished jobs: what each says of itself, which is also what tells that its job is done."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from spillover.core.scores import SCORE_SCHEMA, SCORE_SCHEMA_VERSION
from spillover.study.labelled import label_table, read_label, read_scores_file
from spillover.study.plan import Asked, Evaluate, Job

NAMES = ("model", "source", "control", "seed", "fraction")
"""Of a row, what is the job's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a finished job's file says of the job."""

    file: Path
    label: str
    asked: Asked
    """The adapter; of a `Finetune` without a step."""
    target_keys: tuple[str, ...]
    """What was answered; nothing, of a `Finetune`."""
    duration_s: float
    versions: Mapping[str, str]
    """Of the packages that it was made with."""
    finished: str
    """When, in ISO 8601 and UTC; empty in files of earlier versions."""


def write_kept(table: pa.Table, job: Job, duration_s: float, versions: Mapping[str, str]) -> bytes:
    """Write a finished job's table as Parquet that says whose it is."""
    about = {
        "schema": SCORE_SCHEMA_VERSION,
        "job": job.describe(),
        "label": job.label,
        "duration_s": round(duration_s, 3),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": dict(versions),
    }
    return label_table(table, about)


def read_kept(file: Path) -> Kept | None:
    """Read what a file says of itself; None where it is broken or is not what its name says."""
    about = read_label(file)
    if about is None:
        return None
    try:
        job = about["job"]
        return Kept(
            file=file,
            label=about["label"],
            asked=(job["adapter_key"], job.get("step")),
            target_keys=tuple(map(sys.intern, job.get("target_keys", ()))),  # all models are asked the same
            duration_s=about["duration_s"],
            versions=about.get("versions", {}),
            finished=about.get("finished", ""),
        )
    except (KeyError, TypeError):  # another schema's
        return None


def read_answers(file: Path, job: Evaluate, keys: Collection[str]) -> pa.Table:
    """Read a file's answers to some target keys, in `SCORE_SCHEMA`, under the names that the job has now.

    Args:
        file: of this job, or of an earlier one of the same adapter.
        job: which may call its model, source and targets otherwise than the one that wrote the file.
        keys: of its questions, those that are read.

    Raises:
        StoreError: the file cannot be read.
    """
    table = read_scores_file(file)
    wanted = set(keys)
    targets = {question.target_key: question.target for question in job.questions if question.target_key in wanted}
    asked = table["target_key"].unify_dictionaries().combine_chunks()
    called = pa.array([targets.get(key) for key in asked.dictionary.to_pylist()], pa.string()).take(asked.indices)
    if called.null_count:
        read = called.is_valid()
        table, called = table.filter(read), called.filter(read)
    named = {name: _repeated(getattr(job, name), name, len(table)) for name in NAMES} | {"target": called}
    for name, values in named.items():
        field = SCORE_SCHEMA.field(name)
        table = table.set_column(table.schema.get_field_index(name), field, values.cast(field.type))
    return table


def _repeated(value: Any, name: str, count: int) -> pa.Array:
    kind = SCORE_SCHEMA.field(name).type
    return pa.repeat(pa.scalar(value, kind.value_type if pa.types.is_dictionary(kind) else kind), count)
