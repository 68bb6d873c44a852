"""Functional correspondence: which marked part of another tool serves the purpose of the part marked on the first?

Handles are held, edges and bowls do the work: the parts look different and do the same.
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
from spillover.tasks.perception.kinds import KINDS, ROLES, TOOL_NAMES
from spillover.tasks.perception.marks import Mark
from spillover.tasks.perception.sampling import between, coin, pick_distinct
from spillover.tasks.perception.words import LETTERS, POINTS


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionalScene:
    """Two tools with marks on their parts."""

    first: CloseUp
    second: CloseUp
    reference: Mark
    marks: tuple[Mark, ...]
    correct: int

    @property
    def question(self) -> str:
        """BLINK's question, shortened."""
        return (
            "Which point on the second image corresponds to the reference point on the first image, "
            f"if we use both items for the action: {self.first.thing.of_kind.action}?"
        )

    @property
    def choices(self) -> tuple[str, ...]:
        """BLINK's options."""
        return POINTS

    def render(self, size: int) -> tuple[Image.Image, ...]:
        """Draw both tools."""
        return self.first.paint(size, (self.reference,)), self.second.paint(size, self.marks)

    def describe(self) -> str:
        """Name the tools and what their marked parts are for."""
        name = CloseUp.part_name if self.first.part_colours else _role
        words = [f"{self.first.thing.kind} {name(self.first, self.reference)}", self.second.thing.kind]
        words += [f"{mark.label} {name(self.second, mark)}" for mark in self.marks]
        return ", ".join(words)

    def satisfying(self) -> tuple[int, ...]:
        """Find the marks on a part of the reference's role."""
        role = _role(self.first, self.reference)
        return tuple(index for index, mark in enumerate(self.marks) if _role(self.second, mark) == role)


def _role(close_up: CloseUp, mark: Mark) -> str:
    part = close_up.part_at(mark.x, mark.y)
    return "nothing" if part is None else close_up.thing.of_kind.parts[part].role or "nothing"


def draw_functional(rng: np.random.Generator, difficulty: float) -> FunctionalScene:
    """Draw a scene; difficulty turns both tools and makes their builds unusual.

    In plain scenes every part has a colour that says what it is for, the same on both tools.
    """
    coloured = not coin(rng, difficulty)
    turn = math.pi if coloured else between(0.4, math.pi, difficulty)
    while True:
        kinds = pick_distinct(rng, TOOL_NAMES, 2)
        roles = pick_distinct(rng, ROLES, len(POINTS))
        correct = int(rng.integers(len(POINTS)))
        colours = dict(zip((*roles, None), pick_distinct(rng, COLOUR_NAMES, len(roles) + 1), strict=True))
        first, second = (
            draw_close_up(
                rng,
                kind,
                difficulty,
                turn,
                tuple(colours[part.role] for part in KINDS[kind].parts) if coloured else (),
            )
            for kind in kinds
        )
        held = first.thing.of_kind.index_of_role(roles[correct])
        parts = [second.thing.of_kind.index_of_role(role) for role in roles]
        if first.shows([held]) and second.shows(parts):
            break
    return FunctionalScene(
        first=first,
        second=second,
        reference=first.mark(held, "REF"),
        marks=tuple(second.mark(part, letter) for part, letter in zip(parts, LETTERS, strict=True)),
        correct=correct,
    )


FUNCTIONAL_CORRESPONDENCE = Family(
    task=find_task("Functional_Correspondence"), draw=draw_functional, tiny_size=SINGLE_IMAGE_SIZE
)
