"""Jigsaw: which piece fills the missing corner?

Both pieces show the same world, the wrong one a little aside. Their colours are alike; what lies on the seams is not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from spillover.tasks.catalogue import find_task
from spillover.tasks.perception.canvas import Canvas
from spillover.tasks.perception.colours import COLOUR_NAMES, COLOURS, vary
from spillover.tasks.perception.family import Family
from spillover.tasks.perception.kinds import CREATURE_NAMES, SHAPE_NAMES
from spillover.tasks.perception.pictures import Picture, draw_picture
from spillover.tasks.perception.sampling import between, coin, pick, pick_distinct
from spillover.tasks.perception.words import SECOND_OR_THIRD

CONTENT = CREATURE_NAMES + SHAPE_NAMES
CORNER = (0.5, 0.5)
"""Upper left corner of the missing quarter."""

Corner = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class JigsawScene:
    """A picture and the places from which two pieces are cut."""

    picture: Picture
    corners: tuple[Corner, Corner]
    correct: int

    @property
    def question(self) -> str:
        """BLINK's question, shortened."""
        return (
            "Given the first image with the lower right corner missing, "
            "which one of the second image or the third image is the missing part?"
        )

    @property
    def choices(self) -> tuple[str, ...]:
        """BLINK's options."""
        return SECOND_OR_THIRD

    def render(self, size: int) -> tuple[Image.Image, ...]:
        """Draw the picture without its corner, then the pieces at the same scale."""
        half = size // 2
        whole = self.picture.paint(2 * half)
        whole.pixels[half:, half:] = 0.0
        pieces: list[Image.Image] = []
        for corner in self.corners:
            canvas = Canvas(half, self.picture.surface.low, origin=corner, extent=0.5)
            self.picture.paint_on(canvas)
            pieces.append(canvas.image())
        return (whole.image(), *pieces)

    def describe(self) -> str:
        """Name what lies where the seams meet: in the picture, and in both pieces."""
        return ", ".join(self._named_at(corner) for corner in (CORNER, *self.corners))

    def satisfying(self) -> tuple[int, ...]:
        """Find the piece that was cut where the corner is missing."""
        return tuple(index for index, corner in enumerate(self.corners) if math.dist(corner, CORNER) < 1e-9)

    def _named_at(self, corner: Corner) -> str:
        things = self.picture.things
        away = [math.dist((thing.x, thing.y), corner) / thing.size for thing in things]
        nearest = away.index(min(away))
        return f"{self.picture.colour_names[nearest]} {things[nearest].kind}" if away[nearest] < 1.0 else "nothing"


def draw_jigsaw(rng: np.random.Generator, difficulty: float) -> JigsawScene:
    """Draw a scene; difficulty brings the wrong piece's origin closer and makes the ground as lively as the things.

    In a plain scene something large and plain lies on the true corner, something else on the wrong piece's.
    """
    sizes = rng.uniform(0.12, 0.28, round(between(4, 8, difficulty))).round(4).tolist()
    picture = draw_picture(
        rng, CONTENT, sizes, light=0.6 * difficulty, contrast=between(0.05, 0.45, difficulty), span=(-0.05, 1.45)
    )
    least = between(0.4, 0.2, difficulty)
    while True:
        right, down = rng.uniform(-0.5, 0.45, 2).round(4).tolist()
        if math.hypot(right, down) > least:
            break
    correct = int(rng.integers(2))
    wrong = (round(CORNER[0] + right, 4), round(CORNER[1] + down, 4))
    if not coin(rng, difficulty):
        picture = _with_landmarks(rng, picture, (CORNER, wrong))
    return JigsawScene(picture=picture, corners=(CORNER, wrong) if correct == 0 else (wrong, CORNER), correct=correct)


def _with_landmarks(rng: np.random.Generator, picture: Picture, corners: tuple[Corner, Corner]) -> Picture:
    """The picture with its last two things laid on two corners, in two colours."""
    names = pick_distinct(rng, COLOUR_NAMES, 2)
    aside = rng.uniform(-0.06, 0.06, (2, 2)).round(4).tolist()
    things = tuple(
        replace(
            thing,
            kind=pick(rng, SHAPE_NAMES[:2]),
            x=round(x + right, 4),
            y=round(y + down, 4),
            size=round(rng.uniform(0.2, 0.26), 4),
            colour=vary(rng, COLOURS[name]),
        )
        for thing, name, (x, y), (right, down) in zip(picture.things[-2:], names, corners, aside, strict=True)
    )
    return replace(picture, things=(*picture.things[:-2], *things), colour_names=(*picture.colour_names[:-2], *names))


JIGSAW = Family(task=find_task("Jigsaw"), draw=draw_jigsaw)
