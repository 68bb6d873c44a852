"""Adapters that were trained elsewhere, as sources of a study: found, checked and known by their content."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from spillover.core.errors import Fault, ModelError, SpilloverError, nearest
from spillover.core.numbers import counted
from spillover.core.scores import BASE_SOURCE
from spillover.models.adapter_folder import adapter_content, adapter_files, check_adapter_folder, check_base_name
from spillover.models.identity import locate_model
from spillover.models.settings import AdapterSource, ModelSettings
from spillover.study.study import Study
from spillover.tasks.data import TaskData
from spillover.tasks.task import Task

if TYPE_CHECKING:
    from spillover.models.base import Base


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenAdapter:
    """An adapter that was trained elsewhere."""

    model: str
    task: Task
    """What it was trained on: a task of the study, or one of which nothing but this name is known."""
    seed: int
    folder: Path
    content: str
    """Hash of its files."""


def open_given(
    study: Study, tasks: Sequence[TaskData], trained: Sequence[TaskData], faults: list[Fault]
) -> tuple[GivenAdapter, ...]:
    """Open the adapters that a study is given, and add what is wrong with them to the faults.

    Args:
        study: the study.
        tasks: all of its tasks that could be opened; an adapter that is called like one is of it.
        trained: the sources that the study trains itself, on every model.
        faults: added to.
    """
    taken = {(model.name, data.task.name) for model in study.models for data in trained}
    fits = _Fit()
    opened: list[GivenAdapter] = []
    for index, source in study.adapters:
        place = f"sources[{index}]"
        try:
            model = _model_of(study, source)
        except ModelError as error:
            faults.append(Fault(where=study.place(f"{place}.model"), message=str(error)))
            continue
        for name, folders in source.adapters.items():
            named = _Named(model, _task_called(name, tasks), folders, f"{place}.adapters.{name}")
            faults += _misnamed(study, named, taken)
            taken.add((model.name, named.task.name))
            opened += _open(study, named, fits, faults)
    faults += _without_source(study, trained)
    return tuple(opened)


class _Named(NamedTuple):
    """The adapters of one source."""

    model: ModelSettings
    task: Task
    folders: Sequence[str]
    place: str
    """In the study file."""


def _model_of(study: Study, source: AdapterSource) -> ModelSettings:
    names = {model.name: model for model in study.models}
    if source.model in names:
        return names[source.model]
    if source.model:
        raise ModelError(f"{source.model!r} is no model of this study; {nearest(source.model, names)}")
    if len(names) > 1:
        raise ModelError(f"say which model these adapters are of: model: {' or '.join(names)}")
    return study.models[0]


def _task_called(name: str, tasks: Sequence[TaskData]) -> Task:
    found = (data.task for data in tasks if name in (data.task.name, data.task.abbreviation))
    return next(found, Task(name=name, abbreviation=name))


def _misnamed(study: Study, named: _Named, taken: set[tuple[str, str]]) -> Iterator[Fault]:
    name, model, count = named.task.name, named.model.name, len(named.folders)
    messages: list[str] = []
    if name == BASE_SOURCE:
        messages.append(f"{BASE_SOURCE!r} stands for the model without an adapter: give this one another name")
    if (model, name) in taken:
        messages.append(f"{name} stands twice among the sources of {model}")
    if count != len(study.seeds):
        messages.append(
            f"{counted(count, 'folder')} for {len(study.seeds)} under seeds: a folder stands for one "
            "seed, in order, and all sources of a study need as many"
        )
    for message in messages:
        yield Fault(where=study.place(named.place), message=message)


def _open(study: Study, named: _Named, fits: _Fit, faults: list[Fault]) -> Iterator[GivenAdapter]:
    for number, (given, seed) in enumerate(zip(named.folders, study.seeds, strict=False)):
        folder = Path(given)
        try:
            config = check_adapter_folder(folder)
            check_base_name(config, str(locate_model(named.model)), folder)
            fits.require(named.model, folder)
            content = adapter_content(adapter_files(folder))
        except SpilloverError as error:
            faults.append(Fault(where=study.place(f"{named.place}[{number}]"), message=str(error)))
            continue
        yield GivenAdapter(model=named.model.name, task=named.task, seed=seed, folder=folder, content=content)


def _without_source(study: Study, trained: Sequence[TaskData]) -> Iterator[Fault]:
    if trained or not study.adapters:
        return
    given = {source.model for _, source in study.adapters}
    for index, model in enumerate(study.models):
        if len(study.models) > 1 and model.name not in given:
            message = f"no source is of {model.name}: give it adapters, or leave the model out"
            yield Fault(where=study.place(f"models[{index}]"), message=message)


class _Fit:
    """Holds adapters against their models by shapes alone; each model is built once, without its weights."""

    def __init__(self) -> None:
        self._outlines: dict[str, Base] = {}

    def require(self, model: ModelSettings, folder: Path) -> None:
        """Refuse an adapter of other shapes. A model of the hub is not here yet: its job would tell."""
        from spillover.models.adapters import require_fit  # noqa: PLC0415 (torch is loaded only for given adapters)
        from spillover.models.base import outline, quieten  # noqa: PLC0415

        place = locate_model(model)
        if not isinstance(place, Path):
            return
        if model.name not in self._outlines:
            quieten(single_thread=False)
            self._outlines[model.name] = outline(model, place)
        require_fit(self._outlines[model.name], folder)
