"""Parquet files that say in their metadata what job made them, and hold the hash of all of their own bytes.

Parquet itself would read many a flipped bit as another value; a score must be the one that was written, or none.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from spillover.core.errors import StoreError
from spillover.core.files import read_file
from spillover.core.keys import content_key
from spillover.core.parquet import read_parquet
from spillover.core.scores import SCORE_SCHEMA

LABEL, DIGEST = b"spillover", b"spillover sha256"
LOG_SCHEMA = pa.schema(
    [("step", pa.int32()), ("loss", pa.float64()), ("learning_rate", pa.float64()), ("gradient_norm", pa.float64())]
)
"""Of a training's log: a row an optimiser step."""
BLANK = b"0" * 64
"""Stands in the place of the digest while it is taken."""
NAME = re.compile(r"[0-9a-f]{32}")


def label_table(table: pa.Table, about: Mapping[str, Any]) -> bytes:
    """Write a table as Parquet.

    Args:
        table: its own metadata are left out.
        about: what is said of it; its `job` hashes to the file's name.
    """
    labelled = table.replace_schema_metadata({LABEL: json.dumps(about).encode(), DIGEST: BLANK})
    stream = io.BytesIO()
    pq.write_table(labelled, stream, compression="zstd")
    content = stream.getvalue()
    before, _, after = content.rpartition(BLANK)  # metadata stand at a file's end
    return before + hashlib.sha256(content).hexdigest().encode() + after


def read_label(file: Path) -> dict[str, Any] | None:
    """Read what a file says of itself; None where it is damaged or is not what its name says.

    Of a file without a digest, as earlier versions wrote them, damage is seen where it is in the metadata.
    """
    if not NAME.fullmatch(file.stem):
        return None
    try:
        content = read_file(file)
        said = pq.read_metadata(pa.BufferReader(content)).metadata or {}
        about = json.loads(said[LABEL])
        named = content_key(about["job"]) == file.stem
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError):
        return None
    return about if named and _is_whole(content, said.get(DIGEST)) else None


def _is_whole(content: bytes, digest: bytes | None) -> bool:
    if digest is None:
        return True
    before, _, after = content.rpartition(digest)
    return hashlib.sha256(before + BLANK + after).hexdigest().encode() == digest


def read_scores_file(file: Path) -> pa.Table:
    """Read a file of scores that has its label.

    Raises:
        StoreError: it was damaged since its label was read, holds something else, or unpacks to more than it could
            honestly hold.
    """
    hint = "remove it and give spillover run once more: what it held is asked again"
    try:
        content = read_file(file)
        table = read_parquet(content, SCORE_SCHEMA.names).cast(SCORE_SCHEMA)
        digest = (pq.read_metadata(pa.BufferReader(content)).metadata or {}).get(DIGEST)
    except (OSError, pa.ArrowException, KeyError, ValueError) as error:
        raise StoreError(f"these scores cannot be read: {error}", where=str(file), hint=hint) from error
    if not _is_whole(content, digest):
        raise StoreError("these scores are not as they were written", where=str(file), hint=hint)
    return table


def read_log(file: Path) -> pa.Table | None:
    """Read a training's log, in `LOG_SCHEMA`; None where it is damaged or gone."""
    if read_label(file) is None:
        return None
    try:
        return read_parquet(read_file(file), LOG_SCHEMA.names).cast(LOG_SCHEMA)
    except (OSError, pa.ArrowException, KeyError, ValueError):
        return None
