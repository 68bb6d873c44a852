"""Visual correspondence: which marked point of a second view is the point marked in the first?

The second view is turned, zoomed and shifted as a whole and lit anew. Several landmarks share a colour or a shape, so
that a point is known by both, and by what lies around it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from spillover.tasks.catalogue import find_task
from spillover.tasks.perception.family import SINGLE_IMAGE_SIZE, Family
from spillover.tasks.perception.kinds import SHAPE_NAMES
from spillover.tasks.perception.lighting import Light, draw_light
from spillover.tasks.perception.marks import Mark, paint_marks
from spillover.tasks.perception.pictures import Picture, draw_picture
from spillover.tasks.perception.sampling import between, coin
from spillover.tasks.perception.textures import View
from spillover.tasks.perception.things import Thing, paint_thing
from spillover.tasks.perception.words import LETTERS, POINTS

FEWEST, MOST = 5, 9
"""Landmarks of the plainest and of the hardest scene."""
APART = 0.2
"""Unit length between any two marks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrespondenceScene:
    """A plane with landmarks, seen twice."""

    picture: Picture
    view: View
    second_light: Light
    reference: Mark
    marks: tuple[Mark, ...]
    correct: int

    @property
    def question(self) -> str:
        """BLINK's question, shortened."""
        return "Which point on the second image corresponds to the point in the first image?"

    @property
    def choices(self) -> tuple[str, ...]:
        """BLINK's options."""
        return POINTS

    def render(self, size: int) -> tuple[Image.Image, ...]:
        """Draw the plane as it is and in the other view."""
        first = self.picture.paint(size)
        paint_marks(first, (self.reference,))
        second = self.picture.surface.paint(size, self.view)
        for thing in self.picture.things:
            paint_thing(second, _seen(thing, self.view), roundness=0.2)
        self.second_light.fall_on(second)
        paint_marks(second, self.marks)
        return first.image(), second.image()

    def describe(self) -> str:
        """Say what every mark stands on."""
        words = [self._name_at(self.reference.x, self.reference.y)]
        words += [f"{mark.label} {self._name_at(*self.view.unproject(mark.x, mark.y))}" for mark in self.marks]
        return ", ".join(words)

    def satisfying(self) -> tuple[int, ...]:
        """Look back through the second view and find the marks that stand on the reference."""
        places = [self.view.unproject(mark.x, mark.y) for mark in self.marks]
        reference = (self.reference.x, self.reference.y)
        return tuple(index for index, place in enumerate(places) if math.dist(place, reference) < APART / 10)

    def _name_at(self, x: float, y: float) -> str:
        things = self.picture.things
        index = min(range(len(things)), key=lambda place: math.dist((things[place].x, things[place].y), (x, y)))
        return f"{self.picture.colour_names[index]} {things[index].kind}"


def _seen(thing: Thing, view: View) -> Thing:
    x, y = view.project(thing.x, thing.y)
    return replace(thing, x=x, y=y, size=thing.size * view.zoom, angle=thing.angle + view.turn)


def draw_correspondence(rng: np.random.Generator, difficulty: float) -> CorrespondenceScene:
    """Draw a scene; difficulty adds smaller landmarks, lets marked ones share a colour, and changes the light."""
    count, margin = round(between(FEWEST, MOST, difficulty)), between(0.05, -0.05, difficulty)
    sizes = between(0.15, 0.09, difficulty), between(0.18, 0.13, difficulty)
    told_by_colour = not coin(rng, difficulty)
    while True:
        radii = rng.uniform(*sizes, count).round(4).tolist()
        contrast = between(0.02, 0.3, difficulty)
        picture = draw_picture(rng, SHAPE_NAMES, radii, light=difficulty, contrast=contrast, span=(margin, 1 - margin))
        looks = list(zip(picture.colour_names, [thing.kind for thing in picture.things], strict=True))
        view = _draw_view(rng, difficulty)
        places = [view.project(thing.x, thing.y) for thing in picture.things]
        inside = [index for index, place in enumerate(places) if _inside(place)]
        told = {(look[0] if told_by_colour else look): index for index, look in enumerate(looks) if index in inside}
        shown = _apart(list(told.values()), places)
        firsts = [index for index in shown if _inside((picture.things[index].x, picture.things[index].y))]
        if len(shown) >= len(POINTS) and firsts:
            break
    truth = firsts[int(rng.integers(len(firsts)))]
    others = [index for index in rng.permutation(shown).tolist() if index != truth][: len(POINTS) - 1]
    correct = int(rng.integers(len(POINTS)))
    others.insert(correct, truth)
    marks = tuple(
        Mark(round(places[index][0], 4), round(places[index][1], 4), letter)
        for index, letter in zip(others, LETTERS, strict=True)
    )
    return CorrespondenceScene(
        picture=picture,
        view=view,
        second_light=draw_light(rng, difficulty),
        reference=Mark(picture.things[truth].x, picture.things[truth].y, "REF"),
        marks=marks,
        correct=correct,
    )


def _draw_view(rng: np.random.Generator, difficulty: float) -> View:
    turn, zoom, right, down = rng.uniform(-1.0, 1.0, 4).tolist()
    return View(
        turn=round(turn * math.pi, 3),
        zoom=round(1.3 ** between(-0.5 + 0.3 * zoom, 0.3 + zoom, difficulty), 3),
        shift_x=round(between(0.05, 0.12, difficulty) * right, 3),
        shift_y=round(between(0.05, 0.12, difficulty) * down, 3),
    )


def _inside(place: tuple[float, float]) -> bool:
    return min(place) > 0.08 and max(place) < 0.92


def _apart(indices: list[int], places: list[tuple[float, float]]) -> list[int]:
    """Those that can be marked without one mark touching another."""
    chosen: list[int] = []
    for index in indices:
        if all(math.dist(places[index], places[other]) > APART for other in chosen):
            chosen.append(index)
    return chosen


VISUAL_CORRESPONDENCE = Family(
    task=find_task("Visual_Correspondence"), draw=draw_correspondence, tiny_size=SINGLE_IMAGE_SIZE
)
