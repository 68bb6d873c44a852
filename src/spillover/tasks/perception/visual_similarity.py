"""Visual similarity: which of two pictures is more like the first?

Both are copies of it with everything jittered a little; the less similar one has been changed in some respect beyond
that: another kind, colour, place, turn or ground. Light falls differently on all three.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from spillover.tasks.catalogue import find_task
from spillover.tasks.perception.colours import COLOUR_NAMES, COLOURS, vary
from spillover.tasks.perception.family import Family
from spillover.tasks.perception.kinds import CREATURE_NAMES, SHAPE_NAMES, TOOL_NAMES
from spillover.tasks.perception.lighting import draw_light
from spillover.tasks.perception.pictures import Picture, draw_picture
from spillover.tasks.perception.sampling import between, coin, pick, pick_distinct
from spillover.tasks.perception.surfaces import draw_surface
from spillover.tasks.perception.textures import draw_texture
from spillover.tasks.perception.things import Thing
from spillover.tasks.perception.words import SECOND_OR_THIRD

KINDS_SHOWN = CREATURE_NAMES + TOOL_NAMES + SHAPE_NAMES


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarityScene:
    """A reference and two variations."""

    pictures: tuple[Picture, Picture, Picture]
    correct: int

    @property
    def question(self) -> str:
        """BLINK's question, shortened."""
        return "Which one of the latter two images is most similar to the first image?"

    @property
    def choices(self) -> tuple[str, ...]:
        """BLINK's options."""
        return SECOND_OR_THIRD

    def render(self, size: int) -> tuple[Image.Image, ...]:
        """Draw the reference and both variations."""
        return tuple(picture.paint(size).image() for picture in self.pictures)

    def describe(self) -> str:
        """Name the things in every image."""
        images: list[str] = []
        for picture in self.pictures:
            named = zip(picture.colour_names, picture.things, strict=True)
            images.append(" ".join(f"{name} {thing.kind}" for name, thing in named))
        return ", ".join(images)

    def satisfying(self) -> tuple[int, ...]:
        """Find the variation at the smaller distance from the reference."""
        reference, *variations = self.pictures
        distances = [distance(reference, variation) for variation in variations]
        return tuple(index for index, value in enumerate(distances) if value == min(distances))


def distance(first: Picture, second: Picture) -> float:
    """How much two pictures differ: every respect adds about 1 where it differs as clearly as can be."""
    total = 3.0 * float(np.abs(np.subtract(first.surface.low, second.surface.low)).mean())
    total += first.surface.texture != second.surface.texture
    for one, other in zip(first.things, second.things, strict=True):
        total += one.kind != other.kind
        total += 2.0 * math.dist(one.colour, other.colour)
        total += 3.0 * math.hypot(one.x - other.x, one.y - other.y)
        total += abs(math.remainder(one.angle - other.angle, 2 * math.pi))
        total += one.mirrored != other.mirrored
        total += 2.0 * abs(math.log(one.size / other.size))
    return total


def draw_similarity(rng: np.random.Generator, difficulty: float) -> SimilarityScene:
    """Draw a scene; difficulty adds things and jitter and leaves fewer and smaller changes to tell."""
    sizes = rng.uniform(0.17, 0.26, 1 + int(rng.integers(1 + round(difficulty), 2 + round(difficulty))))
    reference = draw_picture(rng, KINDS_SHOWN, sizes.round(4).tolist(), light=difficulty)
    jitter = between(0.2, 1.0, difficulty)
    near = _jittered(rng, reference, jitter)
    far = _jittered(rng, reference, jitter)
    for change in pick_distinct(rng, CHANGES, 1 if coin(rng, min(1.4 * difficulty, 0.7)) else 2):
        far = change(rng, far)
    while distance(reference, far) < distance(reference, near) + 0.3:
        far = pick(rng, CHANGES)(rng, far)
    near, far = (replace(picture, light=draw_light(rng, difficulty)) for picture in (near, far))
    correct = int(rng.integers(2))
    return SimilarityScene(pictures=(reference, near, far) if correct == 0 else (reference, far, near), correct=correct)


def _jittered(rng: np.random.Generator, picture: Picture, amount: float) -> Picture:
    things: list[Thing] = []
    for thing in picture.things:
        right, down, turn, growth = (rng.uniform(-1, 1, 4) * amount).tolist()
        moved = replace(
            thing,
            x=round(thing.x + 0.05 * right, 4),
            y=round(thing.y + 0.05 * down, 4),
            angle=round(thing.angle + 0.15 * turn, 3),
            size=round(thing.size * (1 + 0.08 * growth), 4),
            colour=vary(rng, thing.colour, 0.04 * amount),
        )
        things.append(moved)
    return replace(picture, things=tuple(things))


def _change_thing(rng: np.random.Generator, picture: Picture, change: Callable[[Thing], Thing]) -> Picture:
    index = int(rng.integers(len(picture.things)))
    things = tuple(change(thing) if place == index else thing for place, thing in enumerate(picture.things))
    return replace(picture, things=things)


def _another_kind(rng: np.random.Generator, picture: Picture) -> Picture:
    kinds = pick_distinct(rng, KINDS_SHOWN, 2)
    return _change_thing(rng, picture, lambda thing: replace(thing, kind=kinds[kinds[0] == thing.kind]))


def _another_colour(rng: np.random.Generator, picture: Picture) -> Picture:
    index = int(rng.integers(len(picture.things)))
    name = pick(rng, [name for name in COLOUR_NAMES if name != picture.colour_names[index]])
    things, names = list(picture.things), list(picture.colour_names)
    things[index], names[index] = replace(things[index], colour=vary(rng, COLOURS[name])), name
    return replace(picture, things=tuple(things), colour_names=tuple(names))


def _another_place(rng: np.random.Generator, picture: Picture) -> Picture:
    x, y = rng.uniform(0.2, 0.8, 2).round(4).tolist()
    return _change_thing(rng, picture, lambda thing: replace(thing, x=x, y=y))


def _another_turn(rng: np.random.Generator, picture: Picture) -> Picture:
    turn = round(rng.uniform(0.8, 2 * math.pi - 0.8), 3)
    return _change_thing(rng, picture, lambda thing: replace(thing, angle=round(thing.angle + turn, 3)))


def _another_ground(rng: np.random.Generator, picture: Picture) -> Picture:
    surface = draw_surface(rng, 0.3)
    if coin(rng):
        surface = replace(picture.surface, texture=draw_texture(rng))
    return replace(picture, surface=surface)


CHANGES = (_another_kind, _another_colour, _another_place, _another_turn, _another_ground)

VISUAL_SIMILARITY = Family(task=find_task("Visual_Similarity"), draw=draw_similarity)
