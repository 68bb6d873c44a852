"""The second thing the tiny model is taught: to find what is the same, and say where.

Most of the suite's tasks compare one thing with several and name the one that matches. After 150,000 examples the model
was at chance in most of them, and could not do this even among words; here it is asked of single things in plain
pictures, in the suite's own questions, and of words alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spillover.tasks.perception.canvas import Canvas
from spillover.tasks.perception.colours import COLOUR_NAMES, COLOURS, muted, vary
from spillover.tasks.perception.kinds import CREATURE_NAMES, SHAPE_NAMES, TOOL_NAMES
from spillover.tasks.perception.marks import Mark, paint_marks
from spillover.tasks.perception.sampling import coin, pick, pick_distinct
from spillover.tasks.perception.things import Thing, paint_thing
from spillover.tasks.perception.words import LETTERS, POINTS, SECOND_OR_THIRD

KINDS = (*SHAPE_NAMES, *CREATURE_NAMES, *TOOL_NAMES)
WHICH_PICTURE = "Which one of the latter two images is most similar to the first image?"
WHICH_POINT = "Which point on the second image corresponds to the point in the first image?"
PLAIN = 0.6
"""Share of exercises in which colour and kind each tell the right one."""

Look = tuple[str, str]
"""Colour and kind."""


@dataclass(frozen=True, slots=True)
class Matching:
    """A question of what is the same."""

    images: tuple[NDArray[np.uint8], ...]
    description: str
    question: str
    choices: tuple[str, ...]
    correct: int
    told: bool
    """The description is given and the pictures show nothing."""


def draw_matching(rng: np.random.Generator, token_pixels: int) -> Matching:
    """Draw one of three exercises: of two pictures, of four points, of four words."""
    return pick(rng, (_of_pictures, _of_points, _of_points, _of_words))(rng, token_pixels)


def _of_pictures(rng: np.random.Generator, token_pixels: int) -> Matching:
    looks, correct = _draw_looks(rng, 2)
    shown = (looks[correct], *looks)
    larger = token_pixels * int(rng.integers(1, 3))
    images = tuple(_paint(rng, [look], 1, larger) for look in shown)
    return Matching(images, ", ".join(map(" ".join, shown)), WHICH_PICTURE, SECOND_OR_THIRD, correct, told=False)


def _of_points(rng: np.random.Generator, token_pixels: int) -> Matching:
    looks, correct = _draw_looks(rng, len(LETTERS))
    side = int(rng.integers(2, 4))
    places = rng.permutation(side * side).tolist()
    grid: list[Look | None] = [None] * (side * side)
    for place, look in zip(places, [*looks, *_draw_looks(rng, 2)[0]], strict=False):
        grid[place] = look
    marks = dict(zip(places, LETTERS, strict=False))
    images = (
        _paint(rng, [looks[correct]], 1, token_pixels * int(rng.integers(1, 4)), {0: "REF"}),
        _paint(rng, grid, side, token_pixels, marks),
    )
    return Matching(images, _in_words(looks, correct), WHICH_POINT, POINTS, correct, told=False)


def _of_words(rng: np.random.Generator, token_pixels: int) -> Matching:
    looks, correct = _draw_looks(rng, len(LETTERS))
    images = tuple(_paint(rng, [None], 1, token_pixels) for _ in range(2))
    return Matching(images, _in_words(looks, correct), WHICH_POINT, POINTS, correct, told=True)


def _draw_looks(rng: np.random.Generator, count: int) -> tuple[list[Look], int]:
    """Different looks and the place of the right one; unless it is plain, colour or kind alone does not tell it."""
    colours, kinds = pick_distinct(rng, COLOUR_NAMES, count), pick_distinct(rng, KINDS, count)
    looks = list(zip(colours, kinds, strict=True))
    if not coin(rng, PLAIN):
        right, alike = looks[0], coin(rng)
        looks[1] = (right[0], looks[1][1]) if alike else (looks[1][0], right[1])
        if count > 2:
            looks[2] = (looks[2][0], right[1]) if alike else (right[0], looks[2][1])
    order = rng.permutation(count).tolist()
    return [looks[index] for index in order], order.index(0)


def _in_words(looks: list[Look], correct: int) -> str:
    """What the suite says of corresponding points."""
    marked = (f"{letter} {' '.join(look)}" for letter, look in zip(LETTERS, looks, strict=True))
    return ", ".join([" ".join(looks[correct]), *marked])


def _paint(
    rng: np.random.Generator,
    looks: list[Look | None] | list[Look],
    side: int,
    token_pixels: int,
    labels: dict[int, str] | None = None,
) -> NDArray[np.uint8]:
    canvas = Canvas(side * token_pixels, muted(rng, 0.3, 0.7, 0.05))
    marks: list[Mark] = []
    for place, look in enumerate(looks):
        row, column = divmod(place, side)
        x, y = ((step + rng.uniform(0.42, 0.58)) / side for step in (column, row))
        if look is not None:
            colour, kind = look
            thing = Thing(
                kind=kind,
                x=x,
                y=y,
                size=rng.uniform(0.34, 0.48) / side,
                colour=vary(rng, COLOURS[colour]),
                angle=rng.uniform(-0.3, 0.3),
                mirrored=coin(rng),
            )
            paint_thing(canvas, thing)
        if labels and place in labels:
            marks.append(Mark(x, y, labels[place]))
    if marks:
        paint_marks(canvas, marks)
    return np.asarray(canvas.image())
