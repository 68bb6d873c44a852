"""Forensic detection: which of four pictures has not been tampered with?

Every fake has one region with a hard edge in which something is wrong: a copy from elsewhere, a mosaic, a lattice or a
double image. None changes the region's colours on the whole, so that only what lies at its edge or within it tells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image

from spillover.tasks.catalogue import find_task
from spillover.tasks.perception.canvas import Canvas
from spillover.tasks.perception.family import Family
from spillover.tasks.perception.kinds import CREATURE_NAMES, SHAPE_NAMES
from spillover.tasks.perception.pictures import Picture, draw_picture
from spillover.tasks.perception.sampling import between, coin, pick
from spillover.tasks.perception.words import place_words

Trick = Literal["copy", "mosaic", "lattice", "double"]
TRICKS: tuple[Trick, ...] = ("copy", "mosaic", "lattice", "double")
CONTENT = CREATURE_NAMES + SHAPE_NAMES
ORDINALS = ("first", "second", "third", "fourth")
CELLS = 12
"""Cells a unit length, of mosaics and lattices."""
FAINT, PLAIN = 0.2, 0.45
"""How much lighter and darker the cells of a lattice are in the hardest and in the plainest scenes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tampering:
    """What was done to a square region."""

    trick: Trick
    left: float
    top: float
    side: float
    shift_x: float
    """From where a copy or a double comes, unit length from the region."""
    shift_y: float
    strength: float
    """0: not to be seen, 1: plain."""
    lattice: float
    """How much lighter and darker the cells of a lattice are at full strength."""

    def apply(self, canvas: Canvas, original: Canvas) -> None:
        """Change the region's pixels; `original` is what they may be copied from."""
        rows, columns = canvas.window(self.left, self.top, self.left + self.side, self.top + self.side)
        region = canvas.pixels[rows, columns]
        xs, ys = canvas.xs[columns], canvas.ys[rows]
        if self.trick == "lattice":
            across, down = np.floor((xs[None, :] - self.left) * CELLS), np.floor((ys[:, None] - self.top) * CELLS)
            sign = np.where((across + down) % 2 > 0, 1.0, -1.0)
            region *= (1.0 + self.lattice * self.strength * sign[..., None]).astype(np.float32)
            return
        if self.trick == "mosaic":
            xs, ys = ((np.floor(steps * CELLS) + 0.5) / CELLS for steps in (xs, ys))
        else:
            xs, ys = xs + self.shift_x, ys + self.shift_y
        other_columns, other_rows = (
            np.clip((steps * canvas.size).astype(int), 0, canvas.size - 1) for steps in (xs, ys)
        )
        other = original.pixels[other_rows[:, None], other_columns[None, :]]
        region += (other - region) * (0.5 * self.strength if self.trick == "double" else self.strength)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForensicScene:
    """Four pictures; exactly one has not been tampered with."""

    pictures: tuple[Picture, ...]
    tamperings: tuple[Tampering | None, ...]
    correct: int

    @property
    def question(self) -> str:
        """BLINK's question, shortened."""
        return "Which one of the four images is most likely to be a real photograph?"

    @property
    def choices(self) -> tuple[str, ...]:
        """BLINK's options."""
        return tuple(f"the {ordinal} image" for ordinal in ORDINALS)

    def render(self, size: int) -> tuple[Image.Image, ...]:
        """Draw the four pictures."""
        images: list[Image.Image] = []
        for picture, tampering in zip(self.pictures, self.tamperings, strict=True):
            canvas = picture.paint(size)
            if tampering is not None:
                original = Canvas(size, (0.0, 0.0, 0.0))
                original.pixels[:] = canvas.pixels
                tampering.apply(canvas, original)
            images.append(canvas.image())
        return tuple(images)

    def describe(self) -> str:
        """Say what was done to every picture, and where."""
        words: list[str] = []
        for tampering in self.tamperings:
            if tampering is None:
                words.append("clean")
            else:
                middle = tampering.side / 2
                words.append(f"{tampering.trick} {place_words(tampering.left + middle, tampering.top + middle)}")
        return ", ".join(words)

    def satisfying(self) -> tuple[int, ...]:
        """Find the pictures to which nothing was done."""
        return tuple(index for index, item in enumerate(self.tamperings) if item is None or item.strength == 0.0)


def draw_forensic(rng: np.random.Generator, difficulty: float) -> ForensicScene:
    """Draw a scene; difficulty makes the tampered regions smaller and fainter and the pictures livelier."""
    correct = int(rng.integers(4))
    pictures = tuple(
        draw_picture(
            rng,
            CONTENT,
            rng.uniform(0.14, 0.26, round(between(1, 3, difficulty))).round(4).tolist(),
            light=0.6 * difficulty,
            contrast=between(0.05, 0.35, difficulty),
        )
        for _ in ORDINALS
    )
    tamperings = tuple(
        None if index == correct else _draw_tampering(rng, picture, difficulty)
        for index, picture in enumerate(pictures)
    )
    return ForensicScene(pictures=pictures, tamperings=tamperings, correct=correct)


def _draw_tampering(rng: np.random.Generator, picture: Picture, difficulty: float) -> Tampering:
    # on a thing's outline there is always something to be seen going wrong
    thing = pick(rng, picture.things)
    side = rng.uniform(between(0.5, 0.32, difficulty), between(0.65, 0.5, difficulty))
    aside = rng.uniform(-0.5, 0.5, 2) * thing.size
    left, top = (np.array([thing.x, thing.y]) + aside - side / 2).clip(0.02, 0.98 - side).round(4).tolist()
    shift_x, shift_y = (_shift(rng, start, side) for start in (left, top))
    return Tampering(
        trick=pick(rng, TRICKS) if coin(rng, difficulty) else "lattice",
        left=left,
        top=top,
        side=round(side, 4),
        shift_x=shift_x,
        shift_y=shift_y,
        strength=round(rng.uniform(between(0.9, 0.6, difficulty), 1.0), 3),
        lattice=round(between(PLAIN, FAINT, difficulty), 3),
    )


def _shift(rng: np.random.Generator, start: float, side: float) -> float:
    """A shift of 0.15 to 0.3 that stays in the picture, towards the side with more room."""
    towards = 1.0 if start + side / 2 < 0.5 else -1.0
    return round(towards * rng.uniform(0.15, 0.3), 4)


FORENSIC_DETECTION = Family(task=find_task("Forensic_Detection"), draw=draw_forensic)
