"""Lays the curves of training out on the page, as a drawing that needs no script."""

from __future__ import annotations

from dataclasses import dataclass

from spillover.core.numbers import number
from spillover.report.figures.training import LossLine, TrainingFigure

WIDTH, HEIGHT = 720, 300
LEFT, RIGHT, TOP, BOTTOM = 44, 712, 8, 272
HUES = 20
"""Colours, one a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaidLine:
    """A line on the page."""

    name: str
    points: str
    """As SVG's `points` takes them."""
    colour: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LaidTraining:
    """A drawing of `WIDTH` × `HEIGHT` pixels."""

    caption: str
    lines: tuple[LaidLine, ...]
    band: str
    """The outline of the band; empty where there is none."""
    across: tuple[tuple[float, str], ...]
    """Height and text of each line across, a loss."""
    steps: tuple[tuple[float, int], ...]
    """Place and number of the first and the last step."""


def lay_out_training(figure: TrainingFigure) -> LaidTraining:
    """Place every point; the axis of the loss begins at 0."""
    every = [*figure.lines, *(figure.band or ())]
    most = max(max(line.loss) for line in every) or 1.0
    first, last = min(line.steps[0] for line in every), max(line.steps[-1] for line in every)

    def place(line: LossLine) -> list[str]:
        reach = (last - first) or 1
        return [
            f"{LEFT + (step - first) / reach * (RIGHT - LEFT):.0f},{_height(loss, most):.1f}"
            for step, loss in zip(line.steps, line.loss, strict=True)
        ]

    band = [*place(figure.band[0]), *reversed(place(figure.band[1]))] if figure.band else []
    return LaidTraining(
        caption=figure.caption,
        lines=tuple(
            LaidLine(name=line.name, points=" ".join(place(line)), colour=_colour(index))
            for index, line in enumerate(figure.lines)
        ),
        band=" ".join(band),
        across=tuple((round(_height(loss, most), 1), number(loss, 2)) for loss in (0.0, most / 2, most)),
        steps=((LEFT, first), (RIGHT, last)),
    )


def _height(loss: float, most: float) -> float:
    return BOTTOM - loss / most * (BOTTOM - TOP)


def _colour(index: int) -> str:
    return f"hsl({index * 360 * 7 // HUES % 360} 65% {(38, 52)[index % 2]}%)"
