"""BLINK (Fu et al., ECCV 2024, arXiv 2404.12390): from the Hugging Face hub, or from a local folder of its files.

BLINK has no training split: what is trained on are files that `spillover tasks prepare` wrote, one a task.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from spillover.core.errors import TaskError
from spillover.tasks.catalogue import BLINK, find_task
from spillover.tasks.files import collect_examples, read_examples
from spillover.tasks.hub import read_hub_rows
from spillover.tasks.labels import RELABELLED, label_revision
from spillover.tasks.perception.suite import Split
from spillover.tasks.recorded import Reader, RecordedTask
from spillover.tasks.rows import PlacedRow, read_rows
from spillover.tasks.settings import BlinkTasks
from spillover.tasks.task import Example, Task

logger = logging.getLogger(__name__)

DOWNLOAD = "download the whole dataset: hf download --repo-type dataset BLINK-Benchmark/BLINK --local-dir DIR"
_SHARD = re.compile(r"-(\d+)-of-(\d+)\.parquet$")


def open_blink(settings: BlinkTasks) -> list[RecordedTask]:
    """Open BLINK's tasks.

    Raises:
        TaskError: a name is unknown, the split has no answers, or a folder is not there.
    """
    if settings.split == "test":
        raise TaskError(
            "BLINK's test split cannot be a target: its authors keep the answers hidden, so that nothing can be scored",
            hint="use split: val, which has 1,901 examples with answers",
        )
    tasks = [entry.task for entry in BLINK] if settings.names == "all" else [find_task(name) for name in settings.names]
    if faults := blink_faults(settings):
        raise faults[0]
    folder = Path(settings.path).expanduser()
    training = _training_files(settings)
    return [
        BlinkTask(
            task=task,
            train=training.get(task.name),
            validation=_FromFolder(folder, task.name) if folder.is_dir() else _FromHub(settings, task.name),
        )
        for task in tasks
    ]


def blink_faults(settings: BlinkTasks) -> list[TaskError]:
    """Find what is wrong with the folders that BLINK is to be read from, of which one may hide no other."""
    faults: list[TaskError] = []
    folder = Path(settings.path).expanduser()
    if folder.is_dir():
        if not any(folder.glob("*/val*.parquet")):
            message = "this is not BLINK: there is no folder of a task with val-00000-of-00001.parquet"
            faults.append(TaskError(message, where=str(folder), hint=DOWNLOAD))
    elif settings.path.startswith((".", "/", "~")) or settings.path.count("/") != 1:
        hint = "give a folder that exists, or leave path out for the hub"
        faults.append(TaskError(f"there is no folder {settings.path!r}", hint=hint))
    try:
        _training_files(settings)
    except TaskError as error:
        faults.append(error)
    return faults


class BlinkTask(RecordedTask):
    """A task of BLINK, with its training file where there is one."""

    def check(self, split: Split, count: int | None) -> None:
        """Read every example, decode every image, and warn of labels that are known to be wrong."""
        super().check(split, count)
        if self.task.name != RELABELLED or split != "validation":
            return
        if label_revision({example.id: example.answer for example in self.read(split, None)}) == "old":
            logger.warning(
                "%s: this copy of BLINK is older than 2025-09-03, when about 90 %% of these answers were corrected; "
                "scores on it mean nothing: load the current revision",
                RELABELLED,
            )


@dataclass(frozen=True, slots=True)
class _FromFolder:
    folder: Path
    name: str

    def __call__(self, count: int | None) -> list[Example]:
        return collect_examples(self._rows(), self.folder, f"val_{self.name}", count)

    def _rows(self) -> Iterator[PlacedRow]:
        for file in _validation_files(self.folder, self.name):
            yield from read_rows(file)


@dataclass(frozen=True, slots=True)
class _FromHub:
    settings: BlinkTasks
    name: str

    def __call__(self, count: int | None) -> list[Example]:
        rows = read_hub_rows(self.settings.path, self.name, "val", self.settings.revision)
        return collect_examples(rows, Path(), f"val_{self.name}", count)


@dataclass(frozen=True, slots=True)
class _FromFile:
    file: Path

    def __call__(self, count: int | None) -> list[Example]:
        return read_examples(self.file, count)


def _validation_files(folder: Path, name: str) -> list[Path]:
    """The Parquet files of a task's validation split, in order.

    Raises:
        TaskError: there is none, or one of several is missing.
    """
    files = sorted((folder / name).glob("val*.parquet"))
    if not files:
        expected = f"{name}/val-00000-of-00001.parquet"
        raise TaskError(
            f"the folder has no validation files of {name}: {expected} is expected",
            where=str(folder),
            hint=DOWNLOAD,
        )
    shards = [found for file in files if (found := _SHARD.search(file.name))]
    if shards and len(shards) != int(shards[0][2]):
        raise TaskError(
            f"{name} has {len(shards)} of {int(shards[0][2])} validation files",
            where=str(folder / name),
            hint="the download is not complete: repeat it",
        )
    return files


def _training_files(settings: BlinkTasks) -> dict[str, Reader]:
    """The prepared training file of every task that has one.

    Raises:
        TaskError: the folder is not there, or holds no such file.
    """
    if settings.train is None:
        return {}
    folder = Path(settings.train).expanduser()
    found: dict[str, Reader] = {}
    for entry in BLINK:
        file = _training_file(folder, entry.task)
        if file is not None:
            found[entry.task.name] = _FromFile(file)
    if not found:
        raise TaskError(
            "there is no training file of any task of BLINK here: Jigsaw.parquet or Jigsaw_train.parquet, for example",
            where=str(folder),
            hint="write one with: spillover tasks prepare Jigsaw --from DIR --out FILE",
        )
    return found


def _training_file(folder: Path, task: Task) -> Path | None:
    names = [f"{task.name}{middle}{suffix}" for middle in ("", "_train") for suffix in (".parquet", ".jsonl")]
    return next((folder / name for name in names if (folder / name).is_file()), None)
