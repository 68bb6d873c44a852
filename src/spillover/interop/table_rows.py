"""Tables that others wrote, whatever they are kept in, as rows of named texts."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from spillover.core.errors import ImportFileError
from spillover.interop.json_text import COPY_AGAIN, LARGEST_DOCUMENT, clean_text, parse_json, read_bounded, unreadable
from spillover.interop.workbook import read_workbook

TABLES = (".csv", ".tsv", ".xlsx", ".parquet", ".json")
NOTHING = frozenset({"", "nan", "na", "n/a", "null", "none", "<na>"})
"""Texts that stand for an empty cell of numbers."""
MOST_ROWS = 20_000_000


@dataclass(frozen=True, slots=True)
class Row:
    """One row, its cells by column."""

    cells: dict[str, str]
    where: str

    def number(self, column: str) -> float | None:
        """A cell that holds a finite number; None where it is empty or there is no such column.

        Raises:
            ImportFileError: it holds something else.
        """
        text = self.cells.get(column, "").strip()
        if text.casefold() in NOTHING:
            return None
        try:
            value = float(text)
        except ValueError:
            value = float("inf")
        if abs(value) > 1e300:
            hint = "write numbers with a point, such as 0.25, and leave cells without a number empty"
            raise ImportFileError(f"{column}: {text[:40]!r} is no number", where=self.where, hint=hint)
        return value


def read_header(path: Path) -> list[str]:
    """Read the names of a table's columns; none where the file is no table.

    Raises:
        ImportFileError: the file cannot be read.
    """
    return [name.strip() for name in next((cells for cells, _ in _cells(path)), [])]


def read_table(path: Path) -> Iterator[Row]:
    """Read a CSV, TSV, XLSX, Parquet file, or a JSON list of objects, row by row.

    Raises:
        ImportFileError: the file cannot be read, a column stands twice, or a row has more cells than columns.
    """
    header: list[str] = []
    for cells, where in _cells(path):
        if not header:
            header = [name.strip() for name in cells]
            if twice := sorted({name for name in header if name and header.count(name) > 1}):
                raise ImportFileError(
                    f"the column {twice[0]!r} stands twice",
                    where=where,
                    hint="call one of the two otherwise, or leave it out",
                )
            continue
        if any(cell.strip() for cell in cells[len(header) :]):
            hint = "texts with commas need quotes"
            raise ImportFileError(f"{len(cells)} cells under {len(header)} columns", where=where, hint=hint)
        if any(cell.strip() for cell in cells):
            yield Row(dict(zip(header, [*cells, *[""] * (len(header) - len(cells))], strict=False)), where)


def _cells(path: Path) -> Iterator[tuple[list[str], str]]:
    """Rows of texts with their places, the columns' names first."""
    match path.suffix.lower():
        case ".csv" | ".tsv":
            yield from _delimited(path)
        case ".xlsx":
            yield from ((row, f"{path}, row {number}") for number, row in enumerate(read_workbook(path), 1))
        case ".parquet":
            yield from _parquet(path)
        case ".json":
            yield from _json(path)
        case _:
            raise ImportFileError(
                "no table that can be read", where=str(path), hint=f"tables end in {', '.join(TABLES)}"
            )


def _delimited(path: Path) -> Iterator[tuple[list[str], str]]:
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, delimiter=delimiter)
            for cells in reader:
                if len(cells) == 1 and reader.line_num == 1 and ";" in cells[0]:
                    hint = "save it with commas between columns, and numbers with a point"
                    raise ImportFileError("the columns are parted by semicolons", where=str(path), hint=hint)
                if cells:
                    yield cells, f"{path}:{reader.line_num}"
    except OSError as error:
        raise unreadable(path, error) from error
    except UnicodeDecodeError as error:
        raise ImportFileError("the table is not in UTF-8", where=str(path), hint="save it as CSV in UTF-8") from error
    except csv.Error as error:
        raise ImportFileError(
            f"the table is broken: {error}", where=str(path), hint="texts with commas or line breaks need quotes"
        ) from error


def _parquet(path: Path) -> Iterator[tuple[list[str], str]]:
    try:
        file = pq.ParquetFile(path)
        if file.metadata.num_rows > MOST_ROWS:
            raise ImportFileError(
                f"the table has {file.metadata.num_rows} rows, too many",
                where=str(path),
                hint=f"give a table a run, with {MOST_ROWS:,} rows at most",
            )
        yield [clean_text(name) for name in file.schema_arrow.names], str(path)
        number = 0
        for batch in file.iter_batches(batch_size=1024):
            for row in batch.to_pylist():
                number += 1
                yield [_text(value) for value in row.values()], f"{path}, row {number}"
    except OSError as error:
        raise unreadable(path, error) from error
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise ImportFileError("no Parquet file that can be read", where=str(path), hint=COPY_AGAIN) from error


def _json(path: Path) -> Iterator[tuple[list[str], str]]:
    rows = parse_json(read_bounded(path, LARGEST_DOCUMENT), str(path))
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ImportFileError("a JSON list of objects is expected", where=str(path))
    columns = list(dict.fromkeys(name for row in rows for name in row))
    yield [clean_text(name) for name in columns], str(path)
    for number, row in enumerate(rows, 1):
        yield [_text(row.get(name)) for name in columns], f"{path}, object {number}"


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, int) and abs(value) >= 10**18:
        return f"{value:x}"
    return clean_text(str(value))
