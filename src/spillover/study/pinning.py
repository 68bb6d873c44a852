"""Pins what a study takes from the hub to commits, so that going on with it meets the same models and data."""

from __future__ import annotations

from dataclasses import dataclass

from spillover.core.errors import Fault, SpilloverError
from spillover.models.identity import pin_revision
from spillover.models.settings import ModelSettings
from spillover.study.study import Study
from spillover.tasks.data import pin_task
from spillover.tasks.settings import TaskSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """A study as far as it could be pinned."""

    study: Study
    faults: tuple[Fault, ...]
    """What the hub could not tell, or tells otherwise than when the study was begun."""
    loose: frozenset[int]
    """Places of tasks that are not pinned, and not to be opened."""


def pin_study(study: Study, stored: Study | None) -> Pinned:
    """Pin every model and dataset of the hub: to the commit that the study was begun with, else the newest.

    Args:
        study: to be pinned.
        stored: the same study as it was begun; None where it is new.
    """
    faults: list[Fault] = []
    tasks: list[TaskSettings] = []
    models: list[ModelSettings] = []
    loose: set[int] = set()
    for index, task in enumerate(study.tasks):
        try:
            tasks.append(pin_task(task, stored.tasks if stored else ()))
        except SpilloverError as error:
            faults.append(Fault(where=study.place(f"tasks[{index}]"), message=str(error)))
            tasks.append(task)
            loose.add(index)
    for index, model in enumerate(study.models):
        try:
            models.append(_pin_model(model, stored))
        except SpilloverError as error:
            faults.append(Fault(where=study.place(f"models[{index}].path"), message=str(error)))
            models.append(model)
    pinned = study.model_copy(update={"tasks": tuple(tasks), "models": tuple(models)})
    return Pinned(study=pinned, faults=tuple(faults), loose=frozenset(loose))


def _pin_model(model: ModelSettings, stored: Study | None) -> ModelSettings:
    begun = next((each for each in (stored.models if stored else ()) if each.name == model.name), None)
    if model.revision is None and begun is not None and begun.path == model.path:
        model = model.model_copy(update={"revision": begun.revision})
    return pin_revision(model)
