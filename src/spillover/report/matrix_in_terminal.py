"""Matrices in a terminal: coloured, in as many parts as fit below each other, with short names explained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from spillover.analysis import TransferMatrix
from spillover.core.numbers import brief
from spillover.report.colours import colour_of, ink_on
from spillover.report.words import left_out_prefix

CELL = 5
"""Characters of a cell: thirteen of them and abbreviations fit on a line of eighty."""
WIDEST = 12
"""Characters of a column at most, whatever it is called."""
CORNER = "on ↓  to →"


@dataclass(frozen=True, slots=True)
class ColourScale:
    """What the colours of matrices mean, where there are any: not in a file, nor on a terminal without them."""

    limit: float

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if console.color_system is None or console.no_color:
            return
        steps = [self.limit * share for share in (-1, -0.5, 0, 0.5, 1)]
        cells = [(brief(step).rjust(CELL), _paint(step, self.limit)) for step in steps]
        yield Text.assemble(("colours: ", "dim"), *cells)


def matrix_table(
    matrix: TransferMatrix, title: str, base: Mapping[str, float | None], width: int, limit: float
) -> RenderableType:
    """Colour a matrix: rows finetuned, columns evaluated, the base's scores on top; `limit` saturates the colours."""
    column = _column(matrix)
    labels = label_rows(matrix.sources, matrix.abbreviations, width - column * len(matrix.targets))
    beside = min(max(map(len, (CORNER, *labels.values()))) + 1, width // 2)
    fitting = max((width - beside) // column, 1)
    parts = [range(len(matrix.targets))[first : first + fitting] for first in range(0, len(matrix.targets), fitting)]
    return Group(Text(title, style="bold"), *(_columns(matrix, part, labels, base, limit) for part in parts))


def _columns(
    matrix: TransferMatrix, part: range, labels: Mapping[str, str], base: Mapping[str, float | None], limit: float
) -> Table:
    """Lay out as many columns of a matrix as fit beside each other."""
    targets, short = [matrix.targets[place] for place in part], matrix.abbreviations
    column = _column(matrix)
    table = Table(box=None, padding=(0, 0), pad_edge=False)
    table.add_column(CORNER, no_wrap=True)
    for target in targets:
        head = Text(short.get(target, target))
        head.truncate(column - 1, overflow="ellipsis")
        table.add_column(head, justify="right", min_width=column, no_wrap=True)
    if any(base.get(target) is not None for target in matrix.targets):
        scores = [base.get(target) for target in targets]
        table.add_row(
            "base ", *("" if score is None else brief(score).removeprefix("+") for score in scores), style="dim"
        )
    for source, row in zip(matrix.sources, matrix.values.tolist(), strict=True):
        table.add_row(Text(f"{labels[source]} "), *(paint_cell(row[place], limit) for place in part))
    return table


def _column(matrix: TransferMatrix) -> int:
    """Characters of a column: its name in short, and a space before it."""
    longest = max((len(matrix.abbreviations.get(target, target)) for target in matrix.targets), default=0)
    return min(max(CELL, longest + 1), WIDEST)


def label_rows(names: tuple[str, ...], short: Mapping[str, str], room: int) -> dict[str, str]:
    """Name tasks by their short and their full names, or in short where that is wider than `room` characters."""
    full = {name: name if short.get(name, name) == name else f"{short[name]} {name}" for name in names}
    if max(map(len, full.values()), default=0) < room:
        return full
    return {name: short.get(name, name) for name in names}


def explain_names(matrix: TransferMatrix, width: int) -> list[str]:
    """Say what the abbreviations mean of tasks that are no row, or whose full names do not fit beside theirs."""
    labels = label_rows(matrix.sources, matrix.abbreviations, width - _column(matrix) * len(matrix.targets))
    names = dict.fromkeys((*matrix.sources, *matrix.targets))
    meanings = {name: matrix.abbreviations.get(name, name) for name in names}
    prefix = left_out_prefix(meanings)
    told = [
        f"{short}={name}"
        for name, short in meanings.items()
        if labels.get(name, short) == short != name and prefix + short != name
    ]
    return [*([f"names without {prefix}"] if prefix else []), *told]


def paint_cell(value: float, limit: float) -> Text:
    """Write a value on its colour."""
    return Text(brief(value).rjust(CELL), style="" if isnan(value) else _paint(value, limit))


def _paint(value: float, limit: float) -> str:
    background = colour_of(value, limit)
    return "rgb({},{},{}) on rgb({},{},{})".format(*ink_on(background), *background)
