"""A mixture as a task to train on: examples drawn from the training sets of other tasks, the same ones every time.

An export and a study of one mixture draw through here, so that what is tested is what is handed on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np

from spillover.core.errors import TaskError
from spillover.core.keys import seeded_generator
from spillover.tasks.data import Split, TaskData, find_task_data
from spillover.tasks.recipes import read_recipe
from spillover.tasks.settings import MixtureSource, Recipe
from spillover.tasks.task import Example, Task


def count_examples(shares: Sequence[float], budget: int) -> list[int]:
    """Turn shares into whole numbers of examples that sum to the budget exactly, by largest remainders.

    Ties go to the earlier source.

    >>> count_examples([1 / 3, 1 / 3, 1 / 3], 100)
    [34, 33, 33]
    """
    exact = np.asarray(shares, dtype=float) * budget
    counts = np.floor(exact + 1e-9).astype(int)
    left = budget - int(counts.sum())
    order = np.argsort(-np.round(exact - counts, 9), kind="stable")
    counts[order[:left]] += 1
    return counts.tolist()


def scale_parts(parts: Mapping[str, int], budget: int | None) -> dict[str, int]:
    """Take a recipe's parts in proportion, so that they are so many examples in all; None takes them as they are.

    >>> scale_parts({"Jigsaw": 30, "Counting": 10}, 100)
    {'Jigsaw': 75, 'Counting': 25}
    """
    if budget is None:
        return dict(parts)
    total = sum(parts.values())
    return dict(zip(parts, count_examples([number / total for number in parts.values()], budget), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Portions:
    """Examples drawn from several tasks."""

    shuffled: tuple[tuple[str, Example], ...]
    """Each with the task that it is of."""
    distinct: Mapping[str, int]
    """Different examples by task: fewer than were asked for where the task has fewer, so that some are repeated."""


def draw_parts(counts: Mapping[str, int], tasks: Sequence[TaskData], seed: int) -> Portions:
    """Draw training examples from several tasks, in an order that depends on the counts and the seed alone.

    A task that has too few examples repeats them, from the first on.

    Args:
        counts: examples by task; a task with none is left out.
        tasks: where the examples are.
        seed: of the order.

    Raises:
        TaskError: a task is not among the tasks, or its data is broken.
    """
    drawn: list[tuple[str, Example]] = []
    distinct: dict[str, int] = {}
    for name, count in sorted(counts.items()):  # so that the order in which a mixture is written changes nothing
        if count:
            examples = _read_at_most(find_task_data(tasks, name), count)
            distinct[name] = len(examples)
            drawn += [(name, example) for example in islice(cycle(examples), count)]
    order = seeded_generator("mixture rows", seed).permutation(len(drawn))
    return Portions(shuffled=tuple(drawn[place] for place in order.tolist()), distinct=distinct)


def count_held(data: TaskData, most: int) -> int:
    """Count the training examples that a task has, up to so many.

    Raises:
        TaskError: its data cannot be read.
    """
    if not data.offers("train"):
        return 0
    try:
        return data.size("train", most)
    except TaskError:  # it has fewer; whatever else is wrong is raised again
        return data.size("train", None)


def _read_at_most(data: TaskData, count: int) -> list[Example]:
    try:
        return data.read("train", count)
    except TaskError:  # it may have fewer; whatever else is wrong is raised again
        return data.read("train", None)


@dataclass(frozen=True, eq=False, kw_only=True)
class MixedTask:
    """A source that is no target: the training examples of other tasks, in fixed proportions."""

    task: Task
    recipe: Recipe
    parts: tuple[TaskData, ...]
    """In the order of the recipe."""

    def offers(self, split: Split) -> bool:
        """Only examples to train on."""
        return split == "train"

    def read(self, split: Split, count: int | None) -> list[Example]:
        """Draw the recipe's dose of so many examples, in its proportions; None draws as many as the recipe has."""
        self._refuse(split)
        counts = {data.task.name: number for data, number in self._counts(count)}
        taken: dict[str, int] = {}
        examples: list[Example] = []
        for name, example in draw_parts(counts, self.parts, self.recipe.seed).shuffled:
            identity = f"{name}/{example.id}"
            taken[identity] = taken.get(identity, 0) + 1
            again = f" again {taken[identity]}" if taken[identity] > 1 else ""
            examples.append(replace(example, id=f"{identity}{again}"))
        return examples

    def size(self, split: Split, count: int | None) -> int:
        """The recipe's dose of what was asked for, or as many as the recipe has."""
        self._refuse(split)
        return sum(number for _, number in self._counts(count))

    def identity(self, split: Split, count: int | None) -> Any:
        """What determines the examples of each part, how many are taken, and their order."""
        if not self.offers(split):
            return None
        parts = sorted(self._counts(count), key=lambda part: part[0].task.name)
        taken = [[data.task.name, number, self._of_part(data, number)] for data, number in parts if number]
        return {"mixture": taken, "seed": self.recipe.seed, "split": split}

    def images(self, split: Split, count: int | None) -> Mapping[str, frozenset[str]]:
        """Digests of the images of every example of its parts, as far as they are taken, by part and id."""
        self._refuse(split)
        taken = [(data, number if _holds(data, number) else None) for data, number in self._counts(count) if number]
        return {
            f"{data.task.name}/{name}": images
            for data, number in taken
            for name, images in data.images("train", number).items()
        }

    def check(self, split: Split, count: int | None) -> None:
        """See that every part is well, as far as it is taken."""
        self._refuse(split)
        for data, number in self._counts(count):
            try:
                data.check("train", number)
            except TaskError:  # it may have fewer
                data.check("train", None)

    def repeated(self, count: int | None) -> dict[str, int]:
        """Count by part the examples that are repetitions, since the part has too few; parts with none left out."""
        return {
            data.task.name: number - len(data.read("train", None))
            for data, number in self._counts(count)
            if number and not _holds(data, number)
        }

    @staticmethod
    def _of_part(data: TaskData, number: int) -> Any:
        return data.identity("train", number if _holds(data, number) else None)

    def _counts(self, count: int | None) -> list[tuple[TaskData, int]]:
        taken = None if count is None else self.recipe.count_of(count)
        return list(zip(self.parts, scale_parts(self.recipe.parts, taken).values(), strict=True))

    def _refuse(self, split: Split) -> None:
        if not self.offers(split):
            raise TaskError(f"the mixture {self.task.name} has no {split} examples", hint="it can only be a source")


def _holds(data: TaskData, number: int) -> bool:
    """Whether there are so many training examples; where they are broken, no, and reading them tells why."""
    try:
        data.identity("train", number)
    except TaskError:
        return False
    return True


def open_mixtures(mixtures: Sequence[MixtureSource], tasks: Sequence[TaskData]) -> list[MixedTask]:
    """Open mixtures over tasks that are open.

    Raises:
        TaskError: a mixture cannot be opened, or its name is taken.
    """
    return [open_mixture(mixture, tasks) for mixture in mixtures]


def open_mixture(mixture: MixtureSource, tasks: Sequence[TaskData]) -> MixedTask:
    """Open a mixture over tasks that are open.

    Raises:
        TaskError: its file cannot be read, a part is unknown, named twice or has nothing to train on, or its name is a
            task's.
    """
    recipe = mixture.mixture if isinstance(mixture.mixture, Recipe) else read_recipe(Path(mixture.mixture))
    if any(mixture.name in (data.task.name, data.task.abbreviation) for data in tasks):
        raise TaskError(f"{mixture.name!r} is a task's name", hint="give the mixture another: name:")
    parts = [find_task_data(tasks, name) for name in recipe.parts]
    for data in parts:
        if not data.offers("train"):
            message = f"{data.task.name} has no train data, so it cannot be a part of {mixture.name}"
            raise TaskError(message, hint="give the task train:, or leave it out of the mixture")
        if parts.count(data) > 1:
            named = " and ".join(name for name in recipe.parts if find_task_data(tasks, name) == data)
            message = f"{data.task.name} stands twice in {mixture.name}: as {named}"
            raise TaskError(message, hint="name it once, with the examples of both")
    task = Task(name=mixture.name, abbreviation=mixture.name)
    return MixedTask(task=task, recipe=recipe, parts=tuple(parts))
