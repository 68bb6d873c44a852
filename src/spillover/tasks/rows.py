"""Reads the rows of JSON Lines, CSV and Parquet files, each with the place where it stands."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from pyarrow import ArrowInvalid

from spillover.core.errors import TaskError
from spillover.core.file_names import YAML
from spillover.core.json_text import parse_json
from spillover.core.parquet import largest_unpacked, says_too_much

Row = Mapping[str, Any]
"""Plain values by column."""
PlacedRow = tuple[str, Row]
"""A row and where it stands, for errors."""
BATCH = 64
"""Rows of a Parquet file that are unpacked at once, at most."""
AT_ONCE_BYTES = 1 << 30
"""What they may hold, at most."""
ROW_BYTES = 200
"""Main memory that a row takes beside its texts and images, about."""
READABLE = "give a .jsonl, .json, .csv or .parquet file"
OF_A_STUDY = " of questions; a study is checked, its tasks with it, by: spillover plan FILE"
LFS_POINTER = b"version https://git-lfs"


def read_rows(path: Path) -> Iterator[PlacedRow]:
    """Read a file's rows one after another.

    Args:
        path: a .jsonl, .csv or .parquet file, or a .json file that holds one list. The cells of CSV are texts, the
            empty ones None.

    Raises:
        TaskError: the file is of another kind, cannot be read, or a line is no JSON object; the line is named.
    """
    if path.is_dir():
        raise TaskError("this is a folder, no file", where=str(path), hint=_in_folder(path))
    readers = {".jsonl": _json_lines, ".json": _json_list, ".csv": _csv_rows, ".parquet": _parquet_rows}
    if path.suffix not in readers:
        hint = READABLE + OF_A_STUDY * (path.suffix in YAML)
        raise TaskError(f"cannot read a file that ends in {path.suffix!r}", where=str(path), hint=hint)
    try:
        if path.exists() and not path.is_file():
            raise TaskError("this is no file", where=str(path), hint=READABLE)
        yield from readers[path.suffix](path)
    except ArrowInvalid as error:
        raise no_parquet(path, error) from error
    except UnicodeDecodeError as error:
        raise TaskError(f"the file is broken: {error}", where=str(path), hint="save it as UTF-8") from error
    except OSError as error:
        raise TaskError(f"cannot read the file: {error.strerror or error}", where=str(path)) from error


def _in_folder(folder: Path) -> str:
    """What to give instead of a folder: the file in it, or what it is converted by."""
    for name in ("metadata.jsonl", "metadata.csv"):
        if (folder / name).is_file():
            return f"give {folder / name}, and say where its images are: columns: {{images: file_name}}"
    if (folder / "dataset_dict.json").is_file():
        return f"`datasets` saved it: {{kind: hub, dataset: {folder}, train: train}}"
    if (folder / "state.json").is_file():
        return (
            f"`datasets` saved it: {{kind: hub, dataset: {folder}, train: train}}, or convert it: python -c "
            f"\"from datasets import load_from_disk as load; load('{folder}').to_parquet('{folder}.parquet')\""
        )
    return READABLE


def _csv_rows(path: Path) -> Iterator[PlacedRow]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream, strict=True)
        try:
            for row in reader:
                place = f"{path}:{reader.line_num}"
                if None in row:
                    hint = "texts with commas need quotes"
                    raise TaskError("the row has more cells than there are columns", where=place, hint=hint)
                yield place, {name: cell or None for name, cell in row.items()}
        except csv.Error as error:
            raise TaskError(
                f"this is no CSV: {error}",
                where=f"{path}:{reader.line_num}",
                hint="texts with commas, quotes or line breaks need quotes",
            ) from error


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
            raise TaskError(
                "this entry is no JSON object", where=f"{path} entry {number}", hint="write an object an example"
            )
        yield f"{path} entry {number}", row


def _parquet_rows(path: Path) -> Iterator[PlacedRow]:
    number, unpacked = 0, 0
    size = path.stat().st_size
    limit = largest_unpacked(size)
    with pq.ParquetFile(path) as file:
        if says_too_much(file.metadata, size):
            raise _bomb(path)
        for batch in file.iter_batches(batch_size=_rows_at_once(file.metadata)):
            for row in batch.to_pylist():
                number += 1
                unpacked += ROW_BYTES + sum(_bytes_of(value) for value in row.values())
                if unpacked > limit:
                    raise _bomb(path)
                yield f"{path} row {number}", row


def _rows_at_once(about: pq.FileMetaData) -> int:
    """Choose a batch whose every row may hold the largest column's whole content, as values that are told once may."""
    groups = [about.row_group(number) for number in range(about.num_row_groups)]
    columns = [group.column(place).total_uncompressed_size for group in groups for place in range(group.num_columns)]
    return max(1, min(BATCH, AT_ONCE_BYTES // max(columns, default=1)))


def _bytes_of(value: Any) -> int:
    match value:
        case str() | bytes():
            return len(value)
        case dict():
            return sum(map(_bytes_of, value.values()))
        case list():
            return sum(map(_bytes_of, value))
        case _:
            return 0


def _bomb(path: Path) -> TaskError:
    return TaskError("the file unpacks to far more than it could honestly hold", where=str(path), hint="it is not read")


def no_parquet(path: Path, error: Exception) -> TaskError:
    """The error of a file that pyarrow does not read as Parquet.

    Raises:
        OSError: the file cannot be read at all.
    """
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
        raise TaskError("this line is no JSON object", where=place, hint="write one object a line, an example each")
    return row
