"""What a recipe is: a dataset opened, and one question posed from one of its records."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from spillover.core.errors import TaskError
from spillover.tasks.task import Task

LISTED = 100
"""Records, and broken files, that are named for each reason of skipping."""
MALFORMED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What reading a record raises whose fields are missing, or hold what the dataset never has there."""


class SkippedError(Exception):
    """This record makes no question, for the reason given. Counted and listed, never fatal."""


def fault_of(error: Exception) -> str:
    """Say what is wrong with a record, or a list, on which one of `MALFORMED` was raised."""
    return (
        f"it lacks {error}" if isinstance(error, KeyError) else "one of its fields holds something else than it should"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question with its answer in place, its images drawn."""

    images: tuple[Image.Image, ...]
    text: str
    choices: tuple[str, ...]
    correct: int
    """Which of the choices is right."""


@dataclass(slots=True)
class Skipped:
    """What was skipped for one reason."""

    count: int = 0
    """Records."""
    first: list[str] = field(default_factory=list[str])
    """The first `LISTED` of them."""
    files: dict[str, None] = field(default_factory=dict[str, None])
    """The files that are to blame, each once: several records may need the same one, and one record several."""

    def describe(self) -> dict[str, Any]:
        """For the provenance: `count` and `first`, and of broken files `files` and `first_files`."""
        described: dict[str, Any] = {"count": self.count, "first": self.first}
        if self.files:
            described |= {"files": len(self.files), "first_files": list(self.files)[:LISTED]}
        return described


@dataclass(slots=True)
class Tally:
    """What was skipped, by reason."""

    reasons: dict[str, Skipped] = field(default_factory=dict[str, Skipped])

    def skip(self, reason: str, origin: str, file: str | None = None) -> None:
        """Count a record that makes no question, because of a broken file where one is given."""
        skipped = self.reasons.setdefault(reason, Skipped())
        skipped.count += 1
        if len(skipped.first) < LISTED:
            skipped.first.append(origin)
        if file is not None:
            skipped.files[file] = None

    @contextmanager
    def reading(self, origin: str) -> Generator[None]:
        """Count a record as skipped whose reading or posing, inside, ends in an error of the data."""
        try:
            yield
        except SkippedError as reason:
            self.skip(str(reason), origin)
        except TaskError as error:
            # what stands in brackets differs by file
            self.skip(error.message.partition(" (")[0], origin, error.where)
        except OSError as error:
            self.skip(f"a file cannot be looked for: {error.strerror or error}", origin)
        except MALFORMED as error:
            self.skip(fault_of(error), origin)


@dataclass(frozen=True, slots=True)
class Material:
    """An opened dataset."""

    origins: Sequence[str]
    """The records that may make a question, each by the name that the dataset gives it; in a stable order."""
    pose: Callable[[int, np.random.Generator], Question]
    """Makes the question of one record.

    Raises:
        SkippedError: it makes none.
        TaskError: a file cannot be read; `where` names it.
        MALFORMED: the record is not what the dataset's are.
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
        MALFORMED: a list as a whole is not what the dataset's is; a single record is skipped.
    """


def shuffle_choices(right: str, wrong: Sequence[str], rng: np.random.Generator) -> tuple[tuple[str, ...], int]:
    """Put the right choice among the wrong ones, at a place drawn uniformly.

    Returns:
        All choices, and the place of the right one.
    """
    others: list[str] = [wrong[int(place)] for place in rng.permutation(len(wrong))]
    place = int(rng.integers(len(others) + 1))
    return (*others[:place], right, *others[place:]), place
