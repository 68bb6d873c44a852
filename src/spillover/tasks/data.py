"""A task with its examples: the one thing a study asks of any source of tasks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple, Protocol, TypeVar

from spillover.core.errors import TaskError, nearest
from spillover.tasks.blink import open_blink
from spillover.tasks.hub import pin_dataset
from spillover.tasks.own import open_file_task, open_hub_task
from spillover.tasks.perception.families import FAMILIES
from spillover.tasks.perception.suite import SUITE_VERSION, Split, draw_examples, find_family
from spillover.tasks.settings import BlinkTasks, FileTask, HubTask, PerceptionTasks, TaskSettings, VSIBenchTasks
from spillover.tasks.task import Example, Task
from spillover.tasks.vsibench import open_vsibench

__all__ = ["Split", "TaskData", "open_tasks"]


class TaskData(Protocol):
    """A task whose examples can be read."""

    @property
    def task(self) -> Task:
        """What is known of it."""
        ...

    def offers(self, split: Split) -> bool:
        """Whether there are examples to train on, or to evaluate on."""
        ...

    def read(self, split: Split, count: int | None) -> list[Example]:
        """Read the first examples of a split; None reads all there are.

        Raises:
            TaskError: there are none, fewer than asked for training, or one is broken.
        """
        ...

    def size(self, split: Split, count: int | None) -> int:
        """How many examples `read` gives.

        Raises:
            TaskError: they cannot be read.
        """
        ...

    def identity(self, split: Split, count: int | None) -> Any:
        """What determines `read`, as plain values to be hashed."""
        ...

    def images(self, split: Split, count: int | None) -> Mapping[str, frozenset[str]]:
        """Digests of the images of every example, by its id; none where they are drawn, not read.

        Raises:
            TaskError: an image cannot be read.
        """
        ...

    def check(self, split: Split, count: int | None) -> None:
        """See that every example can be read and every image decoded.

        Raises:
            TaskError: the first that cannot.
        """
        ...


@dataclass(frozen=True)
class PerceptionTask:
    """A task of the embedded suite."""

    task: Task
    settings: PerceptionTasks

    def offers(self, split: Split) -> bool:  # noqa: ARG002 (the suite is endless)
        """Always: scenes are drawn as they are needed."""
        return True

    def read(self, split: Split, count: int | None) -> list[Example]:
        """Draw the first examples of a split."""
        drawn = draw_examples(
            self.task.name,
            split,
            seed=self.settings.seed,
            size=self.settings.size,
            difficulty=self.settings.difficulty,
        )
        return list(islice(drawn, self.size(split, count)))

    def size(self, split: Split, count: int | None) -> int:
        """As many as were asked for; to evaluate on, and where nothing was asked, the suite's own number at most."""
        if split == "train":
            return self.settings.examples if count is None else count
        return self.settings.examples if count is None else min(count, self.settings.examples)

    def identity(self, split: Split, count: int | None) -> Any:
        """The suite's version and what it was asked for."""
        asked = self.settings.model_dump(include={"size", "difficulty", "seed"})
        return {
            "suite": SUITE_VERSION,
            "task": self.task.name,
            "split": split,
            "count": self.size(split, count),
            **asked,
        }

    def images(self, split: Split, count: int | None) -> Mapping[str, frozenset[str]]:  # noqa: ARG002
        """None: the suite's splits are drawn apart, and drawing them to see that takes minutes."""
        return {}

    def check(self, split: Split, count: int | None) -> None:
        """Nothing can be wrong with scenes that are drawn by this package."""


def open_tasks(settings: Sequence[TaskSettings]) -> list[TaskData]:
    """Open every task that a study speaks of.

    Raises:
        TaskError: a name is unknown or stands twice, or BLINK is taken from two places.
    """
    opened = [data for each in settings for data in _open(each)]
    refuse_clashes(settings, opened)
    return opened


def refuse_clashes(settings: Sequence[TaskSettings], opened: Sequence[TaskData]) -> None:
    """Refuse tasks that are well alone and cannot be in one study.

    Args:
        settings: of all tasks.
        opened: the tasks that they speak of.

    Raises:
        TaskError: a name stands twice, or BLINK is taken from two places.
    """
    _refuse_mixed_revisions(settings)
    for name, count in Counter(data.task.name for data in opened).items():
        if count > 1:
            raise TaskError(f"the task {name!r} stands twice", hint="give one of them another name")


def _open(settings: TaskSettings) -> Sequence[TaskData]:
    match settings:
        case PerceptionTasks():
            names = [family.task.name for family in FAMILIES] if settings.names == "all" else settings.names
            return [PerceptionTask(_family_task(name), settings) for name in names]
        case FileTask():
            return [open_file_task(settings)]
        case HubTask():
            return [open_hub_task(settings)]
        case BlinkTasks():
            return open_blink(settings)
        case VSIBenchTasks():
            return open_vsibench(settings)


def _refuse_mixed_revisions(settings: Sequence[TaskSettings]) -> None:
    copies = {(each.path, each.revision) for each in settings if isinstance(each, BlinkTasks)}
    if len(copies) > 1:
        listed = ", ".join(sorted(f"{path} at {revision or 'its newest'}" for path, revision in copies))
        raise TaskError(
            f"one study takes BLINK from one place and revision, not from {listed}",
            hint="labels differ between revisions: make two studies and compare them",
        )


class _HubData(NamedTuple):
    dataset: str
    revision: str | None


def _hub_data(settings: TaskSettings) -> _HubData | None:
    match settings:
        case BlinkTasks() | VSIBenchTasks():
            return _HubData(settings.path, settings.revision)
        case HubTask():
            return _HubData(settings.dataset, settings.revision)
        case _:
            return None


def pin_task(settings: TaskSettings, stored: Sequence[TaskSettings]) -> TaskSettings:
    """Pin a dataset of the hub to a commit: the one that the study began with, else the newest.

    Args:
        settings: of a task, or of several from one dataset; what is not of the hub is returned as it is.
        stored: the tasks that the study began with.

    Raises:
        TaskError: a revision is asked for that is not the one the study began with.
        HubError: the hub cannot be reached.
    """
    given = _hub_data(settings)
    if given is None:
        return settings
    known = (each for each in map(_hub_data, stored) if each is not None and each.dataset == given.dataset)
    begun = next((each.revision for each in known), None)
    if begun and given.revision not in (None, begun):
        raise TaskError(
            f"the study began with the revision {begun} of {given.dataset} and cannot go on with {given.revision}",
            hint="scores of two revisions are never mixed: give the new study another name",
        )
    return settings.model_copy(update={"revision": pin_dataset(given.dataset, begun or given.revision)})


def _family_task(name: str) -> Task:
    short = {family.task.abbreviation: family.task for family in FAMILIES}
    return short.get(name) or find_family(name).task


class _HasTask(Protocol):
    @property
    def task(self) -> Task: ...


OfTask = TypeVar("OfTask", bound=_HasTask)


def find_task_data(tasks: Iterable[OfTask], name: str) -> OfTask:
    """Find what is of a task, such as its data or an adapter, by the task's name or abbreviation.

    Raises:
        TaskError: there is none of that name; the nearest is offered.
    """
    by_name = {data.task.name: data for data in tasks}
    by_abbreviation = {data.task.abbreviation: data for data in by_name.values()}
    found = by_name.get(name) or by_abbreviation.get(name)
    if found is None:
        raise TaskError(f"unknown task {name!r}; {nearest(name, by_name)}")
    return found
