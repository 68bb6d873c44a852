"""Plain tables of accuracies: long (`source,target,seed,accuracy,n`) or wide (a row a model, a column a task).

In a long table the base's rows have `base` as their source. In a wide one the first column names the models, one of
which is called base, or is named by `--base`; a column `n` is not possible there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from spillover.core.errors import ImportFileError, nearest
from spillover.core.published import PGFTable
from spillover.core.scores import BASE_SOURCE
from spillover.interop.found import Aggregate, FoundRun, Metric, Place, ReadingOptions, describe_scale
from spillover.interop.json_text import WRITE_OR_LEAVE
from spillover.interop.table_rows import Row, read_header, read_table
from spillover.interop.task_names import is_known, settle_name, spelt_nearly_as

LONG = ("source", "target", "accuracy")
OPTIONAL = ("seed", "n")
FIRST = frozenset({"", "model", "run", "name", "adapter", "checkpoint", "source"})
SUMMARIES = frozenset({"average", "avg", "mean", "overall", "macro", "micro"})
"""Words that name no task, but what a table makes of several; alone, or with those below."""
MEASURES = frozenset({"", "acc", "accuracy", "score"})
TABLES = (".csv", ".tsv", ".parquet", ".xlsx")


class AccuracyTables:
    """Reader of plain tables."""

    name = "accuracy-table"

    def claims(self, path: Path) -> bool:
        """A long table by its columns; a wide one where most columns are tasks that are known, or a row is the base."""
        if path.suffix not in TABLES:
            return False
        header = [name.casefold() for name in read_header(path)]
        if set(LONG) <= set(header):
            return True
        if len(header) < 2 or FIRST.isdisjoint(_words(header[0])) or {"split", "prediction"} & set(header):
            return False
        known = sum(is_known(settle_name(name)) or spelt_nearly_as(name) is not None for name in read_header(path)[1:])
        return 2 * known >= len(header) - 1 or any(
            row.cells[_first(row)].strip() == BASE_SOURCE for row in read_table(path)
        )

    def find(self, files: Sequence[Path], options: ReadingOptions) -> list[FoundRun | PGFTable]:
        """One run a source and seed of a long table, one a row of a wide one."""
        return [run for file in files for run in self._runs(file, options)]

    def _runs(self, file: Path, options: ReadingOptions) -> Iterator[FoundRun]:
        header = [name.casefold() for name in read_header(file)]
        if not header:
            raise ImportFileError("the table is empty", where=str(file), hint=WRITE_OR_LEAVE)
        long = "accuracy" in header or "target" in header
        rows = list(_long(file, header)) if long else list(_wide(file))
        if not rows:
            raise ImportFileError("there are no rows after the header", where=str(file), hint=WRITE_OR_LEAVE)
        summaries = sorted({cell.row.task for cell in rows if _is_summary(cell.row.task)})
        rows = [cell for cell in rows if cell.row.task not in summaries]
        maximum, evidence = _scale(file, rows, options)
        metric = Metric(name="accuracy", maximum=maximum, direction=options.direction or "higher", evidence=evidence)
        runs: dict[tuple[str, Place | None], list[Aggregate]] = {}
        for cell in rows:
            runs.setdefault((cell.run, cell.place), []).append(cell.row)
        for (name, place), mine in runs.items():
            yield FoundRun(
                name=name,
                format=self.name,
                files=(file,),
                metric=metric,
                aggregates=tuple(mine),
                tasks=tuple(row.task for row in mine),
                place=place,
                notes=tuple(f"{name!r} is left out: a summary of tasks is no task" for name in summaries),
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    """One accuracy of a table."""

    run: str
    place: Place | None
    row: Aggregate
    is_percent: bool
    """Whether it bears a percent sign."""


def _scale(file: Path, cells: Sequence[_Cell], options: ReadingOptions) -> tuple[float | None, str]:
    signs = {cell.is_percent for cell in cells}
    if len(signs) > 1:
        hint = "write all of them as 0.25, or all as 25%"
        raise ImportFileError("some accuracies bear a percent sign and others none", where=str(file), hint=hint)
    if True in signs:
        return 100.0, "percent: the numbers bear its sign"
    return describe_scale([cell.row.value for cell in cells], options)


def _words(name: str) -> list[str]:
    """The words of a column's name; of an empty one, the empty word."""
    return re.split(r"[\W_]+", name.casefold())


def _is_summary(task: str) -> bool:
    words = set(_words(task))
    return not SUMMARIES.isdisjoint(words) and words <= SUMMARIES | MEASURES


def _number(row: Row, column: str) -> tuple[float | None, bool]:
    """A number, and whether it bears a percent sign."""
    text = row.cells[column].strip()
    if text.endswith("%"):
        return Row({column: text[:-1]}, row.where).number(column), True
    return row.number(column), False


def _long(file: Path, header: list[str]) -> Iterator[_Cell]:
    hint = f"a long table has the columns {', '.join(LONG)} and, where known, {', '.join(OPTIONAL)}"
    for name in header:
        if name not in (*LONG, *OPTIONAL):
            message = f"unknown column {name!r}; {nearest(name, (*LONG, *OPTIONAL))}"
            raise ImportFileError(message, where=str(file), hint=hint)
    if missing := [name for name in LONG if name not in header]:
        raise ImportFileError(f"the column {missing[0]!r} is missing", where=str(file), hint=hint)
    for row in read_table(file):
        cells = Row({name.casefold(): text for name, text in row.cells.items()}, row.where)
        value, is_percent = _number(cells, "accuracy")
        source, target = cells.cells["source"].strip(), cells.cells["target"].strip()
        if value is None or not source or not target:
            hint = "leave out rows without a number"
            raise ImportFileError("a row lacks its source, target or accuracy", where=row.where, hint=hint)
        seed = _whole(cells, "seed", 0)
        if source.casefold() == BASE_SOURCE:
            source = BASE_SOURCE
        name = source if seed is None else f"{source}-seed{seed}"
        seed = 0 if seed is None and source != BASE_SOURCE else seed
        aggregate = Aggregate(task=target, value=value, examples=_whole(cells, "n", 1), where=row.where)
        yield _Cell(run=name, place=Place(source=source, seed=seed), row=aggregate, is_percent=is_percent)


def _wide(file: Path) -> Iterator[_Cell]:
    for row in read_table(file):
        first = _first(row)
        name = row.cells[first].strip()
        if not name:
            raise ImportFileError("a row has no name", where=row.where, hint="the first column names the models")
        place = Place(source=BASE_SOURCE) if name.casefold() == BASE_SOURCE else None
        for column in row.cells:
            value, is_percent = (None, False) if column == first else _wide_number(row, column)
            if value is not None:
                aggregate = Aggregate(task=column, value=value, examples=None, where=row.where)
                yield _Cell(run=name, place=place, row=aggregate, is_percent=is_percent)


def _wide_number(row: Row, column: str) -> tuple[float | None, bool]:
    try:
        return _number(row, column)
    except ImportFileError as error:
        message = f"the column {column!r} holds {row.cells[column][:40]!r}, no accuracy"
        hint = (
            "a wide table holds a task's accuracies in every column but the first; "
            f"a long one has the columns {', '.join(LONG)}: give them these names"
        )
        raise ImportFileError(message, where=row.where, hint=hint) from error


def _first(row: Row) -> str:
    return next(iter(row.cells))


def _whole(row: Row, column: str, least: int) -> int | None:
    value = row.number(column)
    if value is None:
        return None
    if value != int(value) or not least <= value < 2**31:
        message = f"{column} {value:g} is no whole number from {least} on"
        raise ImportFileError(message, where=row.where, hint=f"leave {column} empty where it is not known")
    return int(value)
