"""What all drawn figures share: size, type, colours, and a canvas that a notebook shows by itself."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from spillover.report.colours import GAIN, HARM, NEUTRAL
from spillover.report.words import readable

STYLE: dict[Any, Any] = {
    "axes.edgecolor": "#62656d",
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 9,
    "figure.constrained_layout.use": True,
    "font.size": 8,
    "hatch.color": "#00000030",
    "hatch.linewidth": 0.5,
    "legend.frameon": False,
    "pdf.fonttype": 42,  # TrueType, which journals ask for
    "savefig.dpi": 200,
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "spillover",  # the same figure, the same file
    "text.parse_math": False,  # a task may be called "$x$"
}
"""Settings of matplotlib, for these figures alone."""
INK, QUIET = "#1b1d22", "#62656d"


class DrawnFigure(Figure):
    """A figure of matplotlib's that notebooks show without pyplot, so that nothing is kept open."""

    def _repr_png_(self) -> bytes:
        with mpl.rc_context(STYLE):
            written = BytesIO()
            self.savefig(written, format="png")
        return written.getvalue()


@contextmanager
def paper_style() -> Generator[None]:
    """Use the figures' own settings of matplotlib, whatever the user's are."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        yield


def new_figure(width: float, height: float, columns: int = 1) -> tuple[DrawnFigure, list[Axes]]:
    """Make an empty figure.

    Args:
        width: inches.
        height: inches.
        columns: plots beside each other.
    """
    figure = DrawnFigure(figsize=(width, height))
    FigureCanvasAgg(figure)
    axes: Any = figure.subplots(1, columns, squeeze=False)
    return figure, list(axes[0])


def colour_map() -> LinearSegmentedColormap:
    """Make the scale of harms and gains, neutral at its middle."""
    ends = [tuple(channel / 255 for channel in colour) for colour in (HARM, NEUTRAL, GAIN)]
    return LinearSegmentedColormap.from_list("harm to gain", ends)


def colour_of_sign(value: float) -> tuple[float, float, float]:
    """Choose the full colour of a gain or a harm."""
    red, green, blue = GAIN if value > 0 else HARM
    return red / 255, green / 255, blue / 255


def shorten(name: str, most: int = 28) -> str:
    """Write a task's name as words, cut where it is too long to stand in a figure.

    >>> shorten("Visual_Similarity"), shorten("x" * 40)
    ('Visual Similarity', 'xxxxxxxxxxxxxxxxxxxxxxxxxxx…')
    """
    words = readable(name)
    return words if len(words) <= most else f"{words[: most - 1]}…"
