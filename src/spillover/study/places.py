"""Where a study's files are: paths in a study file are meant from the file's own folder, wherever the shell stands.

Mixtures are read here, once: from then on the study says itself what is in them.
"""

from __future__ import annotations

import os
from pathlib import Path

from spillover.core.errors import TaskError
from spillover.models.settings import TINY, AdapterSource
from spillover.study.study import Source, Study
from spillover.tasks.recipes import read_recipe
from spillover.tasks.settings import BlinkTasks, FileTask, HubTask, MixtureSource, TaskSettings, VSIBenchTasks


def settle_paths(study: Study, folder: Path) -> Study:
    """Make every path of a study absolute, and put what a mixture's file says in its place.

    A mixture that cannot be read stays a path: opening the study tells why, beside all other faults.

    Args:
        study: as written.
        folder: what its relative paths are meant from; the output's default, its name, too. A name of the form
            `org/name` is a hub's unless there is such a folder.
    """
    home = folder.resolve()
    models = [model.model_copy(update={"path": _settle_named(model.path, home)}) for model in study.models]
    return study.model_copy(
        update={
            "models": tuple(models),
            "tasks": tuple(_settle_task(task, home) for task in study.tasks),
            "sources": study.sources
            if study.sources == "all"
            else tuple(_settle_source(source, home) for source in study.sources),
            "output": _settle(study.output or study.name, home),
        }
    )


def _settle_task(task: TaskSettings, home: Path) -> TaskSettings:
    match task:
        case FileTask(train=train, validation=validation):
            changes = {"train": _settle(train, home), "validation": _settle(validation, home)}
        case BlinkTasks(path=path, train=train):
            changes = {"path": _settle_named(path, home), "train": _settle(train, home)}
        case VSIBenchTasks(path=path, videos=videos):
            changes = {"path": _settle_named(path, home), "videos": _settle(videos, home)}
        case HubTask(dataset=dataset):
            changes = {"dataset": _settle_named(dataset, home)}
        case _:
            return task
    return task.model_copy(update=changes)


def _settle_source(source: Source, home: Path) -> Source:
    if isinstance(source, AdapterSource):
        folders = {name: tuple(str(_settle(each, home)) for each in given) for name, given in source.adapters.items()}
        return source.model_copy(update={"adapters": folders})
    if not isinstance(source, MixtureSource) or not isinstance(source.mixture, str):
        return source
    file = Path(_settle(source.mixture, home) or "")
    try:
        return source.model_copy(update={"mixture": read_recipe(file)})
    except TaskError:
        return source.model_copy(update={"mixture": str(file)})


def _settle_named(path: str, home: Path) -> str:
    """Settle what may be a folder or a name on the hub."""
    is_path = path.startswith((".", "/", "~")) or path.count("/") > 1
    if path != TINY and (is_path or (home / path).is_dir()):
        return str(_settle(path, home))
    return path


def _settle(path: str | None, home: Path) -> str | None:
    # home holds no link, so ".." may be taken out by name
    return os.path.abspath(home / Path(path).expanduser()) if path else path  # noqa: PTH100 (resolving would follow links)
