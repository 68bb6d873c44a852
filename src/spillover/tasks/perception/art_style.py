"""Art style: which of two pictures is painted like the first?

A style is how a picture is treated, whatever it shows: the size, direction and hardness of its strokes, how many tones
it has, how dark its contours are. What the three pictures show is unrelated.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from spillover.tasks.catalogue import find_task
from spillover.tasks.perception.canvas import Canvas
from spillover.tasks.perception.family import Family
from spillover.tasks.perception.kinds import CREATURE_NAMES, SHAPE_NAMES
from spillover.tasks.perception.pictures import Picture, draw_picture
from spillover.tasks.perception.sampling import between, draw_seed, pick_distinct
from spillover.tasks.perception.textures import Texture
from spillover.tasks.perception.words import SECOND_OR_THIRD, grade

CONTENT = CREATURE_NAMES + SHAPE_NAMES
COARSEST, FINEST = 3.0, 11.0
"""Strokes a unit length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a picture is painted; every trait is 0–1."""

    fineness: float
    direction: float
    """Share of half a turn."""
    disorder: float
    """0: all strokes alike in direction."""
    hardness: float
    strength: float
    """How much the strokes show."""
    flatness: float
    """1: few tones."""
    contour: float
    """How dark the edges are drawn."""


TRAITS = ("fineness", "direction", "disorder", "hardness", "strength", "flatness", "contour")


@dataclass(frozen=True, slots=True, kw_only=True)
class Painting:
    """A picture in a style."""

    picture: Picture
    style: Style
    seed: int
    """Of its strokes."""

    def paint(self, size: int) -> Image.Image:
        """Draw the picture, reduce its tones, draw contours, then lay the strokes over it."""
        canvas = self.picture.paint(size)
        tones = 10.0 - 7.0 * self.style.flatness
        flat = np.round(canvas.pixels * tones) / tones
        canvas.pixels += (flat - canvas.pixels) * min(1.0, 2.0 * self.style.flatness)
        canvas.pixels *= 1.0 - 0.8 * self.style.contour * _edges(canvas)[..., None]
        strokes = Texture(
            seed=self.seed,
            frequency=COARSEST * (FINEST / COARSEST) ** self.style.fineness,
            angle=math.pi * self.style.direction,
            spread=self.style.disorder,
            sharpness=3.0 * self.style.hardness,
        )
        canvas.pixels *= 1.0 + (0.1 + 0.35 * self.style.strength) * strokes.field(canvas)[..., None]
        return canvas.image()


def _edges(canvas: Canvas) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Where lightness changes quickly, 0–1, on lines that are equally wide at every size."""
    reach = max(1, round(canvas.size / 48))
    lightness = canvas.pixels.mean(axis=2)
    padded = np.pad(lightness, reach, mode="edge")
    across = padded[reach:-reach, 2 * reach :] - padded[reach:-reach, : -2 * reach]
    down = padded[2 * reach :, reach:-reach] - padded[: -2 * reach, reach:-reach]
    return np.minimum(3.0 * (np.abs(across) + np.abs(down)), 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class StyleScene:
    """A reference and two paintings."""

    paintings: tuple[Painting, Painting, Painting]
    correct: int

    @property
    def question(self) -> str:
        """BLINK's question, shortened."""
        return "Which one of the second or the third image shares the same style as the first image?"

    @property
    def choices(self) -> tuple[str, ...]:
        """BLINK's options."""
        return SECOND_OR_THIRD

    def render(self, size: int) -> tuple[Image.Image, ...]:
        """Draw the three paintings."""
        return tuple(painting.paint(size) for painting in self.paintings)

    def describe(self) -> str:
        """Name the traits of every painting."""
        return ", ".join(_in_words(painting.style) for painting in self.paintings)

    def satisfying(self) -> tuple[int, ...]:
        """Find the painting whose style is closer to the reference's."""
        reference, *others = (painting.style for painting in self.paintings)
        distances = [style_distance(reference, other) for other in others]
        return tuple(index for index, value in enumerate(distances) if value == min(distances))


def style_distance(first: Style, second: Style) -> float:
    """How much two styles differ over all traits; directions that are half a turn apart are the same."""
    total = 0.0
    for trait in TRAITS:
        difference = abs(getattr(first, trait) - getattr(second, trait))
        if trait == "direction":
            difference = min(difference, 1.0 - difference)
        total += difference
    return total


def _in_words(style: Style) -> str:
    strokes = grade(style.fineness, 0, 1, ("coarse", "medium", "fine"))
    order = (
        "mottled"
        if style.disorder > 0.5
        else grade((style.direction + 0.125) % 1, 0, 1, ("upright", "falling", "level", "rising"))
    )
    return " ".join(
        (
            strokes,
            order,
            grade(style.hardness, 0, 1, ("soft", "hard")),
            grade(style.strength, 0, 1, ("faint", "strong")),
            grade(style.flatness, 0, 1, ("smooth", "flat")),
            grade(style.contour, 0, 1, ("bare", "outlined")),
        )
    )


def draw_style(rng: np.random.Generator, difficulty: float) -> StyleScene:
    """Draw a scene; difficulty leaves fewer and smaller differences of style and makes the strokes vary."""
    style = Style(**dict(zip(TRAITS, rng.random(len(TRAITS)).round(3).tolist(), strict=True)))
    other = style
    for trait in pick_distinct(rng, TRAITS, round(between(3, 2, difficulty))):
        other = replace(other, **{trait: _moved(rng, getattr(style, trait), between(0.5, 0.3, difficulty), trait)})
    correct = int(rng.integers(2))
    styles = (style, style, other) if correct == 0 else (style, other, style)
    paintings = tuple(
        Painting(
            picture=draw_picture(
                rng, CONTENT, rng.uniform(0.15, 0.3, 2).round(4).tolist(), light=0.5 * difficulty, contrast=0.12
            ),
            style=each,
            seed=draw_seed(rng),
        )
        for each in styles
    )
    return StyleScene(paintings=(paintings[0], paintings[1], paintings[2]), correct=correct)


def _moved(rng: np.random.Generator, value: float, least: float, trait: str) -> float:
    """Another value of a trait, at least so far away; directions go round."""
    if trait == "direction":
        return round((value + least + (1.0 - 2.0 * least) * rng.random()) % 1.0, 3)
    below, above = max(value - least, 0.0), max(1.0 - least - value, 0.0)
    place = rng.random() * (below + above)
    return round(place if place < below else value + least + place - below, 3)


ART_STYLE = Family(task=find_task("Art_Style"), draw=draw_style)
