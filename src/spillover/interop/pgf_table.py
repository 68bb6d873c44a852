"""Reader of published PGF tables: CSV with the columns `seed,ft_task,task,perfection_gap_factor`.

The format of the authors of Sachdeva et al., CVPR 2026 (arXiv 2511.18787). Columns may stand in any order; others are
refused, because a table with more columns is a different table.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from spillover.core.errors import ImportFileError, nearest
from spillover.core.published import PGFRow, PGFTable
from spillover.interop.found import FoundRun, ReadingOptions
from spillover.interop.json_text import LARGEST_DOCUMENT, read_bounded, read_head
from spillover.interop.task_names import refuse_control
from spillover.tasks.catalogue import BLINK, IQ_TEST

COLUMNS = ("seed", "ft_task", "task", "perfection_gap_factor")
NO_NUMBER = frozenset({"", "nan", "na", "null", "none"})
IQ_TEST_EXAMPLES = 150


def read_pgf_table(path: Path | str, model: str | None = None) -> PGFTable:
    """Read a published table of PGFs, strictly.

    Args:
        path: the CSV file.
        model: name of the model; the file's own name without `.csv` and `pgf_` where it is not given.

    Raises:
        ImportFileError: the file cannot be read, has other columns, a row of another width, a number that is none, or
            no rows.
    """
    file, where = Path(path), str(path)
    try:
        text = read_bounded(file, LARGEST_DOCUMENT).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ImportFileError(f"cannot read the file: {error}", where=where, hint="give a CSV file in UTF-8") from error
    reader = csv.reader(text.splitlines())
    try:
        order = _read_header(next(reader, []), where)
        rows = tuple(_read_row(cells, order, f"{where}:{reader.line_num}") for cells in reader if cells)
    except csv.Error as error:
        raise ImportFileError(
            f"the table is broken: {error}",
            where=f"{where}:{reader.line_num}",
            hint="texts with commas or line breaks need quotes",
        ) from error
    if not rows:
        raise ImportFileError("there are no rows after the header", where=where, hint=f"columns: {','.join(COLUMNS)}")
    refuse_control((name for row in rows for name in (row.source, row.target, str(row.seed))), "task or seed")
    known = {entry.task.name: entry.validation_examples for entry in BLINK} | {IQ_TEST.name: IQ_TEST_EXAMPLES}
    return PGFTable(
        model=model or file.stem.removeprefix("pgf_"),
        rows=rows,
        examples={row.target: known[row.target] for row in rows if row.target in known},
        origin=where,
    )


def _read_header(header: list[str], where: str) -> list[int]:
    names = [name.strip() for name in header]
    for name in names:
        if name not in COLUMNS:
            hint = f"a PGF table has exactly the columns {','.join(COLUMNS)}"
            raise ImportFileError(f"unknown column {name!r}; {nearest(name, COLUMNS)}", where=f"{where}:1", hint=hint)
    if missing := [name for name in COLUMNS if names.count(name) != 1]:
        hint = f"write each of {','.join(COLUMNS)} once"
        raise ImportFileError(f"columns missing or twice: {', '.join(missing)}", where=f"{where}:1", hint=hint)
    return [names.index(name) for name in COLUMNS]


def _read_row(cells: list[str], order: list[int], where: str) -> PGFRow:
    if len(cells) != len(COLUMNS):
        hint = "names with commas need quotes"
        raise ImportFileError(f"{len(cells)} cells where {len(COLUMNS)} are expected", where=where, hint=hint)
    seed, source, target, value = (cells[index].strip() for index in order)
    if not (seed and source and target):
        raise ImportFileError("a seed or task has no name", where=where, hint="fill the empty cell")
    return PGFRow(seed=_read_seed(seed), source=source, target=target, pgf=_read_number(value, where))


def _read_seed(text: str) -> int | str:
    return int(text) if text.isdecimal() and len(text) < 10 else text


def _read_number(text: str, where: str) -> float:
    if text.casefold() in NO_NUMBER:
        return float("nan")
    try:
        value = float(text)
    except ValueError as error:
        hint = "write a fraction such as 0.25, with a point; write nan where there is no number"
        raise ImportFileError(f"{text!r} is no number", where=where, hint=hint) from error
    if value in (float("inf"), float("-inf")):
        raise ImportFileError("the PGF is infinite", where=where, hint="write nan where the base has no gap to close")
    return value


class PGFTables:
    """Reader of published tables of PGFs, among the readers of other formats."""

    name = "pgf-table"

    def claims(self, path: Path) -> bool:
        """A CSV file with exactly these columns."""
        if path.suffix != ".csv":
            return False
        header = read_head(path).partition("\n")[0]
        return sorted(name.strip(' "\r') for name in header.split(",")) == sorted(COLUMNS)

    def find(self, files: Sequence[Path], options: ReadingOptions) -> list[FoundRun | PGFTable]:
        """One table a file."""
        return [read_pgf_table(file, options.model if len(files) == 1 else None) for file in files]
