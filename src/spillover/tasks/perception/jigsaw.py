"""Jigsaw: which piece fills the missing corner?

Both pieces show the same world, the wrong one a little aside. Their colours are alike; what lies on the seams is not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from spillover.tasks.catalogue import find_task
from spillover.tasks.perception.canvas import Canvas
from spillover.tasks.perception.family import Family
from spillover.tasks.perception.kinds import CREATURE_NAMES, SHAPE_NAMES
from spillover.tasks.perception.pictures import Picture, draw_picture
from spillover.tasks.perception.sampling import between
from spillover.tasks.perception.words import SECOND_OR_THIRD, place_words

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
        """Say what is seen where in the picture and in both pieces."""
        whole = self._named_within((0.0, 0.0), 1.0)
        return ", ".join([whole, *(self._named_within(corner, 0.5) for corner in self.corners)])

    def satisfying(self) -> tuple[int, ...]:
        """Find the piece that was cut where the corner is missing."""
        return tuple(index for index, corner in enumerate(self.corners) if math.dist(corner, CORNER) < 1e-9)

    def _named_within(self, corner: Corner, extent: float) -> str:
        words: list[str] = []
        for name, thing in zip(self.picture.colour_names, self.picture.things, strict=True):
            x, y = (thing.x - corner[0]) / extent, (thing.y - corner[1]) / extent
            missing = extent == 1.0 and x > CORNER[0] and y > CORNER[1]
            if 0.0 < x < 1.0 and 0.0 < y < 1.0 and not missing and len(words) < 2:
                words.append(f"{name} {place_words(x, y)}")
        return " ".join(words) or "nothing"


def draw_jigsaw(rng: np.random.Generator, difficulty: float) -> JigsawScene:
    """Draw a scene; difficulty brings the wrong piece's origin closer and makes the ground as lively as the things."""
    sizes = rng.uniform(0.12, 0.28, 8).round(4).tolist()
    picture = draw_picture(rng, CONTENT, sizes, light=0.6, contrast=between(0.2, 0.45, difficulty), span=(-0.05, 1.45))
    least = between(0.35, 0.2, difficulty)
    while True:
        right, down = rng.uniform(-0.5, 0.45, 2).round(4).tolist()
        if math.hypot(right, down) > least:
            break
    correct = int(rng.integers(2))
    wrong = (round(CORNER[0] + right, 4), round(CORNER[1] + down, 4))
    return JigsawScene(picture=picture, corners=(CORNER, wrong) if correct == 0 else (wrong, CORNER), correct=correct)


JIGSAW = Family(task=find_task("Jigsaw"), draw=draw_jigsaw)
