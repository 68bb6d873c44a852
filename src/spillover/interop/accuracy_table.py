"""Plain tables of accuracies: long (`source,target,seed,accuracy,n`) or wide (a row a model, a column a task).

In a long table the base's rows have `base` as their source. In a wide one the first column names the models, one of
which is called base, or is named by `--base`; a column `n` is not possible there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from spillover.core.errors import ImportFileError, nearest
from spillover.core.published import PGFTable
from spillover.core.scores import BASE_SOURCE
from spillover.interop.found import Aggregate, FoundRun, Metric, Place, ReadingOptions, describe_scale
from spillover.interop.table_rows import Row, read_header, read_table
from spillover.interop.task_names import is_known, settle_name

LONG = ("source", "target", "accuracy")
OPTIONAL = ("seed", "n")
FIRST = frozenset({"", "model", "run", "name", "adapter", "checkpoint", "source"})
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
        if len(header) < 2 or header[0] not in FIRST or {"split", "overall", "prediction"} & set(header):
            return False
        known = sum(is_known(settle_name(name)) for name in header[1:])
        return 2 * known >= len(header) - 1 or any(
            row.cells[_first(row)].strip() == BASE_SOURCE for row in read_table(path)
        )

    def find(self, files: Sequence[Path], options: ReadingOptions) -> list[FoundRun | PGFTable]:
        """One run a source and seed of a long table, one a row of a wide one."""
        return [run for file in files for run in self._runs(file, options)]

    def _runs(self, file: Path, options: ReadingOptions) -> Iterator[FoundRun]:
        header = [name.casefold() for name in read_header(file)]
        if not header:
            raise ImportFileError("the table is empty", where=str(file))
        long = "accuracy" in header or "target" in header
        rows = list(_long(file, header)) if long else list(_wide(file))
        if not rows:
            raise ImportFileError("there are no rows after the header", where=str(file))
        maximum, evidence = describe_scale([row.value for _, _, row in rows], options)
        metric = Metric(name="accuracy", maximum=maximum, direction=options.direction or "higher", evidence=evidence)
        runs: dict[tuple[str, Place | None], list[Aggregate]] = {}
        for name, place, row in rows:
            runs.setdefault((name, place), []).append(row)
        for (name, place), mine in runs.items():
            yield FoundRun(
                name=name,
                format=self.name,
                files=(file,),
                metric=metric,
                aggregates=tuple(mine),
                tasks=tuple(row.task for row in mine),
                place=place,
            )


_Cell = tuple[str, Place | None, Aggregate]


def _long(file: Path, header: list[str]) -> Iterator[_Cell]:
    for name in header:
        if name not in (*LONG, *OPTIONAL):
            hint = f"a long table has the columns {', '.join(LONG)} and, where known, {', '.join(OPTIONAL)}"
            message = f"unknown column {name!r}; {nearest(name, (*LONG, *OPTIONAL))}"
            raise ImportFileError(message, where=str(file), hint=hint)
    if missing := [name for name in LONG if name not in header]:
        raise ImportFileError(f"the column {missing[0]!r} is missing", where=str(file))
    for row in read_table(file):
        cells = Row({name.casefold(): text for name, text in row.cells.items()}, row.where)
        value = cells.number("accuracy")
        source, target = cells.cells["source"].strip(), cells.cells["target"].strip()
        if value is None or not source or not target:
            hint = "leave out rows without a number"
            raise ImportFileError("a row lacks its source, target or accuracy", where=row.where, hint=hint)
        seed = _whole(cells, "seed")
        if source.casefold() == BASE_SOURCE:
            source = BASE_SOURCE
        name = source if seed is None else f"{source}-seed{seed}"
        seed = 0 if seed is None and source != BASE_SOURCE else seed
        aggregate = Aggregate(task=target, value=value, examples=_whole(cells, "n"), where=row.where)
        yield name, Place(source=source, seed=seed), aggregate


def _wide(file: Path) -> Iterator[_Cell]:
    for row in read_table(file):
        first = _first(row)
        name = row.cells[first].strip()
        if not name:
            raise ImportFileError("a row has no name", where=row.where, hint="the first column names the models")
        place = Place(source=BASE_SOURCE) if name.casefold() == BASE_SOURCE else None
        for column in row.cells:
            if column != first and (value := row.number(column)) is not None:
                yield name, place, Aggregate(task=column, value=value, examples=None, where=row.where)


def _first(row: Row) -> str:
    return next(iter(row.cells))


def _whole(row: Row, column: str) -> int | None:
    value = row.number(column)
    if value is None:
        return None
    if value != int(value) or not 0 <= value < 2**31:
        raise ImportFileError(f"{column} {value:g} is no whole number from 0 on", where=row.where)
    return int(value)
