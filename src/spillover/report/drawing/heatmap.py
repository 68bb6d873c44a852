"""A matrix as a heatmap: coloured from harm to gain, harms hatched as well, so that grey print tells them apart.

What stands a test is framed, as on the page; the figure says so itself, for it is read where no page is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import wrap

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from spillover.core.numbers import brief, percent, signed
from spillover.report.colours import colour_of, ink_on
from spillover.report.drawing.canvas import INK, QUIET, colour_map, new_figure, shorten
from spillover.report.figures.matrix import Layer

MOST_WRITTEN = 25
"""Tasks beyond which values are not written into the cells."""
MOST_NAMED = 80
"""Tasks beyond which names are left out."""
LETTER = 0.066
"""Inches of a letter of a name."""
LINE = 0.17
"""Inches of a line of the title."""
CELL = 0.36
"""Inches of a cell in which a value of `SIZE` is written."""
LEAST_CELL = 0.27
"""Inches of a cell below which a written value could not be read."""
SIZE = 6.5
"""Of the type of a value, points."""
LEGEND = 4.0
"""Inches of the legend on one line."""
HATCH = "////"


def draw_heatmap(
    layer: Layer,
    order: Sequence[str],
    short: Mapping[str, str],
    rate: float,
    *,
    title: str = "",
    width: float | None = None,
) -> Figure:
    """Draw a matrix.

    Args:
        layer: what to draw.
        order: tasks in the order of rows and columns.
        short: names of the columns, which stand after the full names of the rows as well.
        rate: transfers whose q is at most this are framed.
        title: above the figure; a caption says more.
        width: of the whole figure, inches; None takes what its cells need, at most 10. Where it is too narrow for them
            rows have short names, and below that no values are written.
    """
    rows = [name for name in order if name in layer.sources]
    columns = [name for name in order if name in layer.targets]
    places = np.ix_([layer.sources.index(name) for name in rows], [layer.targets.index(name) for name in columns])
    values, q = layer.values[places], None if layer.q is None else layer.q[places]
    names, is_narrow = [_in_full(name, short) for name in rows], False
    if width is None:
        cell = CELL if len(columns) <= MOST_WRITTEN else max(7 / len(columns), 0.03)
        wide = min(max(_beside(names, columns) + cell * len(columns), 0.5 + LETTER * min(len(title), 60)), 10)
    else:
        wide = width
        is_narrow = (wide - _beside(names, columns)) / len(columns) < LEAST_CELL
        if is_narrow:
            names = [short.get(name, shorten(name)) for name in rows]
        cell = min(max((wide - _beside(names, columns)) / len(columns), 0.03), CELL)
    written = len(columns) <= MOST_WRITTEN and cell >= LEAST_CELL
    base = [layer.base.get(name) for name in columns] if written else []
    lines = wrap(title, int(wide / LETTER))
    high = 1.2 + LINE * len(lines) + cell * 0.8 * (len(rows) + 1)
    figure, (axes,) = new_figure(wide, min(max(high, 2.0), 9))
    image = axes.pcolormesh(
        np.ma.masked_invalid(values),
        cmap=colour_map(),
        vmin=-layer.limit,
        vmax=layer.limit,
        edgecolor="white",
        linewidth=0.8 if len(columns) <= MOST_NAMED else 0,
        rasterized=len(columns) > MOST_NAMED,
    )
    axes.invert_yaxis()
    axes.spines[:].set_visible(False)
    _name(axes, names, [short.get(name, name) for name in columns], cell)
    if len(columns) <= MOST_WRITTEN:
        harms = harmed_cells(layer)[places]
        _mark(axes, harms, q, rate)
        _explain(figure, harms, q, rate)
    if written:
        size = SIZE * cell / CELL
        _write(axes, values, layer, size)
        _write_base(axes, ["base" if is_narrow else "right before finetuning", *names], base, size)
    bar = figure.colorbar(image, ax=axes, shrink=0.6, aspect=30, pad=0.02, extend="both")
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue] (a spine, not a Spines)
    ends = [-layer.limit, 0.0, layer.limit]
    bar.set_ticks(ends, labels=[number_in_cell(end, layer) for end in ends])
    bar.set_label("percentage points" if layer.unit == "accuracy" else "PGF")
    if lines:
        figure.suptitle("\n".join(lines), x=0.01, ha="left", fontsize=mpl.rcParams["axes.titlesize"])
    return figure


def harmed_cells(layer: Layer) -> NDArray[np.bool_]:
    """Find the harms, which are hatched: what is below 0 once rounded as in its cell, where no .00 is a harm.

    Returns:
        Shape source × target.

    Complexity: O(cells).
    """
    harms = [value < 0 and number_in_cell(value, layer) != number_in_cell(0.0, layer) for value in layer.values.flat]
    return np.array(harms, dtype=bool).reshape(layer.values.shape)


def _in_full(name: str, short: Mapping[str, str]) -> str:
    """Write a row's name, and how its column is called unless that is how the name ends."""
    called = short.get(name, name)
    return shorten(name) if name.endswith(called) else f"{shorten(name)} ({called})"


def _beside(names: Sequence[str], columns: Sequence[str]) -> float:
    """Inches of all that stands beside the cells."""
    return 1.5 + (LETTER * max(map(len, names)) if len(columns) <= MOST_NAMED else 0.0)


def _name(axes: Axes, rows: list[str], columns: list[str], cell: float) -> None:
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    if max(len(rows), len(columns)) > MOST_NAMED:
        axes.set_xticks([])
        axes.set_yticks([])
    else:
        small = min(8, 40 * cell) if len(columns) <= MOST_WRITTEN else 5  # two capitals are as wide as a cell
        turned = 0 if len(columns) <= MOST_WRITTEN and max(map(len, columns)) <= 4 else 90
        axes.set_xticks(np.arange(len(columns)) + 0.5, columns, rotation=turned, fontsize=small)
        axes.set_yticks(np.arange(len(rows)) + 0.5, rows, fontsize=small)
    axes.set_ylabel("finetuned on", color=QUIET)
    axes.set_xlabel("evaluated on", color=QUIET)
    axes.xaxis.set_label_position("top")


def _write(axes: Axes, values: np.ndarray, layer: Layer, size: float) -> None:
    for (row, column), value in np.ndenumerate(values):
        text = number_in_cell(value, layer)
        ink = tuple(channel / 255 for channel in ink_on(colour_of(value, layer.limit)))
        written = axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=size, color=ink)
        written.set_in_layout(False)  # it lies within its cell, and measuring hundreds takes seconds


def number_in_cell(value: float, layer: Layer) -> str:
    """Write a value as its cell has room for."""
    if layer.unit == "accuracy":
        return signed(value * 100, 1)
    return brief(value)


def _mark(axes: Axes, harms: np.ndarray, q: np.ndarray | None, rate: float) -> None:
    """Hatch harms, and frame what stands a test."""
    hatched = PatchCollection(_squares(harms), facecolor="none", hatch=HATCH, linewidth=0)
    framed = PatchCollection(
        _squares(q <= rate) if q is not None else [], facecolor="none", edgecolor=INK, linewidth=1.2
    )
    for marks in (hatched, framed):
        axes.add_collection(marks).set_in_layout(False)


def _write_base(axes: Axes, rows: list[str], base: Sequence[float | None], size: float) -> None:
    """Write what the base scores above the other rows, where that is known; `rows` has the name of that row first."""
    if all(score is None for score in base):
        return
    axes.set_ylim(len(rows) - 1, -1)
    axes.set_yticks(np.arange(len(rows)) - 0.5, rows)
    axes.get_yticklabels()[0].set_color(QUIET)
    for column, score in enumerate(base):
        text = "" if score is None else brief(score).removeprefix("+")
        axes.text(column + 0.5, -0.5, text, ha="center", va="center", fontsize=size, color=QUIET).set_in_layout(False)


def _explain(figure: Figure, harms: np.ndarray, q: np.ndarray | None, rate: float) -> None:
    """Say what frames and hatching mean, where the matrix has any."""
    marks = {
        "harm: below 0 once rounded": (
            Rectangle((0, 0), 1, 1, facecolor="none", hatch=HATCH, linewidth=0),
            harms.any(),
        ),
        f"stands a test (q ≤ {percent(rate)})": (
            Rectangle((0, 0), 1, 1, facecolor="none", edgecolor=INK, linewidth=1.2),
            q is not None and (q <= rate).any(),
        ),
    }
    shown = {text: mark for text, (mark, there) in marks.items() if there}
    if shown:
        ncols = len(shown) if figure.get_size_inches()[0] > LEGEND else 1
        figure.legend(list(shown.values()), list(shown), loc="outside lower left", ncols=ncols, fontsize=7)


def _squares(marked: np.ndarray) -> list[Rectangle]:
    return [Rectangle((column, row), 1, 1) for row, column in np.argwhere(marked).tolist()]
