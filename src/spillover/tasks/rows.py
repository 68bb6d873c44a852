"""Reads the rows of JSON Lines and Parquet files, each with the place where it stands."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from pyarrow import ArrowInvalid

from spillover.core.errors import TaskError
from spillover.core.json_text import parse_json

Row = Mapping[str, Any]
"""Plain values by column."""
PlacedRow = tuple[str, Row]
"""A row and where it stands, for errors."""
LFS_POINTER = b"version https://git-lfs"


def read_rows(path: Path) -> Iterator[PlacedRow]:
    """Read a file's rows one after another.

    Args:
        path: a .jsonl or .parquet file, or a .json file that holds one list.

    Raises:
        TaskError: the file is of another kind, cannot be read, or a line is no JSON object; the line is named.
    """
    readers = {".jsonl": _json_lines, ".json": _json_list, ".parquet": _parquet_rows}
    if path.suffix not in readers:
        raise TaskError(
            f"cannot read a file that ends in {path.suffix!r}",
            where=str(path),
            hint="give a .jsonl, .json or .parquet file",
        )
    try:
        yield from readers[path.suffix](path)
    except ArrowInvalid as error:
        raise _no_parquet(path, error) from error
    except UnicodeDecodeError as error:
        raise TaskError(f"the file is broken: {error}", where=str(path)) from error
    except OSError as error:
        raise TaskError(f"cannot read the file: {error.strerror or error}", where=str(path)) from error


def _json_lines(path: Path) -> Iterator[PlacedRow]:
    with path.open(encoding="utf-8-sig") as stream:
        for number, line in enumerate(stream, 1):
            if line.strip():
                yield f"{path}:{number}", _parse_line(line, f"{path}:{number}")


def _json_list(path: Path) -> Iterator[PlacedRow]:
    try:
        rows = parse_json(path.read_bytes())
    except json.JSONDecodeError as error:
        raise TaskError(f"this is no JSON: {error.msg}", where=f"{path}:{error.lineno}") from error
    except UnicodeDecodeError:
        raise
    except ValueError as error:
        raise TaskError(f"this is no JSON that can be used: {error}", where=str(path)) from error
    if not isinstance(rows, list):
        raise TaskError("this is no list of rows", where=str(path), hint="one JSON object a line is a .jsonl file")
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            raise TaskError("this entry is no JSON object", where=f"{path} entry {number}")
        yield f"{path} entry {number}", row


def _parquet_rows(path: Path) -> Iterator[PlacedRow]:
    number = 0
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=64):
            for row in batch.to_pylist():
                number += 1
                yield f"{path} row {number}", row


def _no_parquet(path: Path, error: ArrowInvalid) -> TaskError:
    with path.open("rb") as stream:
        if stream.read(len(LFS_POINTER)) == LFS_POINTER:
            return TaskError(
                "the file is a Git LFS pointer, not the data itself",
                where=str(path),
                hint="fetch it with: git lfs pull",
            )
    return TaskError(f"this is no whole Parquet file: {error}", where=str(path), hint="download it again")


def _parse_line(line: str, place: str) -> Row:
    try:
        row = parse_json(line)
    except json.JSONDecodeError as error:
        raise TaskError(f"this line is no JSON: {error.msg}", where=f"{place} column {error.colno}") from error
    except ValueError as error:
        raise TaskError(f"this line is no JSON that can be used: {error}", where=place) from error
    if not isinstance(row, dict):
        raise TaskError("this line is no JSON object", where=place)
    return row
