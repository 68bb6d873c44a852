"""Draws BLINK's marks on photographs: red rings with a white letter on a black tag, and labelled boxes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

RED, BLUE, BLACK, WHITE = (235, 20, 25), (25, 70, 235), (0, 0, 0), (255, 255, 255)


class Point(NamedTuple):
    """A point in an image, in pixels from its upper left corner."""

    x: float
    y: float


class Box(NamedTuple):
    """A rectangle in an image, in pixels."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def area(self) -> float:
        """Square pixels."""
        return max(0.0, self.right - self.left) * max(0.0, self.bottom - self.top)


def ring_radius(image: Image.Image) -> int:
    """Radius of a ring, pixels: 7 to 10, larger on larger images."""
    return min(10, max(7, round(max(image.size) / 100)))


def mark_points(image: Image.Image, points: Sequence[Point], labels: Sequence[str]) -> Image.Image:
    """Draw a ring around each point and its label beside it, on a copy."""
    marked = image.copy()
    pen, radius = ImageDraw.Draw(marked), ring_radius(image)
    for point in points:
        around = (point.x - radius, point.y - radius, point.x + radius, point.y + radius)
        pen.ellipse(around, outline=RED, width=3)
    for point, label in zip(points, labels, strict=True):
        _tag(pen, image, (point.x + radius + 2, point.y - radius), label, radius)
    return marked


def mark_boxes(image: Image.Image, boxes: Sequence[Box]) -> Image.Image:
    """Draw box A in red and box B in blue, each with its letter at its upper left corner, on a copy."""
    marked = image.copy()
    pen = ImageDraw.Draw(marked)
    for box in boxes:
        pen.rectangle(tuple(box), outline=(RED, BLUE)[boxes.index(box)], width=3)
    for label, box in zip("AB", boxes, strict=True):
        _tag(pen, image, (box.left + 3, box.top + 3), label, ring_radius(image))
    return marked


def _tag(pen: ImageDraw.ImageDraw, image: Image.Image, corner: tuple[float, float], label: str, radius: int) -> None:
    font = ImageFont.load_default(2 * radius)
    left, top, right, bottom = pen.textbbox((0, 0), label, font=font)
    width, height = right - left + 4, bottom - top + 4
    x = corner[0] if corner[0] + width <= image.width else corner[0] - 2 * radius - 4 - width
    x = min(max(x, 0), max(image.width - width, 0))
    y = min(max(corner[1], 0), max(image.height - height, 0))
    pen.rectangle((x, y, x + width, y + height), fill=BLACK)
    pen.text((x + 2 - left, y + 2 - top), label, fill=WHITE, font=font)


def overlap(one: Box, other: Box) -> float:
    """Intersection over union of two boxes, 0–1.

    >>> overlap(Box(0, 0, 2, 1), Box(1, 0, 3, 1))
    0.3333333333333333
    """
    shared = Box(
        max(one.left, other.left), max(one.top, other.top), min(one.right, other.right), min(one.bottom, other.bottom)
    ).area
    joined = one.area + other.area - shared
    return shared / joined if joined else 0.0


def distance(one: Point, other: Point) -> float:
    """Euclidean distance, pixels."""
    return ((one.x - other.x) ** 2 + (one.y - other.y) ** 2) ** 0.5
