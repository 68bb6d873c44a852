"""Findings as tables in a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from math import isnan

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from spillover.analysis import Findings, ModelFindings, TransferMatrix
from spillover.report.colours import colour_limit, colour_of, ink_on


def findings_in_terminal(findings: Findings) -> RenderableType:
    """Lay findings out: every model's matrices, what they mean, and what a reviewer would ask."""
    parts: list[RenderableType] = []
    for model in findings.models:
        parts += [*_matrices(model), _profiles(model)]
    parts.append(Group(*(Text(f"• {sentence}") for sentence in findings.sentences)))
    warnings = [warning.text for model in findings.models for warning in model.warnings]
    parts.append(Group(*(Text(f"! {text}", style="yellow") for text in warnings)))
    return Group(*(Padding(part, (0, 0, 1, 0)) for part in parts))


def _matrices(model: ModelFindings) -> Iterator[Table]:
    base = {name: record.accuracy for name, record in model.base.items()}
    title = f"PGF · {model.model} · {model.protocol}"
    yield matrix_table(model.matrix, title, base)
    if model.calibrated is not None:
        calibrated = {name: record.calibrated for name, record in model.base.items()}
        yield matrix_table(model.calibrated.matrix, f"{title} · answer prior taken out", calibrated)
    for control in model.controls:
        yield matrix_table(control.control, f"{title} · control: {control.kind} answers", base)


def matrix_table(matrix: TransferMatrix, title: str, base: dict[str, float | None]) -> Table:
    """Colour a matrix: rows finetuned, columns evaluated, the base's scores on top."""
    limit = colour_limit(matrix.values.flatten().tolist())
    table = Table(title=title, title_justify="left", box=None, padding=(0, 0), pad_edge=False, collapse_padding=True)
    table.add_column("finetuned ↓  evaluated →", no_wrap=True)
    short = matrix.abbreviations
    for target in matrix.targets:
        table.add_column(short.get(target, target), justify="right", min_width=6)
    if any(base.get(target) is not None for target in matrix.targets):
        cells = [base.get(target) for target in matrix.targets]
        table.add_row("base accuracy", *("" if cell is None else f" {cell:.2f} " for cell in cells), style="dim")
    for source, row in zip(matrix.sources, matrix.values.tolist(), strict=True):
        name = f"{short[source]} {source}" if source in short else source
        table.add_row(f"{name} ", *(_cell(value, limit) for value in row))
    return table


def _cell(value: float, limit: float) -> Text:
    if isnan(value):
        return Text("  –   ")
    background = colour_of(value, limit)
    ink = ink_on(background)
    return Text(f"{value:+.2f} ".rjust(6), style=f"rgb{ink} on rgb{background}".replace(" ", "", 0).replace(", ", ","))


def _profiles(model: ModelFindings) -> Table:
    table = Table(title="to others as a source, from others as a target", title_justify="left", box=None)
    for head in ("task", "transferability +", "−", "malleability +", "−"):
        table.add_column(head, justify="left" if head == "task" else "right")
    given, taken = model.summary.transferability, model.summary.malleability
    names = dict.fromkeys((*given.positive, *taken.positive))
    for name in names:
        values = [side.get(name) for side in (given.positive, given.negative, taken.positive, taken.negative)]
        table.add_row(name, *("" if value is None else f"{value:.3f}" for value in values))
    return table
