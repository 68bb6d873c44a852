"""Semantic correspondence: which marked part of another thing of the same kind is the part marked on the first?

The two differ in colour, build, pose and the way they face; what they share is what their parts are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from spillover.tasks.catalogue import find_task
from spillover.tasks.perception.closeups import CloseUp, draw_close_up
from spillover.tasks.perception.colours import COLOUR_NAMES
from spillover.tasks.perception.family import SINGLE_IMAGE_SIZE, Family
from spillover.tasks.perception.kinds import CREATURE_NAMES, KINDS
from spillover.tasks.perception.marks import Mark
from spillover.tasks.perception.sampling import between, coin, pick, pick_distinct
from spillover.tasks.perception.words import LETTERS, POINTS


@dataclass(frozen=True, slots=True, kw_only=True)
class SemanticScene:
    """Two things of a kind with marks on their parts."""

    first: CloseUp
    second: CloseUp
    reference: Mark
    marks: tuple[Mark, ...]
    correct: int

    @property
    def question(self) -> str:
        """BLINK's question, shortened."""
        return f"Which point on the second {self.first.thing.kind} corresponds to the reference point on the first?"

    @property
    def choices(self) -> tuple[str, ...]:
        """BLINK's options."""
        return POINTS

    def render(self, size: int) -> tuple[Image.Image, ...]:
        """Draw both things."""
        return self.first.paint(size, (self.reference,)), self.second.paint(size, self.marks)

    def describe(self) -> str:
        """Name the marked parts."""
        words = [f"{self.first.thing.kind} {self.first.part_name(self.reference)}"]
        words += [f"{mark.label} {self.second.part_name(mark)}" for mark in self.marks]
        return ", ".join(words)

    def satisfying(self) -> tuple[int, ...]:
        """Find the marks that lie on the part on which the reference lies."""
        part = self.first.part_at(*self.reference[:2])
        return tuple(index for index, mark in enumerate(self.marks) if self.second.part_at(*mark[:2]) == part)


def draw_semantic(rng: np.random.Generator, difficulty: float) -> SemanticScene:
    """Draw a scene; difficulty turns both things and makes their builds differ.

    In plain scenes every part has its own colour on both things, which tells it however they are turned.
    """
    coloured = not coin(rng, difficulty)
    turn = math.pi if coloured else between(0.2, math.pi, difficulty)
    while True:
        kind = pick(rng, CREATURE_NAMES)
        landmarks = [KINDS[kind].index_of(name) for name in KINDS[kind].landmarks]
        parts = pick_distinct(rng, landmarks, len(POINTS))
        correct = int(rng.integers(len(POINTS)))
        colours = pick_distinct(rng, COLOUR_NAMES, len(KINDS[kind].parts)) if coloured else ()
        first, second = (draw_close_up(rng, kind, difficulty, turn, tuple(colours)) for _ in range(2))
        if first.shows(parts[correct : correct + 1]) and second.shows(parts):
            break
    return SemanticScene(
        first=first,
        second=second,
        reference=first.mark(parts[correct], "REF"),
        marks=tuple(second.mark(part, letter) for part, letter in zip(parts, LETTERS, strict=True)),
        correct=correct,
    )


SEMANTIC_CORRESPONDENCE = Family(
    task=find_task("Semantic_Correspondence"), draw=draw_semantic, tiny_size=SINGLE_IMAGE_SIZE
)
