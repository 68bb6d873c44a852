"""Counting: how many things of one kind and colour are there among others?

The four numbers offered follow one another and the true one is any of them with equal chance, so that neither the
options nor the usual count give it away.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from spillover.tasks.catalogue import find_task
from spillover.tasks.perception.canvas import Colour
from spillover.tasks.perception.colours import COLOUR_NAMES, COLOURS, vary
from spillover.tasks.perception.family import SINGLE_IMAGE_SIZE, Family
from spillover.tasks.perception.kinds import CREATURE_NAMES, SHAPE_NAMES
from spillover.tasks.perception.lighting import Light, draw_light
from spillover.tasks.perception.sampling import between, coin, pick, pick_distinct
from spillover.tasks.perception.scattering import scatter
from spillover.tasks.perception.surfaces import Surface, draw_surface
from spillover.tasks.perception.things import Thing, paint_thing

NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven")
PLURALS = {"fish": "fish", "box": "boxes"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A thing with the name of its colour."""

    colour_name: str
    thing: Thing


@dataclass(frozen=True, slots=True, kw_only=True)
class CountingScene:
    """Things scattered on a surface."""

    surface: Surface
    light: Light
    things: tuple[Counted, ...]
    kind: str
    colour_name: str
    choices: tuple[str, ...]
    correct: int

    @property
    def question(self) -> str:
        """A question of BLINK's form."""
        return f"How many {self.colour_name} {plural(self.kind)} are there?"

    def render(self, size: int) -> tuple[Image.Image, ...]:
        """Draw the picture."""
        canvas = self.surface.paint(size)
        for counted in self.things:
            paint_thing(canvas, counted.thing)
        self.light.fall_on(canvas)
        return (canvas.image(),)

    def describe(self) -> str:
        """Say how many there are of every colour."""
        total = dict.fromkeys(COLOUR_NAMES, 0)
        for counted in self.things:
            total[counted.colour_name] += counted.thing.kind == self.kind
        seen = [f"{NUMBERS[min(count, 7)]} {name}" for name, count in total.items() if count]
        return f"{self.kind}: {', '.join(seen) or 'none'}"

    def satisfying(self) -> tuple[int, ...]:
        """Count anew."""
        found = sum(item.thing.kind == self.kind and item.colour_name == self.colour_name for item in self.things)
        return tuple(index for index, choice in enumerate(self.choices) if int(choice) == found)


def plural(kind: str) -> str:
    """The plural of a kind's name.

    >>> plural("box"), plural("dog")
    ('boxes', 'dogs')
    """
    return PLURALS.get(kind, f"{kind}s")


def draw_counting(rng: np.random.Generator, difficulty: float) -> CountingScene:
    """Draw a scene; difficulty adds things of all sorts, texture, shadow and contact, and mixes the options."""
    fewest, place = int(rng.integers(1 + round(4 * difficulty))), int(rng.integers(4))
    numbers = np.arange(fewest, fewest + 4)
    if coin(rng, difficulty):
        numbers = rng.permutation(numbers)
    count = int(fewest + place)
    kind, *other_kinds = pick_distinct(
        rng, SHAPE_NAMES if coin(rng, between(1.0, 0.6, difficulty)) else CREATURE_NAMES, 3
    )
    name, *other_names = pick_distinct(rng, COLOUR_NAMES, 3)
    others = int(rng.integers(round(difficulty), 2 + round(5 * difficulty)))
    identities = [(kind, name)] * count
    for _ in range(others):
        same_kind = coin(rng, between(1.0, 0.5, difficulty))
        identities.append((kind, pick(rng, other_names)) if same_kind else (pick(rng, other_kinds), name))
    identities = [identities[index] for index in rng.permutation(len(identities)).tolist()]
    typical = between(0.14, 0.095, difficulty) * math.sqrt(7 / max(len(identities), 5))
    sizes = (typical * rng.uniform(0.75, 1.3, len(identities))).round(4).tolist()
    places = scatter(rng, sizes, overlap=0.3 * difficulty)
    things = tuple(
        Counted(colour_name=colour_name, thing=_draw_thing(rng, kind_name, place, size, COLOURS[colour_name]))
        for (kind_name, colour_name), place, size in zip(identities, places, sizes, strict=True)
    )
    return CountingScene(
        surface=draw_surface(rng, between(0.02, 0.2, difficulty)),
        light=draw_light(rng, 0.6 * difficulty),
        things=things,
        kind=kind,
        colour_name=name,
        choices=tuple(str(number) for number in numbers.tolist()),
        correct=numbers.tolist().index(count),
    )


def _draw_thing(rng: np.random.Generator, kind: str, place: tuple[float, float], size: float, colour: Colour) -> Thing:
    turn = rng.uniform(-0.4, 0.4)
    return Thing(
        kind=kind,
        x=place[0],
        y=place[1],
        size=size,
        colour=vary(rng, colour),
        angle=round(turn, 3),
        mirrored=coin(rng),
        stretch=round(rng.uniform(0.85, 1.2), 3),
    )


COUNTING = Family(task=find_task("Counting"), draw=draw_counting, tiny_size=SINGLE_IMAGE_SIZE)
