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
HATCHED_FROM = 0.08
"""Share of the full colour from which a harm is hatched."""
HATCH = "////"


def draw_heatmap(layer: Layer, order: Sequence[str], short: Mapping[str, str], rate: float) -> Figure:
    """Draw a matrix.

    Args:
        layer: what to draw.
        order: tasks in the order of rows and columns.
        short: names of the columns.
        rate: transfers whose q is at most this are framed.
    """
    rows = [name for name in order if name in layer.sources]
    columns = [name for name in order if name in layer.targets]
    places = np.ix_([layer.sources.index(name) for name in rows], [layer.targets.index(name) for name in columns])
    values, q = layer.values[places], None if layer.q is None else layer.q[places]
    written = len(columns) <= MOST_WRITTEN
    cell = 0.36 if written else max(7 / len(columns), 0.03)
    base = [layer.base.get(name) for name in columns] if written else []
    names = [shorten(name) for name in rows]
    beside = 1.5 + (LETTER * max(map(len, names)) if len(columns) <= MOST_NAMED else 0.0)
    wide = min(max(beside + cell * len(columns), 0.5 + LETTER * len(layer.title)), 10)
    title = [*wrap(f"{layer.title} · {layer.model}", int(wide / LETTER)), *wrap(layer.note, int(wide / LETTER))]
    high = 1.2 + LINE * len(title) + cell * 0.8 * (len(rows) + 1)
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
    _name(axes, names, [short.get(name, name) for name in columns])
    if written:
        _write(axes, values, layer)
        _mark(axes, values, q, layer.limit, rate)
        _write_base(axes, names, base)
        _explain(figure, values, q, layer.limit, rate)
    bar = figure.colorbar(image, ax=axes, shrink=0.6, aspect=30, pad=0.02, extend="both")
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue] (a spine, not a Spines)
    ends = [-layer.limit, 0.0, layer.limit]
    bar.set_ticks(ends, labels=[_number(end, layer) for end in ends])
    bar.set_label("percentage points" if layer.unit == "accuracy" else "PGF")
    figure.suptitle("\n".join(title), x=0.01, ha="left", fontsize=mpl.rcParams["axes.titlesize"])
    return figure


def _name(axes: Axes, rows: list[str], columns: list[str]) -> None:
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    if max(len(rows), len(columns)) > MOST_NAMED:
        axes.set_xticks([])
        axes.set_yticks([])
    else:
        small = 8 if len(columns) <= MOST_WRITTEN else 5
        turned = 0 if len(columns) <= MOST_WRITTEN and max(map(len, columns)) <= 4 else 90
        axes.set_xticks(np.arange(len(columns)) + 0.5, columns, rotation=turned, fontsize=small)
        axes.set_yticks(np.arange(len(rows)) + 0.5, rows, fontsize=small)
    axes.set_ylabel("finetuned on", color=QUIET)
    axes.set_xlabel("evaluated on", color=QUIET)
    axes.xaxis.set_label_position("top")


def _write(axes: Axes, values: np.ndarray, layer: Layer) -> None:
    for (row, column), value in np.ndenumerate(values):
        text = _number(value, layer)
        ink = tuple(channel / 255 for channel in ink_on(colour_of(value, layer.limit)))
        written = axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=6.5, color=ink)
        written.set_in_layout(False)  # it lies within its cell, and measuring hundreds takes seconds


def _number(value: float, layer: Layer) -> str:
    if layer.unit == "accuracy":
        return signed(value * 100, 1)
    return brief(value)


def _mark(axes: Axes, values: np.ndarray, q: np.ndarray | None, limit: float, rate: float) -> None:
    """Hatch harms, and frame what stands a test."""
    harms = [(column, row) for row, column in np.argwhere(_is_harm(values, limit)).tolist()]
    sure = [] if q is None else [(column, row) for row, column in np.argwhere(q <= rate).tolist()]
    hatched = PatchCollection(_squares(harms), facecolor="none", hatch=HATCH, linewidth=0)
    framed = PatchCollection(_squares(sure), facecolor="none", edgecolor=INK, linewidth=1.2)
    for marks in (hatched, framed):
        axes.add_collection(marks).set_in_layout(False)


def _write_base(axes: Axes, rows: list[str], base: Sequence[float | None]) -> None:
    """Write what the base scores above the first row, where that is known."""
    if all(score is None for score in base):
        return
    axes.set_ylim(len(rows), -1)
    axes.set_yticks(np.arange(len(rows) + 1) - 0.5, ["right before finetuning", *rows])
    axes.get_yticklabels()[0].set_color(QUIET)
    for column, score in enumerate(base):
        text = "" if score is None else brief(score).removeprefix("+")
        axes.text(column + 0.5, -0.5, text, ha="center", va="center", fontsize=6.5, color=QUIET).set_in_layout(False)


def _explain(figure: Figure, values: np.ndarray, q: np.ndarray | None, limit: float, rate: float) -> None:
    """Say what frames and hatching mean, where the matrix has any."""
    marks = {
        "harm": (Rectangle((0, 0), 1, 1, facecolor="none", hatch=HATCH, linewidth=0), _is_harm(values, limit).any()),
        f"stands a test (q ≤ {percent(rate)})": (
            Rectangle((0, 0), 1, 1, facecolor="none", edgecolor=INK, linewidth=1.2),
            q is not None and np.isfinite(q).any(),
        ),
    }
    shown = {text: mark for text, (mark, there) in marks.items() if there}
    if shown:
        figure.legend(list(shown.values()), list(shown), loc="outside lower left", ncols=len(shown), fontsize=7)


def _is_harm(values: np.ndarray, limit: float) -> np.ndarray:
    return values < -HATCHED_FROM * limit


def _squares(corners: Sequence[tuple[int, int]]) -> list[Rectangle]:
    return [Rectangle(corner, 1, 1) for corner in corners]
