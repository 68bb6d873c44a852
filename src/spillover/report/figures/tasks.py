"""Every task in a few figures: what it gives, what it takes, from whom, and which personas it holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan, nan

import numpy as np

from spillover.analysis import ModelFindings
from spillover.analysis.frame import Derived
from spillover.analysis.personas import PERSONAS, Personas
from spillover.analysis.records import BaseRecord
from spillover.core.numbers import brief
from spillover.report.figures.matrix import levels_of

LISTED = 3
"""Donors and pirates named on a card."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """Another task, and the PGF between the two."""

    name: str
    short: str
    pgf: float
    q: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """A damped sum of PGFs with its interval and what noise alone would give; NaN where not known."""

    value: float
    low: float
    high: float
    floor: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCard:
    """One task."""

    name: str
    short: str
    level: str | None
    granularity: str | None
    tested: tuple[str, ...]
    """Personas that stand a test."""
    raw: tuple[str, ...]
    """Other personas of the paper's kind, descriptive."""
    base: BaseRecord | None
    """None for a task that is no target."""
    gives: tuple[Amount, Amount] | None
    """Positive and negative transferability; None for a task that is no source."""
    takes: tuple[Amount, Amount] | None
    """Positive and negative malleability; None for a task that is no target."""
    donors: tuple[Other, ...]
    """Other tasks that help it most when finetuned on, the best first; none that help by less than is seen."""
    pirates: tuple[Other, ...]
    """Other tasks that harm it most, the worst first."""


def cards_of(model: ModelFindings) -> list[TaskCard]:
    """Describe every task, sources and targets in the order of the matrix.

    Complexity: O(cells).
    """
    levels, granularities = levels_of(model), _granularities(model)
    gives, takes = amounts_of(model, "transferability"), amounts_of(model, "malleability")
    names = dict.fromkeys((*model.matrix.sources, *model.matrix.targets))
    cards: list[TaskCard] = []
    for name in names:
        tested, raw = (_held(kind, name) for kind in (model.personas.calibrated, model.personas.raw))
        others = _onto(model, name)
        cards.append(
            TaskCard(
                name=name,
                short=model.matrix.abbreviations.get(name, name),
                level=levels.get(name),
                granularity=granularities.get(name),
                tested=tested,
                raw=tuple(persona for persona in raw if persona not in tested),
                base=model.base.get(name),
                gives=gives.get(name),
                takes=takes.get(name),
                donors=tuple(other for other in others if other.pgf > 0 and _is_seen(other))[:LISTED],
                pirates=tuple(other for other in reversed(others) if other.pgf < 0 and _is_seen(other))[:LISTED],
            )
        )
    return cards


def _is_seen(other: Other) -> bool:
    """Whether it is other than 0 in the decimals that a card has room for."""
    return brief(other.pgf) != brief(0.0)


def amounts_of(model: ModelFindings, side: str) -> dict[str, tuple[Amount, Amount]]:
    """Collect transferability or malleability of every task, positive and negative.

    Args:
        model: one model's findings.
        side: `transferability` or `malleability`.
    """
    summary = model.summary
    names = summary.frame.sources if side == "transferability" else summary.frame.targets
    spread = summary.spread
    parts: list[list[Amount]] = []
    for sign in ("positive", "negative"):
        known: Mapping[str, float] = getattr(getattr(summary, side), sign)
        low, high, floor = (
            (_column(derived, side, sign) for derived in (spread.low, spread.high, spread.floor))
            if spread
            else ([nan] * len(names),) * 3
        )
        parts.append(
            [
                Amount(value=known.get(name, nan), low=low[place], high=high[place], floor=floor[place])
                for place, name in enumerate(names)
            ]
        )
    pairs = zip(names, *parts, strict=True)
    return {name: (positive, negative) for name, positive, negative in pairs if not isnan(positive.value)}


def _column(derived: Derived, side: str, sign: str) -> list[float]:
    return getattr(getattr(derived, side), sign).tolist()


def _held(personas: Personas, name: str) -> tuple[str, ...]:
    return tuple(persona for persona in PERSONAS if name in getattr(personas, persona))


def _granularities(model: ModelFindings) -> dict[str, str]:
    found = next((group for group in model.groups if group.attribute == "granularity"), None)
    return {task: value for value in found.groups for task in found.members[value]} if found else {}


def _onto(model: ModelFindings, target: str) -> list[Other]:
    """Transfers onto a task from the others, the best first."""
    matrix = model.matrix
    if target not in matrix.targets:
        return []
    column = matrix.targets.index(target)
    rows = np.flatnonzero(model.summary.frame.transfer[:, column]).tolist()
    rows.sort(key=lambda row: -matrix.values[row, column])
    return [
        Other(
            name=matrix.sources[row],
            short=matrix.abbreviations.get(matrix.sources[row], matrix.sources[row]),
            pgf=float(matrix.values[row, column]),
            q=float(model.cells.q[row, column]),
        )
        for row in rows
    ]
