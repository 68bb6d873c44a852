"""Relative reflectance: which of two marked surfaces is darker, whatever light falls on them?

The light is made so that what reaches the eye from the two points hardly depends on the answer: it has to be found by
comparing each surface with its surroundings under the same light.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from spillover.tasks.catalogue import find_task
from spillover.tasks.perception.canvas import Colour
from spillover.tasks.perception.colours import scaled
from spillover.tasks.perception.family import SINGLE_IMAGE_SIZE, Family
from spillover.tasks.perception.lighting import Light
from spillover.tasks.perception.marks import Mark, paint_marks
from spillover.tasks.perception.sampling import between, coin, pick
from spillover.tasks.perception.scattering import scatter
from spillover.tasks.perception.surfaces import Surface
from spillover.tasks.perception.textures import draw_texture
from spillover.tasks.perception.things import Thing, paint_thing
from spillover.tasks.perception.words import grade, place_words

PATCHES = ("ball", "box", "bar", "cone")
LIGHTNESS = ("black", "dark", "grey", "light", "white")
SAME, LIGHTEST, DARKEST = 0.02, 0.85, 0.15
"""Reflectances that differ by less than the share `SAME` are the same; none lies outside darkest to lightest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReflectanceScene:
    """Patches of one tint and several reflectances under uneven light."""

    surface: Surface
    light: Light
    patches: tuple[Thing, ...]
    marks: tuple[Mark, Mark]
    correct: int

    @property
    def question(self) -> str:
        """BLINK's question, shortened."""
        return "Which point has darker surface color, or is the color about the same?"

    @property
    def choices(self) -> tuple[str, ...]:
        """BLINK's options, always in this order."""
        return ("A is darker", "B is darker", "About the same")

    def render(self, size: int) -> tuple[Image.Image, ...]:
        """Draw the picture."""
        canvas = self.surface.paint(size)
        for patch in self.patches:
            paint_thing(canvas, patch)
        self.light.fall_on(canvas)
        paint_marks(canvas, self.marks)
        return (canvas.image(),)

    def describe(self) -> str:
        """Say how light both surfaces are and how well lit."""
        brightness = [float(self.light.at(mark.x, mark.y)) for mark in self.marks]
        parts: list[str] = []
        for mark, here in zip(self.marks, brightness, strict=True):
            name = grade(math.log(self._reflectance(mark)), math.log(DARKEST), math.log(LIGHTEST), LIGHTNESS)
            lit = "shaded" if here < 0.8 * max(brightness) else "lit"
            parts.append(f"{mark.label} {name} {lit} {place_words(mark.x, mark.y)}")
        return ", ".join(parts)

    def satisfying(self) -> tuple[int, ...]:
        """Compare the reflectances of what lies on top at the two points."""
        first, second = (self._reflectance(mark) for mark in self.marks)
        if abs(math.log(first / second)) < SAME:
            return (2,)
        return (0,) if first < second else (1,)

    def _reflectance(self, mark: Mark) -> float:
        for patch in reversed(self.patches):
            if patch.covers(mark.x, mark.y):
                return sum(patch.colour) / 3
        return sum(self.surface.low) / 3


def draw_reflectance(rng: np.random.Generator, difficulty: float) -> ReflectanceScene:
    """Draw a scene; difficulty makes reflectances alike and leaves the decision to the light."""
    correct = int(rng.integers(3))
    # drawn alike for all three answers, so that neither the range of tones nor the depth of the shadow tells them apart
    apart = rng.uniform(between(0.6, 0.15, difficulty), between(0.8, 0.4, difficulty))
    contrast = (1, -1, 0)[correct] * apart
    middle = rng.uniform(math.log(DARKEST) + apart / 2, math.log(LIGHTEST) - apart / 2)
    reflectances = [math.exp(middle - contrast / 2), math.exp(middle + contrast / 2)]
    others = 1 + int(rng.integers(1, 2 + round(3 * difficulty)))
    reflectances += rng.uniform(DARKEST, LIGHTEST, others).tolist()
    tint: Colour = (1.0, round(rng.uniform(0.85, 1.0), 3), round(rng.uniform(0.7, 1.0), 3))
    *marked, ground = [_tinted(tint, value) for value in (*reflectances, rng.uniform(0.3, 0.7))]
    sizes = [rng.uniform(0.14, 0.22) if index < 2 else rng.uniform(0.08, 0.2) for index in range(len(marked))]
    places = _far_apart(rng, sizes)
    patches = tuple(
        Thing(
            kind=pick(rng, PATCHES[:2] if index < 2 else PATCHES),
            x=x,
            y=y,
            size=round(size, 4),
            colour=colour,
            angle=round(rng.uniform(0, math.pi), 3),
        )
        for index, ((x, y), size, colour) in enumerate(zip(places, sizes, marked, strict=True))
    )
    seen = contrast * between(0.8, 0.15, difficulty) + rng.uniform(-0.4, 0.4)
    if correct == 2:
        seen += (0.6 if coin(rng) else -0.6) * apart * difficulty
    return ReflectanceScene(
        surface=Surface(
            low=ground,
            high=scaled(ground, 1.0 + rng.uniform(0.0, between(0.05, 0.2, difficulty))),
            texture=draw_texture(rng, low=2.0, high=10.0),
        ),
        light=_light_between(rng, places, seen - contrast),
        patches=patches[::-1],
        marks=(Mark(*places[0], "A"), Mark(*places[1], "B")),
        correct=correct,
    )


def _tinted(tint: Colour, reflectance: float) -> Colour:
    red, green, blue = (round(channel * reflectance * 3 / sum(tint), 5) for channel in tint)
    return red, green, blue


def _far_apart(rng: np.random.Generator, sizes: Sequence[float]) -> list[tuple[float, float]]:
    while True:
        places = scatter(rng, sizes, overlap=0.3)
        if math.dist(places[0], places[1]) > 0.42:
            return places


def _light_between(rng: np.random.Generator, places: Sequence[tuple[float, float]], log_ratio: float) -> Light:
    """A light whose shadow lies on one of the first two places, so that the second is exp(log_ratio) × as bright."""
    (first_x, first_y), (second_x, second_y) = places[0], places[1]
    if log_ratio > 0:
        first_x, first_y, second_x, second_y = second_x, second_y, first_x, first_y
    turn = rng.uniform(-0.6, 0.6)
    direction = math.atan2(second_y - first_y, second_x - first_x) + turn
    middle_x, middle_y = (first_x + second_x) / 2 - 0.5, (first_y + second_y) / 2 - 0.5
    width = math.hypot(second_x - first_x, second_y - first_y) * math.cos(turn)
    edge = middle_x * math.cos(direction) + middle_y * math.sin(direction) + rng.uniform(-0.1, 0.1) * width
    light = Light(
        angle=round(direction + math.pi + rng.uniform(-1.0, 1.0), 4),
        slope=round(rng.uniform(0.0, 0.3), 4),
        shadow=0.0,
        edge=round(edge, 4),
        edge_angle=round(direction, 4),
        softness=round(rng.uniform(0.1, 0.7) * width, 4),
    )
    # the slope has done a part of it; where it has done too much, the shadow does it alone
    missing = abs(log_ratio) - math.log(float(light.at(first_x, first_y)) / float(light.at(second_x, second_y)))
    if missing < 0.0:
        light, missing = replace(light, slope=0.0), abs(log_ratio)
    return replace(light, shadow=round(1.0 - math.exp(-missing), 4))


RELATIVE_REFLECTANCE = Family(
    task=find_task("Relative_Reflectance"), draw=draw_reflectance, tiny_size=SINGLE_IMAGE_SIZE
)
