"""Things: one instance of a kind, placed, coloured, and painted part by part."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from spillover.tasks.perception.blobs import Blobs, extents, signed_distances
from spillover.tasks.perception.canvas import Canvas, Colour, blend
from spillover.tasks.perception.colours import mix
from spillover.tasks.perception.kinds import KINDS, Kind

REACH = 1.25
"""No part reaches farther from a thing's centre than this many of its sizes."""

BLACK: Colour = (0.0, 0.0, 0.0)
WHITE: Colour = (1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One thing in a picture."""

    kind: str
    x: float
    y: float
    size: float
    """Half of its frame, unit length."""
    colour: Colour
    angle: float = 0.0
    """Turned by so many radians, from x towards y."""
    mirrored: bool = False
    """Faces left instead of right."""
    stretch: float = 1.0
    """How much wider than high it is built."""
    proportions: tuple[float, ...] = ()
    """How much larger every part is than its kind's; empty where all are 1."""

    @property
    def of_kind(self) -> Kind:
        """What it is one of."""
        return KINDS[self.kind]

    @property
    def blobs(self) -> Blobs:
        """Its parts as they lie in the picture, from back to front."""
        return _placed(self)

    @property
    def part_colours(self) -> list[Colour]:
        """The colour of every part: the thing's own, lighter or darker as its kind has it."""
        return [
            mix(self.colour, WHITE if part.tone > 0 else BLACK, 0.85 * abs(part.tone)) for part in self.of_kind.parts
        ]

    def centre_of(self, part: int) -> tuple[float, float]:
        """Where a part's centre is seen."""
        x, y = self.blobs[part, :2].tolist()
        return x, y

    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of all that is painted."""
        return extents(self.blobs)

    def covers(self, x: float, y: float) -> bool:
        """Whether a point of the picture lies on the thing."""
        return bool((signed_distances(self.blobs, np.array(x), np.array(y)) < 0.0).any())


@lru_cache(maxsize=256)
def _placed(thing: Thing) -> Blobs:
    x, y, length, width, rounding, taper, angle = _blobs_of(thing.kind).T
    across, down = math.sqrt(thing.stretch), 1.0 / math.sqrt(thing.stretch)
    grown = np.array(thing.proportions or 1.0) * thing.size
    longer = np.hypot(across * np.cos(angle), down * np.sin(angle))
    wider = np.hypot(across * np.sin(angle), down * np.cos(angle))
    angle = np.arctan2(down * np.sin(angle), across * np.cos(angle))
    x, y = x * across, y * down
    if thing.mirrored:
        x, angle = -x, math.pi - angle
    cosine, sine = math.cos(thing.angle) * thing.size, math.sin(thing.angle) * thing.size
    centre_x, centre_y = thing.x + cosine * x - sine * y, thing.y + sine * x + cosine * y
    columns = (centre_x, centre_y, length * longer * grown, width * wider * grown, rounding * grown, taper)
    return np.stack((*columns, angle + thing.angle), axis=1)


@lru_cache(maxsize=None)
def _blobs_of(kind: str) -> Blobs:
    return KINDS[kind].blobs()


def paint_thing(
    canvas: Canvas, thing: Thing, *, haze: Colour = WHITE, weight: float = 0.0, roundness: float = 0.0
) -> None:
    """Paint a thing over what is there.

    Args:
        canvas: the picture.
        thing: what to paint.
        haze: the colour of the air in front of it.
        weight: how much of the air is seen, 0–1.
        roundness: how much its shading makes it look round, 0 (flat) to 1; the light comes from the upper left.
    """
    reach = thing.size * REACH * math.sqrt(max(thing.stretch, 1.0 / thing.stretch))
    rows, columns = canvas.window(thing.x - reach, thing.y - reach, thing.x + reach, thing.y + reach)
    x, y = canvas.xs[None, columns], canvas.ys[rows, None]
    region = canvas.pixels[rows, columns]
    if region.size == 0:
        return
    coverages = canvas.coverage(signed_distances(thing.blobs, x, y))
    shade = 1.0 - roundness * 0.5 * ((x - thing.x) + (y - thing.y)) / thing.size if roundness else None
    for coverage, colour in zip(coverages, thing.part_colours, strict=True):
        seen = mix(colour, haze, weight)
        if shade is None:
            blend(region, coverage, seen)
        else:
            blend(region, coverage, np.clip(np.multiply.outer(shade, seen), 0.0, 1.0).astype(np.float32))
