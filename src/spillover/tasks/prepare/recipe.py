"""What a recipe is: a dataset opened, and one question posed from one of its records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from spillover.tasks.task import Task

LISTED = 100
"""Records that are named for each reason of skipping."""


class SkippedError(Exception):
    """This record makes no question, for the reason given. Counted and listed, never fatal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question with its answer in place, its images drawn."""

    images: tuple[Image.Image, ...]
    text: str
    choices: tuple[str, ...]
    correct: int
    """Which of the choices is right."""


@dataclass(slots=True)
class Tally:
    """What was skipped, and why."""

    counts: dict[str, int] = field(default_factory=dict[str, int])
    listed: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def skip(self, reason: str, origin: str) -> None:
        """Count a record that makes no question."""
        self.counts[reason] = self.counts.get(reason, 0) + 1
        names = self.listed.setdefault(reason, [])
        if len(names) < LISTED:
            names.append(origin)


@dataclass(frozen=True, slots=True)
class Material:
    """An opened dataset."""

    origins: Sequence[str]
    """The records that may make a question, each by the name that the dataset gives it; in a stable order."""
    pose: Callable[[int, np.random.Generator], Question]
    """Makes the question of one record.

    Raises:
        SkippedError: it makes none.
        TaskError: an image cannot be read.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How one task's training set is made from one dataset."""

    task: Task
    dataset: str
    """As the field calls it."""
    split: str
    """Which of its examples are taken."""
    layout: str
    """What has to be in the folder."""
    open: Callable[[Path, Tally], Material]
    """Reads the dataset's lists.

    Raises:
        TaskError: the folder is not this dataset, or its lists are broken; what was expected where is said.
    """


def shuffle_choices(right: str, wrong: Sequence[str], rng: np.random.Generator) -> tuple[tuple[str, ...], int]:
    """Put the right choice among the wrong ones, at a place drawn uniformly.

    Returns:
        All choices, and the place of the right one.
    """
    others: list[str] = [wrong[int(place)] for place in rng.permutation(len(wrong))]
    place = int(rng.integers(len(others) + 1))
    return (*others[:place], right, *others[place:]), place
