"""Two things close up, a point marked on the first, four on the second: the frame of both tasks that match parts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from spillover.tasks.perception.blobs import signed_distances
from spillover.tasks.perception.colours import COLOUR_NAMES, COLOURS, vary
from spillover.tasks.perception.lighting import Light, draw_light
from spillover.tasks.perception.marks import Mark, paint_marks
from spillover.tasks.perception.sampling import between, coin, pick
from spillover.tasks.perception.surfaces import Surface, draw_surface
from spillover.tasks.perception.things import Thing, paint_thing

APART = 0.13
"""Unit length between any two marks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseUp:
    """One thing that fills the picture."""

    surface: Surface
    light: Light
    thing: Thing
    part_colours: tuple[str, ...] = ()
    """Names of the parts' colours where each has its own."""

    def paint(self, size: int, marks: Sequence[Mark]) -> Image.Image:
        """Draw the thing with marks on it."""
        canvas = self.surface.paint(size)
        paint_thing(canvas, self.thing, roundness=0.3)
        self.light.fall_on(canvas)
        paint_marks(canvas, marks)
        return canvas.image()

    def mark(self, part: int, label: str) -> Mark:
        """A mark on the centre of a part."""
        x, y = self.thing.centre_of(part)
        return Mark(round(x, 4), round(y, 4), label)

    def part_at(self, x: float, y: float) -> int | None:
        """The part that is seen at a point; None on the ground."""
        inside = np.flatnonzero(signed_distances(self.thing.blobs, np.array(x), np.array(y)) < 0.0)
        return int(inside[-1]) if len(inside) else None

    def part_name(self, mark: Mark) -> str:
        """What a mark stands on: the colour of the part, where each has its own, else its name."""
        part = self.part_at(mark.x, mark.y)
        if part is None:
            return "nothing"
        return self.part_colours[part] if self.part_colours else self.thing.of_kind.parts[part].name

    def shows(self, parts: Sequence[int]) -> bool:
        """Whether the centres of parts are in the picture, are not hidden by other parts, and lie well apart."""
        centres = [self.thing.centre_of(part) for part in parts]
        clear = all(min(centre) > 0.06 and max(centre) < 0.94 for centre in centres)
        apart = all(math.dist(a, b) > APART for index, a in enumerate(centres) for b in centres[:index])
        return clear and apart and all(self.part_at(*c) == part for c, part in zip(centres, parts, strict=True))


def draw_close_up(
    rng: np.random.Generator, kind: str, difficulty: float, turn: float, part_colours: tuple[str, ...] = ()
) -> CloseUp:
    """Draw a close-up of a thing that is turned by up to `turn` radians either way.

    Difficulty makes its build unusual, its ground livelier and its light uneven; parts may have their own colours.
    """
    size, stretch, angle, right, down = rng.uniform(-1.0, 1.0, 5).tolist()
    unusual = between(0.05, 0.2, difficulty)
    thing = Thing(
        kind=kind,
        x=round(0.5 + 0.06 * right, 4),
        y=round(0.5 + 0.06 * down, 4),
        size=round(0.41 + 0.05 * size, 4),
        colour=vary(rng, COLOURS[pick(rng, COLOUR_NAMES)]),
        angle=round(turn * angle, 3),
        mirrored=coin(rng),
        stretch=round(1.0 + unusual * stretch, 3),
    )
    proportions = rng.uniform(1.0 - unusual, 1.0 + unusual, len(thing.of_kind.parts)).round(3).tolist()
    return CloseUp(
        surface=draw_surface(rng, between(0.02, 0.4, difficulty)),
        light=draw_light(rng, difficulty),
        thing=replace(
            thing,
            proportions=tuple(proportions),
            part_colours=tuple(vary(rng, COLOURS[name]) for name in part_colours),
        ),
        part_colours=part_colours,
    )
