"""Object localization: which of two boxes encloses a thing?

The wrong box is what another thing of another size would have had a little aside, so that the two boxes alone are
exchangeable: nothing but the thing itself tells them apart.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from spillover.tasks.catalogue import find_task
from spillover.tasks.perception.canvas import Colour
from spillover.tasks.perception.colours import COLOUR_NAMES, COLOURS, vary
from spillover.tasks.perception.family import SINGLE_IMAGE_SIZE, Family
from spillover.tasks.perception.ground import Land, draw_land
from spillover.tasks.perception.kinds import CREATURE_NAMES, TOOL_NAMES
from spillover.tasks.perception.lighting import Light, draw_light
from spillover.tasks.perception.marks import Box, paint_boxes
from spillover.tasks.perception.sampling import between, coin, pick, pick_distinct
from spillover.tasks.perception.scattering import scatter
from spillover.tasks.perception.things import Thing, paint_thing
from spillover.tasks.perception.words import place_words

Bounds = tuple[float, float, float, float]

BOX_COLOURS: tuple[Colour, Colour] = ((0.95, 0.05, 0.08), (0.05, 0.35, 1.0))
NAMEABLE = CREATURE_NAMES + TOOL_NAMES
SMALLEST, LARGEST = 0.18, 0.36
"""Half frames of things, unit length; in plain scenes, where the boxes lie apart, none is quite so large."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalizationScene:
    """A thing among others on a land, and two boxes."""

    land: Land
    light: Light
    others: tuple[Thing, ...]
    target: Thing
    target_depth: float
    boxes: tuple[Bounds, Bounds]
    correct: int

    @property
    def question(self) -> str:
        """BLINK's question, shortened."""
        return f"Which bounding box more accurately localizes and encloses the {self.target.kind}?"

    @property
    def choices(self) -> tuple[str, ...]:
        """BLINK's options."""
        return ("Box A", "Box B")

    def render(self, size: int) -> tuple[Image.Image, ...]:
        """Draw the picture."""
        canvas = self.land.paint(size)
        for thing in self.others:
            paint_thing(canvas, thing, haze=self.land.sky, weight=self.land.veil(self.target_depth))
        paint_thing(canvas, self.target, haze=self.land.sky, weight=self.land.veil(self.target_depth), roundness=0.4)
        self.light.fall_on(canvas)
        paint_boxes(canvas, [Box(*box, "AB"[place], BOX_COLOURS[place]) for place, box in enumerate(self.boxes)])
        return (canvas.image(),)

    def describe(self) -> str:
        """Say where the middles of the thing and of the boxes lie, and how wide and high they are, in tenths."""
        named = ((self.target.kind, self.target.bounds()), ("A", self.boxes[0]), ("B", self.boxes[1]))
        return ", ".join(f"{name} {_in_words(bounds)}" for name, bounds in named)

    def satisfying(self) -> tuple[int, ...]:
        """Find the box that overlaps most with what is painted of the thing."""
        bounds = self.target.bounds()
        overlaps = [overlap(box, bounds) for box in self.boxes]
        return tuple(index for index, value in enumerate(overlaps) if value == max(overlaps))


def _in_words(bounds: Bounds) -> str:
    left, top, right, bottom = bounds
    tenths = " ".join(str(min(int(10 * length), 9)) for length in (right - left, bottom - top))
    return f"{place_words((left + right) / 2, (top + bottom) / 2)} {tenths}"


def overlap(first: Bounds, second: Bounds) -> float:
    """Intersection over union of two rectangles, 0–1."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    shared = max(width, 0.0) * max(height, 0.0)
    return shared / (_area(first) + _area(second) - shared)


def _area(bounds: Bounds) -> float:
    return (bounds[2] - bounds[0]) * (bounds[3] - bounds[1])


def draw_localization(rng: np.random.Generator, difficulty: float) -> LocalizationScene:
    """Draw a scene; difficulty lets the boxes overlap more and adds things, haze and shadow."""
    kind, *other_kinds = pick_distinct(rng, NAMEABLE, 4)
    largest = between(0.26, LARGEST, difficulty)
    lowest, highest = between(-0.1, 0.2, difficulty), between(0.1, 0.55, difficulty)
    while True:
        target, aside = _draw_pair(rng, kind, between(0.4, 0.12, difficulty), largest)
        right, wrong = _rounded(target.bounds()), _rounded(aside.bounds())
        if lowest < overlap(right, wrong) < highest and _inside(right) and _inside(wrong):
            break
    sizes = rng.uniform(0.12, 0.24, int(rng.integers(1 + round(3 * difficulty)))).round(4).tolist()
    places = scatter(rng, sizes, overlap=0.5, taken=[(target.x, target.y, target.size)])
    others = tuple(
        replace(_draw_thing(rng, other, size), x=x, y=y)
        for other, size, (x, y) in zip(other_kinds, sizes, places, strict=False)
    )
    correct = int(rng.integers(2))
    return LocalizationScene(
        land=draw_land(rng, haze=between(0.05, 0.5, difficulty), roughness=difficulty),
        light=draw_light(rng, difficulty),
        others=others,
        target=target,
        target_depth=round(rng.uniform(1.0, 2.0), 3),
        boxes=(right, wrong) if correct == 0 else (wrong, right),
        correct=correct,
    )


def _draw_pair(rng: np.random.Generator, kind: str, away: float, largest: float) -> tuple[Thing, Thing]:
    """A thing and another aside; each is as likely to be the other's neighbour as the other way round."""
    thing = _draw_thing(rng, kind, round(rng.uniform(SMALLEST, largest), 4))
    right, down = rng.normal(0.0, away, 2).tolist()
    size, stretch = rng.random(2).tolist()
    return thing, replace(
        thing,
        kind=pick(rng, NAMEABLE),
        x=thing.x + right,
        y=thing.y + down,
        size=SMALLEST + (largest - SMALLEST) * size,
        stretch=0.8 + 0.5 * stretch,
    )


def _draw_thing(rng: np.random.Generator, kind: str, size: float) -> Thing:
    x, y, stretch = rng.random(3).tolist()
    return Thing(
        kind=kind,
        x=round(0.5 + (0.5 - 0.7 * size) * (2 * x - 1), 4),
        y=round(0.5 + (0.5 - 0.7 * size) * (2 * y - 1), 4),
        size=size,
        colour=vary(rng, COLOURS[pick(rng, COLOUR_NAMES)]),
        angle=round(rng.uniform(-0.3, 0.3), 3),
        mirrored=coin(rng),
        stretch=round(0.8 + 0.5 * stretch, 3),
    )


def _rounded(bounds: Bounds) -> Bounds:
    left, top, right, bottom = (round(edge, 4) for edge in bounds)
    return left, top, right, bottom


def _inside(bounds: Bounds) -> bool:
    return min(bounds) > 0.02 and max(bounds) < 0.98


OBJECT_LOCALIZATION = Family(task=find_task("Object_Localization"), draw=draw_localization, tiny_size=SINGLE_IMAGE_SIZE)
