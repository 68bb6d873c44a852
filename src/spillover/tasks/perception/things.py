"""Things: one instance of a kind, placed, coloured, and painted part by part."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from spillover.tasks.perception.blobs import Blobs, extents, signed_distances
from spillover.tasks.perception.canvas import Canvas, Colour
from spillover.tasks.perception.kinds import KINDS, Kind

REACH = 1.25
"""No part reaches farther from a thing's centre than this many of its sizes."""

STRONGEST_TONE = 0.85
"""How far towards black or white the darkest and lightest parts go, so that the colour still shows."""


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
    part_colours: tuple[Colour, ...] = ()
    """Every part's own colour; empty where all are lighter or darker tones of the thing's."""

    @property
    def of_kind(self) -> Kind:
        """What it is one of."""
        return KINDS[self.kind]

    @property
    def blobs(self) -> Blobs:
        """Its parts as they lie in the picture, from back to front."""
        return _placed(self)

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


@cache
def _tones_of(kind: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What every part's colour is multiplied by, and what is added: black has 0, white 1 to add."""
    tones = np.array([[part.tone] for part in KINDS[kind].parts], np.float32) * STRONGEST_TONE
    return (1.0 - np.abs(tones)).astype(np.float32), np.maximum(tones, 0.0)


@lru_cache(maxsize=256)
def _placed(thing: Thing) -> Blobs:
    # a handful of parts: plain arithmetic is faster than arrays of eight numbers
    across, down = math.sqrt(thing.stretch), 1.0 / math.sqrt(thing.stretch)
    facing = -across if thing.mirrored else across
    cosine, sine = math.cos(thing.angle), math.sin(thing.angle)
    rows: list[tuple[float, ...]] = []
    for part, build in zip(_parts_of(thing.kind), thing.proportions or repeat(1.0), strict=False):
        x, y, length, width, rounding, taper, run, rise = part
        x, y, grown = facing * x * thing.size, down * y * thing.size, build * thing.size
        longer = math.hypot(facing * run, down * rise)
        run_seen, rise_seen = facing * run / longer, down * rise / longer
        rows.append(
            (
                thing.x + cosine * x - sine * y,
                thing.y + sine * x + cosine * y,
                length * longer * grown,
                width * math.hypot(facing * rise, down * run) * grown,
                rounding * grown,
                taper,
                cosine * run_seen - sine * rise_seen,
                sine * run_seen + cosine * rise_seen,
            )
        )
    return np.array(rows)


@cache
def _parts_of(kind: str) -> tuple[tuple[float, ...], ...]:
    """Every part's centre, shape and direction."""
    return tuple(
        (*part.place, *part.shape, math.cos(math.radians(part.angle)), math.sin(math.radians(part.angle)))
        for part in KINDS[kind].parts
    )


def paint_thing(
    canvas: Canvas, thing: Thing, *, haze: Colour = (1.0, 1.0, 1.0), weight: float = 0.0, roundness: float = 0.0
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
    region = canvas.pixels[rows, columns]
    if region.size == 0:
        return
    x, y = canvas.xs[None, columns], canvas.ys[rows, None]
    coverages = canvas.coverage(signed_distances(thing.blobs, x, y))
    if thing.part_colours:
        colours = np.array(thing.part_colours, np.float32)
    else:
        kept, added = _tones_of(thing.kind)
        colours = kept * np.array(thing.colour, np.float32) + added
    colours += weight * (np.array(haze, np.float32) - colours)
    # of every part is seen what the parts before it leave; of what was there, what they all leave
    left = 1.0 - coverages[-1]
    for front in range(len(coverages) - 2, -1, -1):
        share = coverages[front]
        share *= left
        left -= share
    painted = (coverages.reshape(len(colours), -1).T @ colours).reshape(region.shape)
    if roundness:
        slope = roundness * 0.5 * (1.0 - weight) / thing.size
        painted *= ((1.0 - slope * (x - thing.x)) - slope * (y - thing.y))[..., None]
    region *= left[..., None]
    region += painted
