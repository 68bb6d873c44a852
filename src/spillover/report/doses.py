"""The best single source at several doses, on the page: the rows of a table and the geometry of a chart, not drawn."""

from __future__ import annotations

from dataclasses import dataclass

from spillover.analysis.dose_curve import DoseCurve
from spillover.core.numbers import percent, signed
from spillover.report.figures.verdicts import COLOURS
from spillover.report.scales import find_range, find_ticks
from spillover.report.verdicts import estimate_text

WIDTH, HEIGHT = 420.0, 260.0
LEFT, RIGHT, TOP, BOTTOM = 52.0, 24.0, 16.0, 44.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseRow:
    """One dose; the whole one has nothing to be held against."""

    examples: str
    pgf: str
    linear: str
    """Without an interval: that of the miss says how sure the comparison is."""
    miss: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseMark:
    """One dose with its whisker, in the units of an SVG."""

    title: str
    name: str
    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseChart:
    """PGF by dose; on the dashed line it is linear."""

    width: float
    height: float
    left: float
    right: float
    bottom: float
    up: tuple[tuple[float, str], ...]
    """Place and text of each line across."""
    linear: tuple[float, float, float, float]
    """Ends of the dashed line: x, y, x, y."""
    colour: str
    marks: tuple[DoseMark, ...]


def dose_rows(curve: DoseCurve) -> list[DoseRow]:
    """Lay out the doses, the smallest first and the whole one last."""
    smaller = [
        DoseRow(
            examples=f"{point.examples:,} ({percent(point.dose)})",
            pgf=estimate_text(point.effect),
            linear=signed(point.linear.pgf, 2),
            miss=estimate_text(point.miss),
            outcome=point.outcome,
        )
        for point in curve.points
    ]
    return [*smaller, DoseRow(examples="all", pgf=estimate_text(curve.whole), linear="", miss="", outcome="")]


def lay_out_doses(curve: DoseCurve) -> DoseChart:
    """Place the doses, and the line from nothing to the whole dose."""
    doses = [*((point.dose, point.effect) for point in curve.points), (1.0, curve.whole)]
    bottom, top = find_range([effect for _, effect in doses])

    def x(dose: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * dose

    def y(value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (top - min(max(value, bottom), top)) / (top - bottom)

    return DoseChart(
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        right=WIDTH - RIGHT,
        bottom=HEIGHT - BOTTOM,
        up=tuple((y(value), signed(value, 2)) for value in find_ticks(bottom, top)),
        linear=(x(0.0), y(0.0), x(1.0), y(curve.whole.pgf)),
        colour=COLOURS["best single"],
        marks=tuple(
            DoseMark(
                title=f"{percent(dose)} of the examples: {estimate_text(effect)}",
                name=percent(dose),
                x=x(dose),
                y=y(effect.pgf),
                low=y(effect.low),
                high=y(effect.high),
            )
            for dose, effect in doses
        ),
    )
