"""Findings as tables in a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isnan

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from spillover.analysis import Findings, ModelFindings, TransferMatrix
from spillover.report.colours import colour_limit, colour_of, ink_on

CELL = 5
"""Characters of a cell: thirteen of them and abbreviations fit on a line of eighty."""


def findings_in_terminal(findings: Findings, width: int) -> RenderableType:
    """Lay findings out: every model's matrices, what they mean, and what a reviewer would ask.

    Args:
        findings: of one or more models.
        width: characters of a line; where full names do not fit, abbreviations stand alone.
    """
    parts: list[RenderableType] = []
    for model in findings.models:
        parts += [*_matrices(model, width), _profiles(model), *_warnings(model)]
    parts.append(Group(*(Text(f"• {sentence}") for sentence in findings.sentences)))
    return Group(*(Padding(part, (0, 0, 1, 0)) for part in parts))


def _matrices(model: ModelFindings, width: int) -> Iterator[RenderableType]:
    base = {name: record.accuracy for name, record in model.base.items()}
    title = f"PGF · {model.model} · {model.protocol}"
    yield matrix_table(model.matrix, title, base, width)
    if model.calibrated is not None:
        calibrated = {name: record.calibrated for name, record in model.base.items()}
        yield matrix_table(model.calibrated.matrix, f"{title} · answer prior taken out", calibrated, width)
    for control in model.controls:
        yield matrix_table(control.control, f"{title} · control: {control.kind} answers", base, width)


def matrix_table(matrix: TransferMatrix, title: str, base: Mapping[str, float | None], width: int) -> RenderableType:
    """Colour a matrix: rows finetuned, columns evaluated, the base's scores on top."""
    limit = colour_limit(matrix.values.flatten().tolist())
    short = matrix.abbreviations
    labels = _labels(matrix, width - CELL * len(matrix.targets))
    table = Table(box=None, padding=(0, 0), pad_edge=False)
    table.add_column("on ↓  to →", no_wrap=True)
    for target in matrix.targets:
        table.add_column(short.get(target, target), justify="right", min_width=CELL, no_wrap=True)
    if any(base.get(target) is not None for target in matrix.targets):
        scores = [base.get(target) for target in matrix.targets]
        table.add_row("base ", *("" if score is None else _short(score) for score in scores), style="dim")
    for source, row in zip(matrix.sources, matrix.values.tolist(), strict=True):
        table.add_row(f"{labels[source]} ", *(_cell(value, limit) for value in row))
    return Group(Text(title, style="bold"), table)


def _labels(matrix: TransferMatrix, room: int) -> dict[str, str]:
    full = {name: f"{matrix.abbreviations.get(name, '')} {name}".strip() for name in matrix.sources}
    if max(map(len, full.values())) < room:
        return full
    return {name: matrix.abbreviations.get(name, name) for name in matrix.sources}


def _cell(value: float, limit: float) -> Text:
    if isnan(value):
        return Text("–")
    background = colour_of(value, limit)
    paint = "rgb({},{},{}) on rgb({},{},{})".format(*ink_on(background), *background)
    return Text(f"{'+' if value > 0 else ''}{_short(value)}".rjust(CELL), style=paint)


def _short(value: float) -> str:
    """Two decimals, without a zero before the point."""
    text = f"{value:.2f}"
    return text.replace("0.", ".", 1) if abs(value) < 0.995 else text


def _profiles(model: ModelFindings) -> RenderableType:
    table = Table(box=None, padding=(0, 1), pad_edge=False)
    for head in ("task", "gives +", "gives −", "takes +", "takes −"):
        table.add_column(head, justify="left" if head == "task" else "right")
    given, taken = model.summary.transferability, model.summary.malleability
    for name in dict.fromkeys((*given.positive, *taken.positive)):
        values = [side.get(name) for side in (given.positive, given.negative, taken.positive, taken.negative)]
        table.add_row(name, *("" if value is None else f"{value:.3f}" for value in values))
    return Group(Text("transferability (gives) and malleability (takes)", style="bold"), table)


def _warnings(model: ModelFindings) -> Iterator[RenderableType]:
    if model.warnings:
        yield Group(*(Text(f"! {model.title}: {warning.text}", style="yellow") for warning in model.warnings))
