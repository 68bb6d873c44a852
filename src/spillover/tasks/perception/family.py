"""What every generator of the suite is: a way to draw scenes that know their own right answer.

A scene is drawn in unit coordinates and rendered at any size, so that the same example serves a tiny model at 32 px and
a real one at 448 px.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from PIL import Image

from spillover.tasks.task import Task


class Scene(Protocol):
    """One example before it is rendered: a frozen dataclass of plain numbers, strings and tuples.

    Its `repr` is its identity (it decides the split), so it must hold everything that the pictures and the answer
    depend on, and nothing else.
    """

    @property
    def question(self) -> str:
        """The question, without option lines."""
        ...

    @property
    def choices(self) -> tuple[str, ...]:
        """The options' texts, without letters."""
        ...

    @property
    def correct(self) -> int:
        """Index of the right option."""
        ...

    def render(self, size: int) -> tuple[Image.Image, ...]:
        """Draw the images, each at most `size` pixels wide and high, RGB, the same pixels for the same scene."""
        ...

    def describe(self) -> str:
        """Say in a few plain words what is to be seen, for the tiny model's pretraining."""
        ...

    def satisfying(self) -> tuple[int, ...]:
        """Find every option that the scene's geometry makes right, without looking at `correct`.

        The independent check of the label: it must be exactly `(correct,)`.
        """
        ...


SMALLEST_SIZE = 32
"""Pixels a side at which every family can still be read."""
SINGLE_IMAGE_SIZE = 48
"""Pixels a side for the tiny model where one picture has to hold small things: letters, boxes, many objects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A task of the suite and the way its scenes are drawn."""

    task: Task
    draw: DrawScene
    """`draw(rng, difficulty)`, difficulty in 0 (plain) to 1 (as hard as the suite gets)."""
    tiny_size: int = SMALLEST_SIZE
    """Pixels a side at which the tiny model sees it: as few as its details allow."""


class DrawScene(Protocol):
    """Draws one scene."""

    def __call__(self, rng: np.random.Generator, difficulty: float) -> Scene:
        """Draw a scene; the right option's place is uniform."""
        ...
