"""Matrices of the page as tables: coloured by classes, so that a browser chooses the colours for light and dark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan

import numpy as np

from spillover.analysis import ModelFindings
from spillover.analysis.differences import Difference
from spillover.core.numbers import brief
from spillover.report.colours import colour_of, ink_on, saturation
from spillover.report.figures.matrix import Layer, layers_of
from spillover.report.words import sign_of

MOST_TABULATED = 50
"""Tasks beyond which a matrix is no table on the page: a browser would be slow, and nobody reads it."""
TABULATED = ("raw", "calibrated", "control")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One coloured cell."""

    text: str
    title: str
    classes: str
    share: float
    """Of the way from neutral to the full colour, 0–1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Map:
    """A matrix as a table."""

    title: str
    note: str
    columns: list[tuple[str, str]]
    """Short name and full name of each target."""
    base: list[str]
    rows: list[tuple[str, str, list[Cell]]]
    """Short name, full name, cells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupTable:
    """Transfers between groups of tasks."""

    attribute: str
    names: tuple[str, ...]
    rows: list[tuple[str, int, list[Cell], tuple[float, float, float, float]]]
    """Group, its size, its cells, and what it gives (+, −) and takes (+, −) on average."""


def maps_of(model: ModelFindings) -> list[Map]:
    """Tabulate the matrices that are read side by side: raw, calibrated, of controls; none for no or too many tasks."""
    if not model.matrix.sources or max(len(model.matrix.sources), len(model.matrix.targets)) > MOST_TABULATED:
        return []
    return [tabulate(layer, model) for layer in layers_of(model) if layer.name.split()[0] in TABULATED]


def difference_map(difference: Difference) -> Map | None:
    """Tabulate what changed from one model to another; None for too many tasks."""
    matrix = difference.matrix
    if max(len(matrix.sources), len(matrix.targets)) > MOST_TABULATED:
        return None
    limit, short = saturation(matrix.values), matrix.abbreviations
    rows = [
        (
            short.get(source, source),
            source,
            [paint(value, limit, f"{source} → {target}") for target, value in zip(matrix.targets, values, strict=True)],
        )
        for source, values in zip(matrix.sources, matrix.values.tolist(), strict=True)
    ]
    columns = [(short.get(target, target), target) for target in matrix.targets]
    return Map(title=matrix.title, note="change of PGF", columns=columns, base=[], rows=rows)


def tabulate(layer: Layer, model: ModelFindings) -> Map:
    """Tabulate one matrix of a model."""
    short = model.matrix.abbreviations
    reasons = {(cell.source, cell.target): cell.reason for cell in model.matrix.undefined}
    rows = [
        (
            short.get(source, source),
            source,
            [
                paint(value, layer.limit, f"{source} → {target}", reasons.get((source, target), ""))
                for target, value in zip(layer.targets, values, strict=True)
            ],
        )
        for source, values in zip(layer.sources, layer.values.tolist(), strict=True)
    ]
    return Map(
        title=layer.title,
        note=layer.note,
        columns=[(short.get(target, target), target) for target in layer.targets],
        base=_two_decimals(layer.targets, layer.base),
        rows=rows,
    )


def _two_decimals(names: tuple[str, ...], values: Mapping[str, float | None]) -> list[str]:
    found = [values.get(name) for name in names]
    return ["" if value is None else brief(value).removeprefix("+") for value in found]


def paint(value: float, limit: float, title: str = "", reason: str = "") -> Cell:
    """Colour one cell.

    Args:
        value: NaN where undefined.
        limit: the magnitude of the full colour.
        title: what the cell is of.
        reason: why it is undefined.
    """
    text, sign = brief(value), sign_of(value)
    strong = ink_on(colour_of(value, limit)) == (255, 255, 255)
    return Cell(
        text=text,
        title=f"{title}: {reason or text}",
        classes=" ".join(filter(None, ("cell", sign, "strong" if strong else ""))),
        share=0.0 if isnan(value) else round(min(abs(value) / limit, 1.0), 3),
    )


def group_tables(model: ModelFindings) -> list[GroupTable]:
    """Tabulate transfers from group to group, where there are groups to tell apart."""
    tables: list[GroupTable] = []
    for grouping in model.groups:
        if len(grouping.groups) < 2 or np.isnan(grouping.pgf).all():
            continue
        limit = saturation(grouping.pgf)
        rows = [
            (
                group,
                len(grouping.members[group]),
                [paint(value, limit) for value in values],
                (*grouping.transferability[group], *grouping.malleability[group]),
            )
            for group, values in zip(grouping.groups, grouping.pgf.tolist(), strict=True)
        ]
        tables.append(GroupTable(attribute=grouping.attribute, names=grouping.groups, rows=rows))
    return tables
