"""Relative depth: which of two marked things stands closer to the camera?

The one that is closer lies lower in the picture in only half of the scenes, so that the marks alone say nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from spillover.tasks.catalogue import find_task
from spillover.tasks.perception.colours import COLOUR_NAMES, COLOURS, vary
from spillover.tasks.perception.family import SINGLE_IMAGE_SIZE, Family
from spillover.tasks.perception.ground import Land, Standing, depth_at, draw_land, paint_world
from spillover.tasks.perception.kinds import CREATURE_NAMES, SHAPE_NAMES
from spillover.tasks.perception.lighting import Light, draw_light
from spillover.tasks.perception.marks import Mark, paint_marks
from spillover.tasks.perception.sampling import between, coin, pick
from spillover.tasks.perception.things import Thing
from spillover.tasks.perception.words import depth_word, place_words

NEAREST, FARTHEST = 1.0, 3.2
HOVERING = ("ball", "bird", "fish")
STANDING = CREATURE_NAMES + SHAPE_NAMES[:3]

Named = tuple[str, Standing]
"""The name of a thing's colour, and the thing."""
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
    ratio = between(1.9, 1.25, difficulty)
    while True:
        closer, farther = _draw_pair(rng, land, ratio, lower_is_closer)
        others = [_draw_named(rng) for _ in range(int(rng.integers(1 + round(3 * difficulty))))]
        named = [closer, farther, *others]
        things = [standing for _, standing in named]
        points = [_visible_point(rng, land, things, standing) for _, standing in (closer, farther)]
        if points[0] is not None and points[1] is not None and _apart(points[0], points[1], lower_is_closer):
            break
    correct = int(rng.integers(2))
    order = (0, 1) if correct == 0 else (1, 0)
    first, second = (Mark(*(points[index] or (0.5, 0.5)), "AB"[place]) for place, index in enumerate(order))
    return DepthScene(
        land=land,
        light=draw_light(rng, 0.5 * difficulty),
        things=tuple(things[index] for index in rng.permutation(len(things)).tolist()),
        marks=(first, second),
        correct=correct,
        colour_names=(named[order[0]][0], named[order[1]][0]),
    )


def _apart(closer: tuple[float, float], farther: tuple[float, float], lower_is_closer: bool) -> bool:
    across, down = closer[0] - farther[0], closer[1] - farther[1]
    return abs(down) > 0.02 and (down > 0) == lower_is_closer and math.hypot(across, down) > 0.28


def _draw_pair(rng: np.random.Generator, land: Land, ratio: float, lower_is_closer: bool) -> tuple[Named, Named]:
    """Two things whose centres already lie as they should; one of them hovers, the closer or the farther alike."""
    while True:
        nearer = NEAREST * (FARTHEST / NEAREST / ratio) ** rng.random()
        depths = (nearer, nearer * ratio * (FARTHEST / nearer / ratio) ** rng.random())
        hovers = (not lower_is_closer, lower_is_closer)
        pair = [_draw_named(rng, round(d, 3), hover) for d, hover in zip(depths, hovers, strict=True)]
        closer, farther = (standing.seen(land) for _, standing in pair)
        if max(closer.y, farther.y) < 0.9 and _apart((closer.x, closer.y), (farther.x, farther.y), lower_is_closer):
            return pair[0], pair[1]


def _draw_named(rng: np.random.Generator, depth: float | None = None, hovers: bool = False) -> Named:
    kind, name = pick(rng, HOVERING if hovers else STANDING), pick(rng, COLOUR_NAMES)
    depth = depth or round(NEAREST * (FARTHEST / NEAREST) ** rng.random(), 3)
    size, stretch, lift, across = rng.random(4).tolist()
    thing = Thing(
        kind=kind,
        x=0.0,
        y=0.0,
        size=round(0.20 + 0.16 * size, 3),
        colour=vary(rng, COLOURS[name]),
        mirrored=coin(rng),
        stretch=round(0.8 + 0.45 * stretch, 3),
    )
    most = 0.6 if hovers else 0.3 if kind in HOVERING else 0.0
    place = round((0.9 * across - 0.45) * depth, 3)
    return name, Standing(thing=thing, across=place, depth=depth, lift=round(most * lift, 3))


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


RELATIVE_DEPTH = Family(task=find_task("Relative_Depth"), draw=draw_depth, tiny_size=SINGLE_IMAGE_SIZE)
