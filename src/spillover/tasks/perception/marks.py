"""What BLINK draws over its images: red rings with a white letter on a dark tag, and labelled boxes.

Rings and letters are snapped to whole pixels, so that a letter five pixels high is still a letter at 32 px.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spillover.tasks.perception.blobs import COLUMNS, signed_distances
from spillover.tasks.perception.canvas import Canvas, Colour, Field, blend

RING: Colour = (0.95, 0.05, 0.08)
TAG: Colour = (0.0, 0.0, 0.0)
LETTER: Colour = (1.0, 1.0, 1.0)

SMALLEST_FOR_WORDS = 96
"""Below so many pixels a lone reference ring has no tag: "REF" would hide a third of the picture and say nothing."""

# strokes on a grid of 3 × 5 dots, as points "column row"
_STROKES = {
    "A": ("04 01 10 21 24", "02 22"),
    "B": ("00 04 14 23 12 02", "00 10 21 12"),
    "C": ("20 10 01 03 14 24",),
    "D": ("00 10 21 23 14 04 00",),
    "E": ("20 00 04 24", "02 12"),
    "F": ("20 00 04", "02 12"),
    "R": ("04 00 10 21 12 02", "12 24"),
}


class Mark(NamedTuple):
    """A ring in a picture."""

    x: float
    y: float
    label: str
    """One or more of the letters A–F and R."""


class Box(NamedTuple):
    """A labelled rectangle in a picture."""

    left: float
    top: float
    right: float
    bottom: float
    label: str
    colour: Colour


def ring_radius(size: int) -> float:
    """Radius of a ring in a picture of so many pixels: 2 px at 32 px, 9 px at 448 px."""
    return 1.5 + size / 60.0


def paint_marks(canvas: Canvas, marks: Sequence[Mark]) -> None:
    """Paint rings, and beside each its tag, where it stays in the picture and clear of the other rings."""
    radius = ring_radius(canvas.size)
    centres = [(int(mark.x * canvas.size), int(mark.y * canvas.size)) for mark in marks]
    for column, row in centres:
        _lay(canvas, _ring(radius), RING, row, column)
    if len(marks) == 1 and len(marks[0].label) > 1 and canvas.size < SMALLEST_FOR_WORDS:
        return
    taken = [(column - radius, row - radius, column + radius + 1, row + radius + 1) for column, row in centres]
    for mark, (column, row) in zip(marks, centres, strict=True):
        letters = _word(mark.label, _dot(canvas.size))
        taken.append(_place_tag(canvas, letters, (column, row), taken))


def paint_boxes(canvas: Canvas, boxes: Sequence[Box]) -> None:
    """Paint the outlines of two rectangles, the first's tag above its left end, the second's below its right end."""
    thickness = max(1, round(canvas.size / 160))
    for box in boxes:
        left, top, right, bottom = (round(edge * canvas.size) for edge in box[:4])
        inside = canvas.pixels[max(top, 0) : bottom, max(left, 0) : right]
        colour = np.asarray(box.colour, np.float32)
        inside[:thickness], inside[-thickness:] = colour, colour
        inside[:, :thickness], inside[:, -thickness:] = colour, colour
    for place, box in enumerate(boxes):
        letters = _word(box.label, _dot(canvas.size))
        height, width = letters.shape
        left, top, right, bottom = (round(edge * canvas.size) for edge in box[:4])
        _paint_tag(canvas, letters, *((left, top - height) if place == 0 else (right - width, bottom)))


def _paint_tag(canvas: Canvas, letters: Field, left: int, top: int) -> tuple[int, int, int, int]:
    """Paint a tag, shifted into the picture where it would leave it, and say where it lies."""
    height, width = letters.shape
    left, top = min(max(left, 0), canvas.size - width), min(max(top, 0), canvas.size - height)
    region = canvas.pixels[top : top + height, left : left + width]
    region[:] = TAG
    blend(region, letters, LETTER)
    return left, top, left + width, top + height


def _dot(size: int) -> int:
    return max(1, round(size / 150))


def _place_tag(
    canvas: Canvas, letters: Field, centre: tuple[int, int], taken: list[tuple[float, float, float, float]]
) -> tuple[float, float, float, float]:
    height, width = letters.shape
    column, row = centre
    gap = int(ring_radius(canvas.size)) + 1
    candidates = [
        (column + gap, row - height + 1),
        (column - gap - width + 1, row - height + 1),
        (column + gap, row),
        (column - gap - width + 1, row),
        (column - width // 2, row - gap - height + 1),
        (column - width // 2, row + gap),
    ]

    def cost(place: tuple[int, int]) -> float:
        left, top = place
        right, bottom = left + width, top + height
        outside = max(-left, 0) + max(-top, 0) + max(right - canvas.size, 0) + max(bottom - canvas.size, 0)
        overlap = sum(
            max(0.0, min(right, other[2]) - max(left, other[0])) * max(0.0, min(bottom, other[3]) - max(top, other[1]))
            for other in taken
        )
        return 10.0 * outside + overlap

    left, top = min(candidates, key=cost)
    return _paint_tag(canvas, letters, left, top)


def _lay(canvas: Canvas, sprite: Field, colour: Colour, row: int, column: int) -> None:
    half = sprite.shape[0] // 2
    top, left = max(row - half, 0), max(column - half, 0)
    region = canvas.pixels[top : row + half + 1, left : column + half + 1]
    first_row, first_column = top - (row - half), left - (column - half)
    blend(region, sprite[first_row:, first_column:][: region.shape[0], : region.shape[1]], colour)


@lru_cache(maxsize=64)
def _ring(radius: float) -> Field:
    half = int(radius) + 2
    steps = np.arange(-half, half + 1, dtype=np.float32)
    stroke = max(1.0, radius / 4.0)
    away = np.abs(np.hypot(steps[None, :], steps[:, None]) - radius)
    return np.clip(0.5 + stroke / 2 - away, 0.0, 1.0).astype(np.float32)


@lru_cache(maxsize=64)
def _word(label: str, dot: int) -> Field:
    return np.concatenate([_letter(letter, dot) for letter in label], axis=1)


def _letter(letter: str, dot: int) -> NDArray[np.float32]:
    segments = []
    for stroke in _STROKES[letter]:
        points = [(int(point[0]), int(point[1])) for point in stroke.split()]
        segments += pairwise(points)
    starts, ends = (np.array([segment[side] for segment in segments], float) for side in (0, 1))
    middle, along = (starts + ends) / 2, ends - starts
    lengths = np.hypot(*along.T)
    blobs = np.zeros((len(segments), COLUMNS))
    blobs[:, :2] = middle
    blobs[:, 2] = lengths / 2
    blobs[:, 6:] = along / lengths[:, None]
    # one dot of margin on every side, and pixel centres on the dots
    columns = (np.arange(5 * dot) + 0.5) / dot - 1.5
    rows = (np.arange(7 * dot) + 0.5) / dot - 1.5
    away = signed_distances(blobs, columns[None, :], rows[:, None]).min(axis=0) * dot
    return np.clip(0.5 + max(0.5, 0.42 * dot) - away, 0.0, 1.0).astype(np.float32)
