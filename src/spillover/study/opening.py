"""Opens what a study speaks of, its tasks and models, and finds every fault before any work begins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from spillover.analysis.settings import VerificationSettings
from spillover.core.errors import Fault, SpilloverError, StudyError, nearest
from spillover.models.settings import AdapterSource
from spillover.study.devices import devices_of
from spillover.study.given import GivenAdapter, open_given
from spillover.study.model_faults import model_faults, sight_faults
from spillover.study.pinning import Pinned
from spillover.study.reading import load_study, sound_part
from spillover.study.study import LocalExecutorSettings, Source, Study
from spillover.tasks.blink import blink_faults
from spillover.tasks.data import Split, TaskData, find_task_data, open_tasks, refuse_clashes
from spillover.tasks.files import find_faults
from spillover.tasks.mixed import MixedTask, open_mixture
from spillover.tasks.settings import BlinkTasks, FileTask, MixtureSource, TaskSettings

ALL = "all"
LISTED = 20
"""Faults of one task's files that a message lists at most."""

_Origins = dict[str, tuple[str, TaskSettings]]
"""By task's name, the entry of `tasks` that it was opened from: its place and its settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyTasks:
    """A study's tasks, opened."""

    sources: tuple[TaskData, ...]
    targets: tuple[TaskData, ...]
    """What is both stands first in both, in the same order."""
    controls: tuple[tuple[str, TaskData], ...]
    """The kind of each control and the source that it is of."""
    given: tuple[GivenAdapter, ...] = ()
    """Sources that were trained elsewhere."""

    @property
    def every(self) -> tuple[TaskData, ...]:
        """All tasks, each once."""
        return tuple(dict.fromkeys((*self.sources, *self.targets)))


def open_study(study: Study, pinned: Pinned | None = None) -> StudyTasks:
    """Open a study's tasks, and see that its models are there.

    Args:
        study: as loaded from its file, or pinned.
        pinned: how far it could be pinned: what could not is not opened, and is among the faults.

    Raises:
        StudyError: a task or model is unknown, or cannot be what the study wants of it: all faults at once.
    """
    tasks, faults = _open(study, pinned)
    if faults:
        raise StudyError(faults)
    return tasks


def study_faults(study: Study) -> list[Fault]:
    """Find what `open_study` would raise."""
    return _open(study)[1]


def load_study_to_run(path: Path) -> Study:
    """Read a study file that is to be planned or run.

    Where its form has faults, what is sound in it is opened as well, so that all faults are told at once.

    Raises:
        StudyError: the file cannot be read or is not a study.
    """
    try:
        return load_study(path)
    except StudyError as error:
        sound = sound_part(path)
        faulty = [_path(fault) for fault in error.faults]
        more = [fault for fault in (study_faults(sound) if sound else []) if not _holds_any(_path(fault), faulty)]
        raise StudyError([*error.faults, *more], error.of, error.hint) from error


def _path(fault: Fault) -> str:
    """Where in the YAML a fault is, without the line."""
    return fault.where.rpartition(" ")[2]


def _holds_any(path: str, faulty: Sequence[str]) -> bool:
    """Whether a part of the file is itself faulty in form, and so was left out when the rest was looked at."""
    return any(other.startswith(path) for other in faulty)


def _open(study: Study, pinned: Pinned | None = None) -> tuple[StudyTasks, list[Fault]]:
    faults = [*(pinned.faults if pinned else ()), *_repetitions(study), *model_faults(study), *_device_faults(study)]
    tasks, origins, closed = _open_tasks(study, pinned.loose if pinned else frozenset(), faults)
    sources = _pick(study, tasks, "sources", "train", closed, faults)
    targets = _pick(study, tasks, "targets", "validation", closed, faults)
    controls = _controls(study, sources, closed, faults)
    given = open_given(study, tasks, sources, faults)
    faults += _protocol_faults(study, targets)
    named = [*(data.task.name for data in sources), *dict.fromkeys(adapter.task.name for adapter in given)]
    faults += [] if closed else _verification_faults(study, named, targets)
    faults += _data_faults(study, sources, targets, origins)
    faults += sight_faults(study, sources, targets)
    shared = [data for data in sources if data in targets]
    opened = StudyTasks(
        sources=(*shared, *(data for data in sources if data not in shared)),
        targets=(*shared, *(data for data in targets if data not in shared)),
        controls=tuple(controls),
        given=given,
    )
    return opened, list(dict.fromkeys(faults))  # pinning and opening may meet the same one


def _fault(study: Study, path: str, error: SpilloverError) -> Fault:
    return Fault(where=study.place(path), message=str(error))


def _repetitions(study: Study) -> list[Fault]:
    names = [model.name for model in study.models]
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    faults = [Fault(where=study.place("models"), message=f"{name!r} stands twice") for name in twice]
    training = study.shortest_training
    steps = [training.step_at(fraction) for fraction in training.checkpoints]
    if len(set(steps)) < len(steps):
        message = f"two of them fall on the same of {training.steps} steps"
        faults.append(Fault(where=study.place("training.checkpoints"), message=message))
    return faults


def _device_faults(study: Study) -> list[Fault]:
    if isinstance(study.executor, LocalExecutorSettings) and study.executor.devices == "auto":
        return []  # there is always one, and looking for it loads torch, which a study that is done has no need of
    try:
        devices_of(study)
    except SpilloverError as error:
        return [_fault(study, "executor.devices", error)]
    return []


def _open_tasks(study: Study, loose: Set[int], faults: list[Fault]) -> tuple[list[TaskData], _Origins, bool]:
    """Open every task that can be opened, and say from where each was, and whether one could not."""
    tasks: list[TaskData] = []
    origins: _Origins = {}
    closed = bool(loose)
    for path, settings in _single_tasks(study, loose):
        try:
            opened = open_tasks([settings])
            tasks += opened
            origins |= {data.task.name: (path.partition(".")[0], settings) for data in opened}
        except SpilloverError as error:
            faults += _faults_within(study, path, settings, error)
            closed = True
    if not closed:
        try:
            refuse_clashes(study.tasks, tasks)
        except SpilloverError as error:
            faults.append(_fault(study, "tasks", error))
    return tasks, origins, closed


def _faults_within(study: Study, path: str, settings: TaskSettings, first: SpilloverError) -> list[Fault]:
    """Everything that is wrong with a task's files or folders, as far as that is looked for; else what was met."""
    found: Sequence[SpilloverError] = ()
    if isinstance(settings, FileTask):
        files = [file for file in dict.fromkeys((settings.train, settings.validation)) if file]
        found = [fault for file in files for fault in find_faults(Path(file), settings.columns)[1]]
    elif isinstance(settings, BlinkTasks):
        found = blink_faults(settings)
    faults = [_fault(study, path, error) for error in found[:LISTED] or [first]]
    if len(found) > LISTED:
        more = f"… and {len(found) - LISTED} more: spillover tasks check FILE lists them"
        faults.append(Fault(where=study.place(path), message=more))
    return faults


def _single_tasks(study: Study, loose: Set[int]) -> Iterator[tuple[str, TaskSettings]]:
    """Take lists of names apart, so that one wrong name does not hide another."""
    for index, settings in enumerate(study.tasks):
        if index in loose:
            continue
        path = f"tasks[{index}]"
        names: str | tuple[str, ...] = getattr(settings, "names", "all")
        if isinstance(names, str):
            yield path, settings
        else:
            for place, name in enumerate(names):
                yield f"{path}.names[{place}]", settings.model_copy(update={"names": (name,)})


def _pick(
    study: Study, tasks: list[TaskData], where: str, split: Split, closed: bool, faults: list[Fault]
) -> list[TaskData]:
    wanted: str | tuple[Source, ...] = getattr(study, where)
    if isinstance(wanted, str):
        picked = [data for data in tasks if data.offers(split)]
        if not picked and not closed:
            faults.append(Fault(where=study.place(where), message=f"no task has {split} examples"))
        return picked
    picked: list[TaskData] = []
    for index, source in _spelled_out(_to_be_trained(wanted), tasks, split):
        place = f"{where}[{index}]"
        try:
            data = find_task_data(tasks, source) if isinstance(source, str) else open_mixture(source, tasks)
        except SpilloverError as error:
            if not closed:  # it may be of the tasks that could not be opened
                faults.append(_fault(study, place, error))
            continue
        if any(data.task.name == other.task.name for other in picked):
            faults.append(Fault(where=study.place(place), message=f"{data.task.name} stands twice"))
        elif not data.offers(split):
            role = "a source" if split == "train" else "a target"
            message = f"{data.task.name} has no {split} data, so it cannot be {role}"
            faults.append(Fault(where=study.place(place), message=message))
        else:
            picked.append(data)
    return picked


def _spelled_out(
    wanted: Sequence[tuple[int, str | MixtureSource]], tasks: Sequence[TaskData], split: Split
) -> Iterator[tuple[int, str | MixtureSource]]:
    """Put in the place of `all` every task that has examples and is not named itself."""
    named = {source for _, source in wanted if isinstance(source, str)}
    for index, source in wanted:
        if source == ALL:
            others = (data for data in tasks if named.isdisjoint((data.task.name, data.task.abbreviation)))
            yield from ((index, data.task.name) for data in others if data.offers(split))
        else:
            yield index, source


def _to_be_trained(sources: Sequence[Source]) -> list[tuple[int, str | MixtureSource]]:
    return [(index, source) for index, source in enumerate(sources) if not isinstance(source, AdapterSource)]


def _protocol_faults(study: Study, targets: list[TaskData]) -> list[Fault]:
    names = [data.task.name for data in targets if data.task.metric != "accuracy"]
    if not names or "generate" in study.evaluation.protocols:
        return []
    message = f"{', '.join(names)}: open questions are answered by writing, so add generate to the protocols"
    return [Fault(where=study.place("evaluation.protocols"), message=message)]


def _verification_faults(study: Study, sources: list[str], targets: list[TaskData]) -> list[Fault]:
    """A verification names sources and targets as tables call them."""
    known = {"source": sources, "target": [data.task.name for data in targets]}
    faults: list[Fault] = []
    for index, asked in enumerate(study.verification):
        rivals = [("best_single", asked.best_single), ("direct", asked.direct)]
        said = [("source", "chosen", asked.chosen), *(("source", key, name) for key, name in rivals if name)]
        said += [("source", "random", name) for name in asked.random]
        said += [("source", "doses", name) for name in asked.doses]
        said += [("target", "targets", name) for name in asked.targets]
        said += [("target", "protected", name) for name in asked.protected]
        for role, key, name in said:
            if name not in known[role]:
                message = f"{name!r} is no {role} of this study; {nearest(name, known[role])}"
                faults.append(Fault(where=study.place(f"verification[{index}].{key}"), message=message))
        doses = study.place(f"verification[{index}].doses")
        faults += [Fault(where=doses, message=message) for message in _dose_faults(study, asked, sources)]
    return faults


def _dose_faults(study: Study, asked: VerificationSettings, sources: list[str]) -> Iterator[str]:
    """Doses are held against the best single source, so that has to be named, and they have to be smaller than it."""
    if asked.doses and asked.best_single is None:
        yield "smaller doses are held against the best single source: name it as best_single"
    for name in asked.doses:
        if name in sources and study.training_of(name) == study.training:
            yield f"{name!r} is trained on as many examples as the others: set dose, in its mixture, below 1"


def _controls(study: Study, sources: list[TaskData], closed: bool, faults: list[Fault]) -> list[tuple[str, TaskData]]:
    controls: list[tuple[str, TaskData]] = []
    for index, control in enumerate(study.controls):
        names = [data.task.name for data in sources] if control.sources == "all" else control.sources
        for name in names:
            try:
                controls.append((control.kind, find_task_data(sources, name)))
            except SpilloverError:
                if closed:  # it may be of the tasks that could not be opened
                    continue
                known = [data.task.name for data in sources]
                message = f"{name!r} is no source that this study trains; {nearest(name, known)}"
                faults.append(Fault(where=study.place(f"controls[{index}]"), message=message))
    return list(dict.fromkeys(controls))


def _data_faults(study: Study, sources: list[TaskData], targets: list[TaskData], origins: _Origins) -> list[Fault]:
    """Read every file once, so that a broken example is found now and not after hours."""
    faults: list[Fault] = []
    wanted: list[tuple[list[TaskData], Split, int | None]] = [
        (sources, "train", study.training.examples),
        (targets, "validation", study.evaluation.limit),
    ]
    for tasks, split, count in wanted:
        for data in tasks:
            try:
                data.check(split, count)
            except SpilloverError as error:
                if isinstance(data, MixedTask):
                    faults.append(_fault(study, f"sources[{tasks.index(data)}]", error))
                else:
                    faults += _faults_within(study, *origins[data.task.name], error)
    return list(dict.fromkeys(faults))
