"""Which column of a long table holds what, under the names that such columns usually have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from spillover.core.errors import ImportFileError, nearest

NEEDED = ("source", "target", "accuracy")
OPTIONAL = ("seed", "n", "metric")
NAMED: Mapping[str, tuple[str, ...]] = {
    "source": ("source", "ft_task", "model", "run", "adapter", "checkpoint"),
    "target": ("target", "task", "dataset", "benchmark"),
    "accuracy": ("accuracy", "acc", "score"),
    "seed": ("seed",),
    "n": ("n", "count", "examples"),
    "metric": ("metric",),
}
"""By what a column holds: what it may be called."""
SOURCES = frozenset({"source", "ft_task"})
"""Columns of sources themselves; in the others a run's name says what it was finetuned on."""
HINT = f"a long table has the columns {', '.join(NEEDED)} and, where known, {', '.join(OPTIONAL)}"


def holds_long_table(header: Sequence[str]) -> bool:
    """Whether a table's columns are those of a long one, by whatever usual names."""
    folded = {name.casefold() for name in header}
    return all(not folded.isdisjoint(NAMED[what]) for what in NEEDED)


def find_columns(header: Sequence[str], where: str) -> dict[str, str]:
    """Find the column that holds each thing.

    Returns:
        By what it holds, `source` and so on: the column as the table names it.

    Raises:
        ImportFileError: one is missing, two may hold the same, or it is not known what one holds.

    >>> find_columns(["model", "dataset", "score"], "t.csv")
    {'source': 'model', 'target': 'dataset', 'accuracy': 'score'}
    """
    columns: dict[str, str] = {}
    for what, names in NAMED.items():
        found = list(dict.fromkeys(name for name in header if name.casefold() in names))
        if len(found) > 1:
            message = f"the columns {' and '.join(map(repr, found))} may each hold the {what}"
            raise ImportFileError(message, where=where, hint=f"call the right one {what!r}, and leave the others out")
        if found:
            columns[what] = found[0]
    for name in header:
        if name not in columns.values():
            allowed = (*NEEDED, *OPTIONAL)
            message = f"unknown column {name!r}; {nearest(name, allowed)}"
            raise ImportFileError(message, where=where, hint=f"{HINT}; leave others out")
    if missing := [what for what in NEEDED if what not in columns]:
        raise ImportFileError(f"the column {missing[0]!r} is missing", where=where, hint=HINT)
    return columns


def say_taken(columns: Mapping[str, str]) -> str:
    """Say which columns were taken for what, where their names do not say it; else nothing.

    >>> say_taken({"source": "model", "target": "target", "accuracy": "score"})
    'columns: model is source, score is accuracy'
    """
    other = [f"{name} is {what}" for what, name in columns.items() if name.casefold() != what]
    return f"columns: {', '.join(other)}" if other else ""
