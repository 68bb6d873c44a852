"""Names beside points, so that they lie neither on each other nor on other points."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from spillover.report.drawing.canvas import INK, QUIET

SIZE = 6.5
"""Of the type, points of 1/72 inch."""
WIDTH = 0.68
"""Of a capital, in sizes of the type; names are abbreviations of a few capitals."""
GAP = 3.0
"""From a point's middle to its name, points."""
STEPS = (0.0, 1.0, 2.0, 3.0, 4.0)
"""How many lines a name moves up or down from its point, at most, before it lies on something."""

Box = tuple[float, float, float, float]
"""Left, bottom, right, top."""


def name_points(figure: Figure, axes: Axes, names: Sequence[str], places: Sequence[tuple[float, float]]) -> None:
    """Write a name beside each point, above right of it or in the next place that is free.

    A name that is not right beside its point, or is nearer to another, is joined to its own by a line.

    Args:
        figure: that the axes are of.
        axes: with their final limits.
        names: one a point.
        places: x and y of each point, in the units of the axes.

    Complexity: O(points²), and a layout of the figure.
    """
    figure.draw_without_rendering()  # only then it is known where the axes lie
    unit = figure.dpi / 72
    at = axes.transData.transform(np.array(places)) / unit
    frame = axes.get_window_extent()
    edge = (frame.x0 / unit, frame.y0 / unit, frame.x1 / unit, frame.y1 / unit)
    taken: list[Box] = [(x - GAP, y - GAP, x + GAP, y + GAP) for x, y in at]
    for place in map(int, np.argsort(-at[:, 1], kind="stable")):
        box = _free_box(place, at, len(names[place]), taken, edge)
        taken.append(box)
        offset = (box[0] - at[place, 0], box[1] - at[place, 1])
        joined = _misleads(box, place, at) or _distance(box, at[place]) > 2 * GAP
        line = {"arrowstyle": "-", "color": QUIET, "linewidth": 0.4, "shrinkA": 0, "shrinkB": 0} if joined else None
        name: str = names[place]
        axes.annotate(
            name,
            places[place],
            offset,
            textcoords="offset points",
            fontsize=SIZE,
            color=INK,
            va="bottom",
            arrowprops=line,
        )


def _free_box(place: int, at: NDArray[np.float64], letters: int, taken: Sequence[Box], edge: Box) -> Box:
    """The first box that overlaps least, and of those one that is not nearer to another point, where there is one."""
    x, y = at[place]
    width = WIDTH * SIZE * letters
    lefts = (x + GAP, x - GAP - width)
    bottoms = [y + sign * (GAP + step * SIZE) - (SIZE if sign < 0 else 0) for step in STEPS for sign in (1, -1)]
    boxes = [(left, bottom, left + width, bottom + SIZE) for bottom in bottoms for left in lefts]
    inside = [
        box for box in boxes if box[0] >= edge[0] and box[1] >= edge[1] and box[2] <= edge[2] and box[3] <= edge[3]
    ]
    return min(
        inside or boxes, key=lambda box: (sum(_overlap(box, other) for other in taken), _misleads(box, place, at))
    )


def _misleads(box: Box, place: int, at: NDArray[np.float64]) -> bool:
    """Whether a name in this box is nearer to another point than to its own."""
    distances = [_distance(box, point) for point in at]
    return distances[place] > min(distances) + 0.5


def _distance(box: Box, point: NDArray[np.float64]) -> float:
    x, y = point
    return float(np.hypot(max(box[0] - x, x - box[2], 0.0), max(box[1] - y, y - box[3], 0.0)))


def _overlap(one: Box, other: Box) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(width, 0.0) * max(height, 0.0)
