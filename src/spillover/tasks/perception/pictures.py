"""A still picture: things on a ground under a light, the content of every family that is about whole images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spillover.tasks.perception.canvas import Canvas
from spillover.tasks.perception.colours import COLOUR_NAMES, COLOURS, vary
from spillover.tasks.perception.lighting import Light, draw_light
from spillover.tasks.perception.sampling import coin, pick
from spillover.tasks.perception.scattering import scatter
from spillover.tasks.perception.surfaces import Surface, draw_surface
from spillover.tasks.perception.things import Thing, paint_thing


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A few things on a ground."""

    surface: Surface
    things: tuple[Thing, ...]
    """From back to front."""
    colour_names: tuple[str, ...]
    """Of the things, in their order."""
    light: Light

    def paint_on(self, canvas: Canvas) -> None:
        """Draw what the canvas shows of the picture."""
        self.surface.cover(canvas)
        for thing in self.things:
            paint_thing(canvas, thing, roundness=0.2)
        self.light.fall_on(canvas)

    def paint(self, size: int) -> Canvas:
        """Draw the whole picture."""
        canvas = Canvas(size, self.surface.low)
        self.paint_on(canvas)
        return canvas


def draw_picture(
    rng: np.random.Generator,
    kinds: Sequence[str],
    radii: Sequence[float],
    *,
    light: float,
    contrast: float = 0.3,
    span: tuple[float, float] = (0.0, 1.0),
) -> Picture:
    """Draw a picture.

    Args:
        rng: randomness.
        kinds: what its things are drawn from.
        radii: half frames of the things, unit length, one for every thing.
        light: strength of the uneven light, 0–1.
        contrast: of the ground.
        span: smallest and largest coordinate at which things lie.
    """
    names = tuple(pick(rng, COLOUR_NAMES) for _ in radii)
    places = scatter(rng, radii, overlap=0.4, low=span[0], high=span[1])
    things = tuple(
        Thing(
            kind=pick(rng, kinds),
            x=x,
            y=y,
            size=size,
            colour=vary(rng, COLOURS[name]),
            angle=round(rng.uniform(-0.5, 0.5), 3),
            mirrored=coin(rng),
        )
        for (x, y), size, name in zip(places, radii, names, strict=True)
    )
    return Picture(surface=draw_surface(rng, contrast), things=things, colour_names=names, light=draw_light(rng, light))
