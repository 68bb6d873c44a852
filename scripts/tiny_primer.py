"""The first thing the tiny model is taught: to look.

Coloured things in a plain grid, one a token, to be named one after another. In the suite's own scenes nothing about an
answer can be read off any single place, so a model that does not look yet finds no reason to begin; without a primer it
was still blind after 60,000 examples, with one it looked after 10,000.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spillover.tasks.perception.canvas import Canvas
from spillover.tasks.perception.colours import COLOUR_NAMES, COLOURS, muted, vary
from spillover.tasks.perception.kinds import CREATURE_NAMES, SHAPE_NAMES, TOOL_NAMES
from spillover.tasks.perception.sampling import coin, pick
from spillover.tasks.perception.things import Thing, paint_thing

EMPTY = 0.3
"""Share of the places that hold nothing."""


@dataclass(frozen=True, slots=True)
class Primer:
    """A few plain pictures and what they show."""

    images: tuple[NDArray[np.uint8], ...]
    description: str
    side: int
    """Places a row; every place is as large as a token."""


def draw_primer(rng: np.random.Generator, token_pixels: int) -> Primer:
    """Draw one to three pictures of two by two places, or one of three by three."""
    count = int(rng.integers(1, 4))
    side = 3 if count == 1 and coin(rng) else 2
    pictures = [_draw_picture(rng, side, token_pixels) for _ in range(count)]
    return Primer(tuple(image for image, _ in pictures), ", ".join(words for _, words in pictures), side)


def _draw_picture(rng: np.random.Generator, side: int, token_pixels: int) -> tuple[NDArray[np.uint8], str]:
    canvas = Canvas(side * token_pixels, muted(rng, 0.3, 0.7, 0.05))
    words: list[str] = []
    for place in range(side * side):
        if coin(rng, EMPTY):
            words.append("none")
            continue
        kind = pick(rng, SHAPE_NAMES if coin(rng, 0.6) else (*CREATURE_NAMES, *TOOL_NAMES))
        name = pick(rng, COLOUR_NAMES)
        row, column = divmod(place, side)
        thing = Thing(
            kind=kind,
            x=(column + rng.uniform(0.38, 0.62)) / side,
            y=(row + rng.uniform(0.38, 0.62)) / side,
            size=rng.uniform(0.3, 0.48) / side,
            colour=vary(rng, COLOURS[name]),
            angle=rng.uniform(-0.3, 0.3),
            mirrored=coin(rng),
        )
        paint_thing(canvas, thing)
        words.append(f"{name} {kind}")
    return np.asarray(canvas.image()), ", ".join(words)
