"""Tasks of a user's own, described by what their examples have in common."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from spillover.core.errors import TaskError
from spillover.tasks.files import collect_examples, read_examples
from spillover.tasks.hub import read_hub_rows
from spillover.tasks.recorded import Reader, RecordedTask
from spillover.tasks.scoring import is_number
from spillover.tasks.settings import FileTask, HubTask
from spillover.tasks.task import Example, Metric, Task


def open_file_task(given: FileTask) -> RecordedTask:
    """Open a task in files.

    Raises:
        TaskError: a file cannot be read, or its examples do not make one task.
    """

    def reader(name: str | None) -> Reader | None:
        return None if name is None else partial(_from_file, Path(name).expanduser(), given)

    return _open(given, reader(given.train), reader(given.validation))


def open_hub_task(given: HubTask) -> RecordedTask:
    """Open a task in a dataset of the hub.

    Raises:
        TaskError: the dataset cannot be loaded, or its examples do not make one task.
    """

    def reader(split: str | None) -> Reader | None:
        return None if split is None else partial(_from_hub, given, split)

    return _open(given, reader(given.train), reader(given.validation))


def _from_file(path: Path, given: FileTask, count: int | None) -> list[Example]:
    return read_examples(path, count, given.columns)


def _from_hub(given: HubTask, split: str, count: int | None) -> list[Example]:
    rows = read_hub_rows(given.dataset, given.config, split, given.revision)
    folder = Path(given.dataset).expanduser()
    return collect_examples(rows, folder, split, count, given.columns)


def _open(given: FileTask | HubTask, train: Reader | None, validation: Reader | None) -> RecordedTask:
    reader = validation or train
    if reader is None:
        raise TaskError(f"the task {given.name} has neither train nor validation", hint="give it one of them")
    task = describe_task(given.name, reader(None), given.metric)
    capitals = "".join(letter for letter in given.name if letter.isupper())
    described = Task(
        name=given.name,
        abbreviation=given.abbreviation or capitals[:4] or given.name[:4],
        level=given.level,
        granularity=given.granularity,
        images=task.images,
        options=task.options,
        metric=task.metric,
        chance=task.chance,
        human=given.human,
    )
    return RecordedTask(task=described, train=train, validation=validation)


def describe_task(name: str, examples: list[Example], metric: Metric | None) -> Task:
    """Describe a task by what all its examples share.

    Args:
        name: of the task.
        examples: at least one.
        metric: for open questions; None is exact.

    Raises:
        TaskError: some examples have choices and others none, the metric does not fit them, or a number is asked for
            and an answer is none.
    """
    images, options = ({len(held(example)) for example in examples} for held in (_images, _choices))
    if 0 in options and len(options) > 1:
        raise TaskError(f"{name}: some examples have choices and others have none", hint="make two tasks of them")
    is_open = options == {0}
    if metric is not None and is_open == (metric == "accuracy"):
        kind = "open questions" if is_open else "questions with choices"
        raise TaskError(f"{name}: the metric {metric} is not for {kind}", hint="leave it out, or change the choices")
    chosen: Metric = (metric or "exact") if is_open else "accuracy"
    wrong = [example for example in examples if chosen in ("number", "mra") and not is_number(example)]
    if wrong:
        hint = f"write it in digits, such as 12 or 0.5, or choose another metric than {chosen}"
        raise TaskError(f"{name}: the answer {wrong[0].answer!r} of {wrong[0].id} is no number", hint=hint)
    number = next(iter(options)) if len(options) == 1 and not is_open else None
    return Task(
        name=name,
        abbreviation=name,
        images=next(iter(images)) if len(images) == 1 else None,
        options=number,
        metric=chosen,
        chance=1 / number if number else None,
    )


def _images(example: Example) -> tuple[object, ...]:
    return example.images


def _choices(example: Example) -> tuple[object, ...]:
    return example.choices
