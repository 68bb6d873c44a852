"""What mixtures did against what was predicted of them: the geometry of the page's chart, not drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from spillover.analysis.additivity import PredictedCell
from spillover.core.numbers import signed
from spillover.report.figures.verdicts import MOST_NAMED
from spillover.report.scales import find_range, find_ticks, spread_apart
from spillover.report.verdicts import estimate_text

WIDTH, HEIGHT = 520.0, 340.0
LEFT, RIGHT, TOP, BOTTOM = 52.0, 24.0, 16.0, 44.0
LINE = 13.0
"""From one name to the next, at least."""
ASIDE = 7.0
"""From a point to its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One mixture on one target: a cross of two intervals, in the units of an SVG."""

    title: str
    name: str
    """Empty where there are too many to name."""
    x: float
    y: float
    left: float
    right: float
    low: float
    high: float
    name_x: float
    name_y: float
    anchor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """Observed against predicted PGF; on the dashed line the two are equal."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    across: tuple[tuple[float, str], ...]
    """Place and text of each tick of what was predicted."""
    up: tuple[tuple[float, str], ...]
    """And of what was observed."""
    equal: tuple[float, float, float, float]
    """Ends of the dashed line: x, y, x, y."""
    points: tuple[Point, ...]


def lay_out_points(cells: Sequence[PredictedCell]) -> Points:
    """Place predictions and observations; names are moved up or down until they do not overlap.

    Args:
        cells: at least one.
    """
    leftmost, rightmost = find_range([cell.predicted for cell in cells])
    lowest, highest = find_range([cell.observed for cell in cells])

    def x(value: float) -> float:
        share = (min(max(value, leftmost), rightmost) - leftmost) / (rightmost - leftmost)
        return LEFT + (WIDTH - LEFT - RIGHT) * share

    def y(value: float) -> float:
        share = (highest - min(max(value, lowest), highest)) / (highest - lowest)
        return TOP + (HEIGHT - TOP - BOTTOM) * share

    start, end = max(leftmost, lowest), min(rightmost, highest)
    names = spread_apart([y(cell.observed.pgf) for cell in cells], LINE)

    def point(cell: PredictedCell, name_y: float) -> Point:
        place = x(cell.predicted.pgf)
        leans_left = place > (LEFT + WIDTH - RIGHT) / 2
        told = f"predicted {estimate_text(cell.predicted)}, observed {estimate_text(cell.observed)}"
        return Point(
            title=f"{cell.source} on {cell.target}: {told}",
            name=cell.source if len(cells) <= MOST_NAMED else "",
            x=place,
            y=y(cell.observed.pgf),
            left=x(cell.predicted.low),
            right=x(cell.predicted.high),
            low=y(cell.observed.low),
            high=y(cell.observed.high),
            name_x=place - ASIDE if leans_left else place + ASIDE,
            name_y=name_y,
            anchor="end" if leans_left else "start",
        )

    return Points(
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        right=WIDTH - RIGHT,
        top=TOP,
        bottom=HEIGHT - BOTTOM,
        across=tuple((x(value), signed(value, 2)) for value in find_ticks(leftmost, rightmost)),
        up=tuple((y(value), signed(value, 2)) for value in find_ticks(lowest, highest)),
        equal=(x(start), y(start), x(end), y(end)),
        points=tuple(map(point, cells, names)),
    )
