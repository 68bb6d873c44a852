"""Relative depth: which of two marked things stands closer to the camera?

The one that is closer lies lower in the picture in only half of the scenes, so that the marks alone say nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from spillover.tasks.catalogue import find_task
from spillover.tasks.perception.colours import COLOUR_NAMES, COLOURS, vary
from spillover.tasks.perception.family import Family
from spillover.tasks.perception.ground import Land, Standing, depth_at, draw_land, paint_world
from spillover.tasks.perception.kinds import CREATURE_NAMES, SHAPE_NAMES
from spillover.tasks.perception.lighting import Light, draw_light
from spillover.tasks.perception.marks import Mark, paint_marks
from spillover.tasks.perception.sampling import between, coin, pick
from spillover.tasks.perception.things import Thing
from spillover.tasks.perception.words import depth_word, place_words

NEAREST, FARTHEST = 1.0, 3.2
HOVERING = ("ball", "bird", "fish")
MARGIN = 0.1
"""Unit length that marks keep from the picture's edge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DepthScene:
    """Things on a land, two of them marked."""

    land: Land
    light: Light
    things: tuple[Standing, ...]
    marks: tuple[Mark, Mark]
    correct: int
    colour_names: tuple[str, str]
    """Of the marked things, for the description."""

    @property
    def question(self) -> str:
        """BLINK's question."""
        return "Which point is closer to the camera?"

    @property
    def choices(self) -> tuple[str, ...]:
        """BLINK's options."""
        return ("A is closer", "B is closer")

    def render(self, size: int) -> tuple[Image.Image, ...]:
        """Draw the picture."""
        canvas = self.land.paint(size)
        paint_world(canvas, self.land, self.things)
        self.light.fall_on(canvas)
        paint_marks(canvas, self.marks)
        return (canvas.image(),)

    def describe(self) -> str:
        """Say where the marked things are and how far away."""
        parts: list[str] = []
        for mark, name in zip(self.marks, self.colour_names, strict=True):
            depth = depth_at(self.land, self.things, mark.x, mark.y) or FARTHEST
            words = (mark.label, name, place_words(mark.x, mark.y), depth_word(depth, NEAREST, FARTHEST))
            parts.append(" ".join(words))
        return ", ".join(parts)

    def satisfying(self) -> tuple[int, ...]:
        """Find the point whose line of sight ends first."""
        depths = [depth_at(self.land, self.things, mark.x, mark.y) for mark in self.marks]
        known = [depth for depth in depths if depth is not None]
        return tuple(index for index, depth in enumerate(depths) if depth == min(known, default=None))


def draw_depth(rng: np.random.Generator, difficulty: float) -> DepthScene:
    """Draw a scene; difficulty brings the two depths together, thins the haze and adds things in the way."""
    land = draw_land(rng, haze=between(0.5, 0.35, difficulty))
    lower_is_closer = coin(rng)
    label_of_closer = int(rng.integers(2))
    ratio = between(1.9, 1.25, difficulty)
    while True:
        things, names = _draw_things(rng, 2 + int(rng.integers(1 + round(3 * difficulty), 2 + round(4 * difficulty))))
        closer, farther = sorted(things[:2], key=lambda item: item.depth)
        if farther.depth < ratio * closer.depth:
            continue
        points = [_visible_point(rng, land, things, standing) for standing in (closer, farther)]
        if points[0] is None or points[1] is None:
            continue
        if abs(points[0][1] - points[1][1]) < 0.02 or (points[0][1] > points[1][1]) != lower_is_closer:
            continue
        if np.hypot(points[0][0] - points[1][0], points[0][1] - points[1][1]) < 0.28:
            continue
        break
    placed = [(points[0], names[things.index(closer)]), (points[1], names[things.index(farther)])]
    first, second = placed if label_of_closer == 0 else placed[::-1]
    return DepthScene(
        land=land,
        light=draw_light(rng, 0.5 * difficulty),
        things=tuple(things),
        marks=(Mark(*first[0], "A"), Mark(*second[0], "B")),
        correct=label_of_closer,
        colour_names=(first[1], second[1]),
    )


def _draw_things(rng: np.random.Generator, count: int) -> tuple[list[Standing], list[str]]:
    things: list[Standing] = []
    names: list[str] = []
    for _ in range(count):
        kind, name = pick(rng, CREATURE_NAMES + SHAPE_NAMES[:3]), pick(rng, COLOUR_NAMES)
        depth = round(NEAREST * (FARTHEST / NEAREST) ** rng.random(), 3)
        thing = Thing(
            kind=kind,
            x=0.0,
            y=0.0,
            size=round(rng.uniform(0.16, 0.30), 3),
            colour=vary(rng, COLOURS[name]),
            mirrored=coin(rng),
            stretch=round(rng.uniform(0.8, 1.25), 3),
        )
        lift = round(rng.uniform(0.0, 0.4), 3) if kind in HOVERING else 0.0
        across = round(rng.uniform(-0.45, 0.45) * depth, 3)
        things.append(Standing(thing=thing, across=across, depth=depth, lift=lift))
        names.append(name)
    return things, names


def _visible_point(
    rng: np.random.Generator, land: Land, things: list[Standing], standing: Standing
) -> tuple[float, float] | None:
    seen = standing.seen(land)
    x, y = seen.centre_of(int(rng.integers(len(seen.blobs))))
    if not (MARGIN < x < 1 - MARGIN and MARGIN < y < 1 - MARGIN):
        return None
    if depth_at(land, things, x, y) != standing.depth:
        return None
    return round(x, 4), round(y, 4)


RELATIVE_DEPTH = Family(task=find_task("Relative_Depth"), draw=draw_depth)
