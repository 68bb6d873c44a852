"""Transferability against malleability: who gives, who takes, and what noise alone would make of either."""

from __future__ import annotations

from dataclasses import dataclass

from spillover.analysis import ModelFindings
from spillover.report.figures.tasks import Amount, amounts_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfilePoint:
    """A task that is both source and target."""

    name: str
    short: str
    gives: Amount
    takes: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiles:
    """The same tasks twice: by what helps, and by what harms."""

    positive: tuple[ProfilePoint, ...]
    negative: tuple[ProfilePoint, ...]


def profiles_of(model: ModelFindings) -> Profiles:
    """Pair what every task gives with what it takes.

    Complexity: O(tasks).
    """
    gives, takes = amounts_of(model, "transferability"), amounts_of(model, "malleability")
    short = model.matrix.abbreviations

    def points(sign: int) -> tuple[ProfilePoint, ...]:
        return tuple(
            ProfilePoint(name=name, short=short.get(name, name), gives=gives[name][sign], takes=takes[name][sign])
            for name in gives
            if name in takes
        )

    return Profiles(positive=points(0), negative=points(1))
