"""What is wrong with a study's models, as far as their files tell before any is loaded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from spillover.core.errors import Fault, SpilloverError
from spillover.models.folder import check_folder, has_weights, speaks_of_vision
from spillover.models.identity import locate_model
from spillover.models.settings import TINY, ModelSettings
from spillover.study.study import Study
from spillover.tasks.data import Split, TaskData


def model_faults(study: Study) -> list[Fault]:
    """Find models that are not there or not whole; one of the hub is not here yet, and weights may come later."""
    return _faults(study, _check)


def missing_weights(study: Study) -> list[Fault]:
    """Find models that are here but for their weights: enough to plan and to rehearse a study, not to run it."""
    return _faults(study, _check_weights)


def _faults(study: Study, check: Callable[[ModelSettings], None]) -> list[Fault]:
    faults: list[Fault] = []
    for index, model in enumerate(study.models):
        try:
            check(model)
        except SpilloverError as error:
            faults.append(Fault(where=_place(study, index), message=str(error)))
    return faults


def sight_faults(study: Study, sources: list[TaskData], targets: list[TaskData]) -> list[Fault]:
    """Find models that read text alone where tasks have images; of a hub model that is told when it is loaded."""
    blind = [index for index, model in enumerate(study.models) if _is_blind(model)]
    if not blind:
        return []
    pictured = [data.task.name for data in sources if _has_images(data, "train")]
    pictured += [data.task.name for data in targets if _has_images(data, "validation")]
    names = ", ".join(dict.fromkeys(pictured))
    message = f"the model reads text alone, and these tasks have images: {names}"
    return [Fault(where=_place(study, index), message=message) for index in blind if pictured]


def _place(study: Study, index: int) -> str:
    return study.place(f"models[{index}].path")


def _check(model: ModelSettings) -> None:
    place = locate_model(model)
    if isinstance(place, Path) and model.path != TINY:  # the embedded one is ours
        check_folder(place, weights=has_weights(place))
        from spillover.models.processing import try_processor  # noqa: PLC0415 (torch is loaded only for such a model)

        try_processor(place, model)


def _check_weights(model: ModelSettings) -> None:
    place = locate_model(model)
    if isinstance(place, Path):
        check_folder(place)


def _is_blind(model: ModelSettings) -> bool:
    try:
        place = locate_model(model)
        return isinstance(place, Path) and not speaks_of_vision(place)
    except SpilloverError:  # a fault of its own
        return False


def _has_images(data: TaskData, split: Split) -> bool:
    try:
        return any(example.images for example in data.read(split, 1))
    except SpilloverError:  # a fault of its own
        return False
