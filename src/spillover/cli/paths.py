"""What a PATH on the command line may be: a study folder or somebody's result file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from spillover.analysis import AnalysisSettings, Beside
from spillover.core.errors import ImportFileError
from spillover.core.published import PGFTable
from spillover.interop.pgf_table import read_pgf_table
from spillover.study.beside import read_beside
from spillover.study.results import open_stored_study
from spillover.tasks.task import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What was read from one PATH."""

    data: pa.Table | PGFTable
    settings: AnalysisSettings | None = None
    """The study's own, where it is a study."""
    tasks: tuple[Task, ...] = ()
    beside: Mapping[str, Beside] = field(default_factory=dict[str, Beside])
    """What a study knows beside its scores, by model as it is named in `data`."""


def read_named_paths(arguments: list[str]) -> list[Results]:
    """Read every PATH or NAME=PATH.

    Raises:
        ImportFileError: a path is missing, or a name stands twice.
        StoreError: a folder holds no study.
    """
    named = [_split(argument) for argument in arguments]
    names = [name or path.stem for name, path in named]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ImportFileError(f"two results are called {repeated[0]!r}", hint="name them: 3B=first.csv 7B=second.csv")
    return [_read(name, path) for name, path in named]


def _split(argument: str) -> tuple[str | None, Path]:
    name, equals, path = argument.partition("=")
    if equals and not Path(argument).exists():
        return name, Path(path)
    return None, Path(argument)


def _read(name: str | None, path: Path) -> Results:
    if not path.exists():
        raise ImportFileError("there is no such file or folder", where=str(path))
    if path.is_dir():
        stored = open_stored_study(path)
        names = _names([model.name for model in stored.study.models], name)
        return Results(
            data=_renamed(stored.scores(), names),
            settings=stored.study.analysis,
            tasks=stored.tasks,
            beside={names[model]: beside for model, beside in read_beside(stored).items()},
        )
    return Results(data=read_pgf_table(path, name))


def _names(models: list[str], name: str | None) -> dict[str, str]:
    """Call the model of a study by the name that was given; with several models, put it before theirs."""
    if name is None:
        return {model: model for model in models}
    return {model: f"{name} {model}" if len(models) > 1 else name for model in models}


def _renamed(scores: pa.Table, names: Mapping[str, str]) -> pa.Table:
    index = scores.schema.get_field_index("model")
    renamed = [names[model] for model in scores["model"].to_pylist()]
    return scores.set_column(index, scores.schema.field(index), pa.array(renamed, scores.schema.field(index).type))
