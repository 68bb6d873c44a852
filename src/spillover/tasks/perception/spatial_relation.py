"""Spatial relation: does a sentence about where two things are hold?"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from spillover.tasks.catalogue import find_task
from spillover.tasks.perception.blobs import signed_distances
from spillover.tasks.perception.colours import COLOUR_NAMES, COLOURS, vary
from spillover.tasks.perception.family import SINGLE_IMAGE_SIZE, Family
from spillover.tasks.perception.kinds import CREATURE_NAMES, SHAPE_NAMES
from spillover.tasks.perception.lighting import Light, draw_light
from spillover.tasks.perception.sampling import between, coin, pick, pick_distinct
from spillover.tasks.perception.scattering import scatter
from spillover.tasks.perception.surfaces import Surface, draw_surface
from spillover.tasks.perception.things import Thing, paint_thing
from spillover.tasks.perception.words import place_words

APART = 0.16
"""Unit length by which things differ in the direction that is asked about."""

FACING = ("dog", "bird", "fish", "car")
"""Kinds whose front is told from their back at a glance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationScene:
    """Two things that are asked about, the later one in front, after those that are not."""

    surface: Surface
    light: Light
    others: tuple[Thing, ...]
    things: tuple[Thing, Thing]
    """From back to front."""
    colour_names: tuple[str, str]
    subject: int
    """Which of the two the sentence is about."""
    relation: str
    says_colours: bool
    correct: int

    @property
    def question(self) -> str:
        """A question of BLINK's form."""
        names = [
            f"{colour} {thing.kind}" if self.says_colours else thing.kind
            for colour, thing in zip(self.colour_names, self.things, strict=True)
        ]
        return f"Is the {names[self.subject]} {self.relation} the {names[1 - self.subject]}?"

    @property
    def choices(self) -> tuple[str, ...]:
        """BLINK's options, always in this order."""
        return ("yes", "no")

    def render(self, size: int) -> tuple[Image.Image, ...]:
        """Draw the picture."""
        canvas = self.surface.paint(size)
        for thing in (*self.others, *self.things):
            paint_thing(canvas, thing, roundness=0.3)
        self.light.fall_on(canvas)
        return (canvas.image(),)

    def describe(self) -> str:
        """Say where the two things are, from left to right, and what else the sentence turns on."""
        parts: list[tuple[float, str]] = []
        for name, thing, depth in zip(self.colour_names, self.things, ("behind", "in front"), strict=True):
            words = [name, thing.kind, place_words(thing.x, thing.y)]
            if self.relation == "facing":
                words += ["facing", "left" if thing.mirrored else "right"]
            if self.relation in DEPTH_RELATIONS:
                words.append(depth)
            parts.append((thing.x, " ".join(words)))
        return ", ".join(words for _, words in sorted(parts))

    def satisfying(self) -> tuple[int, ...]:
        """Test the sentence."""
        return (0,) if holds(self.relation, self.things, self.subject) else (1,)


PREDICATES: dict[str, Callable[[Thing, Thing], bool]] = {
    "left of": lambda subject, other: subject.x < other.x,
    "right of": lambda subject, other: subject.x > other.x,
    "above": lambda subject, other: subject.y < other.y,
    "below": lambda subject, other: subject.y > other.y,
    "facing": lambda subject, other: subject.mirrored == (other.x < subject.x),
}
DEPTH_RELATIONS = {"in front of": 1, "behind": 0}
"""Which of two overlapping things, from back to front, stands so."""
RELATIONS = (*PREDICATES, *DEPTH_RELATIONS)
PLANE_RELATIONS = ("left of", "right of", "above", "below")


def holds(relation: str, things: tuple[Thing, Thing], subject: int) -> bool:
    """Whether one of two things, from back to front, stands in a relation to the other."""
    if relation in DEPTH_RELATIONS:
        return hides(*things) and DEPTH_RELATIONS[relation] == subject
    return PREDICATES[relation](things[subject], things[1 - subject])


def hides(back: Thing, front: Thing) -> bool:
    """Whether the front thing hides a visible share of the back one."""
    steps = np.linspace(-1.0, 1.0, 12)
    x, y = back.x + steps[None, :] * back.size, back.y + steps[:, None] * back.size
    in_back = (signed_distances(back.blobs, x, y) < 0).any(axis=0)
    in_both = in_back & (signed_distances(front.blobs, x, y) < 0).any(axis=0)
    return float(in_both.sum()) > 0.1 * float(in_back.sum())


def draw_relation(rng: np.random.Generator, difficulty: float) -> RelationScene:
    """Draw a scene; difficulty brings creatures for shapes, depth and facing for places, things, shadow and texture."""
    relation, correct = pick(rng, RELATIONS if coin(rng, difficulty) else PLANE_RELATIONS), int(rng.integers(2))
    plain = relation in PLANE_RELATIONS and not coin(rng, difficulty)
    kinds = pick_distinct(rng, SHAPE_NAMES if plain else CREATURE_NAMES, len(SHAPE_NAMES if plain else CREATURE_NAMES))
    if relation == "facing":
        kinds.sort(key=lambda kind: kind not in FACING)
    names = pick_distinct(rng, COLOUR_NAMES, len(kinds)) if plain else [pick(rng, COLOUR_NAMES) for _ in kinds]
    largest = between(0.25, 0.19, difficulty)
    while True:
        subject = int(rng.integers(2))
        things = _draw_pair(rng, kinds, names, largest, relation in DEPTH_RELATIONS)
        if things is not None and holds(relation, things, subject) == (correct == 0):
            break
    count = int(rng.integers(1 + round(3 * difficulty)))
    sizes = rng.uniform(0.6 * largest, 0.9 * largest, count).round(4).tolist()
    discs = [(thing.x, thing.y, thing.size) for thing in things]
    others = tuple(
        _draw_thing(rng, kind, place, size, name)
        for kind, place, size, name in zip(kinds[2:], scatter(rng, sizes, taken=discs), sizes, names[2:], strict=False)
    )
    return RelationScene(
        surface=draw_surface(rng, between(0.02, 0.35, difficulty)),
        light=draw_light(rng, difficulty),
        others=others,
        things=things,
        colour_names=(names[0], names[1]),
        subject=subject,
        relation=relation,
        says_colours=coin(rng, between(1.0, 0.4, difficulty)),
        correct=correct,
    )


def _draw_pair(
    rng: np.random.Generator, kinds: list[str], names: list[str], largest: float, touching: bool
) -> tuple[Thing, Thing] | None:
    """Two things side by side, or one before the other; None where they came to lie unclearly."""
    first_size, second_size = (largest * rng.uniform(0.75, 1.0, 2)).round(4).tolist()
    x, y, turn, way = rng.random(4).tolist()
    x, y = first_size + (1 - 2 * first_size) * x, first_size + (1 - 2 * first_size) * y
    if touching:
        away = (first_size + second_size) * (0.35 + 0.3 * way)
        other = (x + away * math.cos(2 * math.pi * turn), y + away * math.sin(2 * math.pi * turn))
    else:
        other = (second_size + (1 - 2 * second_size) * turn, second_size + (1 - 2 * second_size) * way)
        if min(abs(x - other[0]), abs(y - other[1])) < APART or math.dist((x, y), other) < first_size + second_size:
            return None
    if not all(0.7 * second_size < place < 1 - 0.7 * second_size for place in other):
        return None
    back = _draw_thing(rng, kinds[0], (x, y), first_size, names[0])
    front = _draw_thing(rng, kinds[1], other, second_size, names[1])
    return None if touching and not hides(back, front) else (back, front)


def _draw_thing(rng: np.random.Generator, kind: str, place: tuple[float, float], size: float, name: str) -> Thing:
    return Thing(
        kind=kind,
        x=round(place[0], 4),
        y=round(place[1], 4),
        size=size,
        colour=vary(rng, COLOURS[name]),
        mirrored=coin(rng),
        stretch=round(rng.uniform(0.85, 1.2), 3),
    )


SPATIAL_RELATION = Family(task=find_task("Spatial_Relation"), draw=draw_relation, tiny_size=SINGLE_IMAGE_SIZE)
