"""Where the data of a mixture's sources is, and how much of it there is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from spillover.analysis.sampling import TransferSample
from spillover.core.errors import AnalysisError, SpilloverError, TaskError, closest
from spillover.core.file_names import STUDY_FILE, YAML
from spillover.interop.task_names import TaskNames
from spillover.mixture.settings import MixtureSettings
from spillover.study.reading import is_imported, load_study, parse_study, read_study_text
from spillover.study.study import Study
from spillover.tasks.data import TaskData, find_task_data, open_tasks
from spillover.tasks.mixed import count_held
from spillover.tasks.settings import FileTask, HubTask

NAME_A_STUDY = "name a study file of yours whose tasks hold it: --data study.yaml"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the data of the sources is."""

    file: Path
    is_path: bool
    """Whether the study is the one that the mixture was chosen by."""
    evidence: frozenset[str]
    """The sources and targets that the mixture was chosen among."""
    names: TaskNames
    """What the tasks of somebody's results are called here."""

    @staticmethod
    def of(path: str, data: Path | None, samples: Sequence[TransferSample], names: TaskNames) -> Origin:
        """Take the study that is named; without one, what the mixture is chosen by."""
        evidence = frozenset(name for sample in samples for name in (*sample.sources, *sample.targets))
        return Origin(data or evidence_file(path), is_path=data is None, evidence=evidence, names=names)

    def study(self) -> Study:
        """Read the study, its tasks called as in the results that the mixture was chosen by.

        Raises:
            AnalysisError: it is a table, or was imported.
            StudyError: it is no study.
        """
        if self.file.is_file() and self.file.suffix not in YAML:
            raise self._not_a_study()
        if is_imported(self.file):
            raise AnalysisError("imported results hold no training data", where=str(self.file), hint=NAME_A_STUDY)
        study = load_study(self.file)
        called = {task.name: self._called(task.name) for task in study.tasks if isinstance(task, FileTask | HubTask)}
        tasks = tuple(
            task.model_copy(update={"name": called[task.name]}) if isinstance(task, FileTask | HubTask) else task
            for task in study.tasks
        )
        targets = study.targets if study.targets == "all" else tuple(called.get(name, name) for name in study.targets)
        return study.model_copy(update={"tasks": tasks, "targets": targets})

    def _not_a_study(self) -> AnalysisError:
        if self.is_path:
            return AnalysisError("a table holds no training data", where=str(self.file), hint=NAME_A_STUDY)
        name = self.file.stem.removesuffix("_train")
        name = name if name in self.evidence else closest(name, sorted(self.evidence)) or name
        return AnalysisError(
            "--data names a study file, whose tasks name the files of data",
            where=str(self.file),
            hint=f"for this one write own.yaml, and give --data own.yaml:\n    name: own\n    tasks:\n"
            f"      - {{kind: files, name: {name}, train: {self.file}}}",
        )

    def _called(self, name: str) -> str:
        settled = self.names.settle(name)
        return settled if name not in self.evidence and settled in self.evidence else name

    def names_models(self) -> bool:
        """Whether the study says itself which models it is of: a study that does not is of the embedded one."""
        file = self.file / STUDY_FILE if self.file.is_dir() else self.file
        return "models" in parse_study(read_study_text(file), file).model_fields_set


def evidence_file(path: str) -> Path:
    """PATH of PATH or NAME=PATH."""
    return Path(path if Path(path).exists() else path.rpartition("=")[2])


def limit_by_data(settings: MixtureSettings, sources: Sequence[str], origin: Origin) -> MixtureSettings:
    """Let no source give more than there is of it, but for what --available says, and tell on stderr which are short.

    Of the study that a mixture is chosen by that is done where its data is still there. In a study named by --data,
    what a source has no task of is left out.

    Args:
        settings: what is asked for.
        sources: of the results.
        origin: of the data.

    Raises:
        AnalysisError: of no source there is data in the study that --data names, or it is no study of one's own.
        SpilloverError: its data cannot be read.
    """
    try:
        tasks = open_tasks(origin.study().tasks)
        held = _count(tasks, sources, settings.budget)
    except SpilloverError:
        if origin.is_path:
            return settings
        raise
    missing = [] if origin.is_path else [source for source in sources if not held.get(source)]
    others = [data.task.name for data in tasks if data.task.name not in origin.evidence]
    if len(missing) == len(sources):
        raise AnalysisError(
            f"none of its tasks is a source of the results: {', '.join(_with_likeliest(sources, others))}",
            where=str(origin.file),
            hint="call them alike, there or with --rename",
        )
    short = {source: count for source, count in held.items() if 0 < count < settings.budget}
    _tell(origin, settings, short, _with_likeliest(missing, others))
    return settings.model_copy(update={"available": dict.fromkeys(missing, 0) | short | settings.available})


def _count(tasks: Sequence[TaskData], sources: Iterable[str], most: int) -> dict[str, int]:
    """Count by source the training examples, up to so many; one that is no task is left out."""
    held: dict[str, int] = {}
    for source in sources:
        try:
            data = find_task_data(tasks, source)
        except TaskError:
            continue
        held[source] = count_held(data, most)
    return held


def _with_likeliest(sources: Iterable[str], others: Sequence[str]) -> list[str]:
    """Name sources that there is no data of, each with the task that may be meant for it."""
    likeliest = [(source, closest(source, others)) for source in sources]
    return [
        source if other is None else f"{source} (if {other} is that: --rename '{other}={source}')"
        for source, other in likeliest
    ]


def _tell(origin: Origin, settings: MixtureSettings, short: dict[str, int], missing: Sequence[str]) -> None:
    said: list[str] = []
    if short:
        listed = ", ".join(f"{source} {count}" for source, count in short.items())
        said.append(
            f"taken from {origin.file}, fewer training examples than the budget of {settings.budget}: {listed}; "
            "--available SOURCE=N lets more be taken, by repeating them"
        )
    if missing:
        said.append(f"left out, since {origin.file} has no training data of them: {', '.join(missing)}")
    for line in said:
        Console(stderr=True).print(line, markup=False, highlight=False, soft_wrap=True)
