"""What a PATH on the command line may be: a study folder, a published table, or somebody's results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from spillover.core.errors import ImportFileError, StoreError
from spillover.core.file_names import STUDY_FILE, YAML
from spillover.core.keys import hash_file
from spillover.core.published import AccuracyTable, PGFTable
from spillover.interop.gather import Gathered, require_renamed
from spillover.interop.importing import ImportChoices, ImportPlan, plan_import, read_import
from spillover.interop.mapping import require_metrics, require_runs
from spillover.study.together import StudyResults

OneModel = pa.Table | PGFTable | AccuracyTable
SAME_PATH = "two of the paths are the same: give another one"


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What was read from one PATH, or from several that are one study."""

    results: StudyResults
    plan: ImportPlan | None = None
    """Where it was read from somebody's results: what each run was taken for."""
    gathered: Gathered | None = None


def read_named_paths(arguments: list[str], choices: ImportChoices) -> list[Results]:
    """Read every PATH or NAME=PATH. Results that are no study and have one name, or none, are read as one study.

    Tables of PGFs are whole on their own: each needs a name of its own.

    Raises:
        ImportFileError: a path is missing, a name stands twice, or results cannot be read.
        StoreError: a study cannot be read.
    """
    named = [_split(argument) for argument in arguments]
    for _, path in named:
        if not path.exists():
            raise ImportFileError("there is no such file or folder", where=str(path))
    named = [(name, _results_of(path)) for name, path in named]
    studies = [(name, path) for name, path in named if path.is_dir() and (path / STUDY_FILE).is_file()]
    foreign: dict[str | None, list[Path]] = {}
    for name, path in named:
        if (name, path) not in studies:
            foreign.setdefault(name, []).append(path)
    if len(foreign) > 1:
        mapping, gathering = replace(choices.mapping, shared=True), replace(choices.gathering, shared=True)
        choices = replace(choices, mapping=mapping, gathering=gathering)
    read = _read_all_foreign(foreign, choices) if foreign else []
    results = [*(_read_study(name, path) for name, path in studies), *read]
    names = [model for part in results for model in _models(part)]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        hint = SAME_PATH if is_repeated(arguments) else "name them: 3B=first.csv 7B=second.csv"
        raise ImportFileError(f"two results are called {repeated[0]!r}", hint=hint)
    return results


def _read_all_foreign(paths: Mapping[str | None, list[Path]], choices: ImportChoices) -> list[Results]:
    """Read what lies under each name; what a user says of a run or task need be true of one of them."""
    chosen = {name: _named_model(choices, name) for name in paths}
    plans = {name: plan_import(paths[name], chosen[name]) for name in paths}
    require_runs(choices.mapping, [run for plan in plans.values() for run in plan.found])
    require_metrics(choices.reading.metrics, [each.run for plan in plans.values() for each in plan.runs])
    read = [_read_foreign(name, plan, chosen[name]) for name, plan in plans.items()]
    if gathered := [part.gathered for part in read if part.gathered is not None]:
        require_renamed(choices.mapping.tasks, {name for each in gathered for name in each.names})
    return read


def _results_of(path: Path) -> Path:
    """The path, or the folder that a study file names."""
    if not (path.suffix in YAML or (path / STUDY_FILE).is_file()):
        return path
    from spillover.study.reading import study_folder  # noqa: PLC0415 (slow to import, and a table needs it not)

    folder = study_folder(path)
    if not (folder / STUDY_FILE).is_file():
        message = "the study is not begun: there is no folder of its results"
        raise StoreError(message, where=str(folder), hint=f"spillover run {path}")
    return folder


def is_repeated(arguments: list[str]) -> bool:
    """Whether two arguments are one path, however it is written or named."""
    paths = [_split(argument)[1].resolve() for argument in arguments]
    return len(set(paths)) < len(paths)


def _split(argument: str) -> tuple[str | None, Path]:
    name, equals, path = argument.partition("=")
    if equals and not Path(argument).exists():
        return name, Path(path)
    return None, Path(argument)


def _read_study(name: str | None, folder: Path) -> Results:
    from spillover.study.results import read_study  # noqa: PLC0415 (slow to import, and a table needs it not)

    read = read_study(folder)
    data = tuple(_named(part, name) for part in read.data)
    names = _names(list(read.beside), name)
    return Results(results=replace(read, data=data, beside={names[key]: read.beside[key] for key in read.beside}))


def _named_model(choices: ImportChoices, name: str | None) -> ImportChoices:
    return choices if name is None else replace(choices, reading=replace(choices.reading, model=name))


def _read_foreign(name: str | None, plan: ImportPlan, choices: ImportChoices) -> Results:
    imported = read_import(plan, choices)
    data = tuple(_named(part, name) if isinstance(part, PGFTable) else part for part in imported.data)
    results = StudyResults(data=data, origin={"files": _hashes(plan)})
    return Results(results=results, plan=plan, gathered=imported.gathered)


def _hashes(plan: ImportPlan) -> dict[str, dict[str, str]]:
    """SHA-256 of every file that was read, by run or table and by the file's name."""
    files = {each.run.name: each.run.files for each in plan.runs}
    files |= {table.model: (Path(table.origin),) for table in plan.tables}
    return {name: {file.name: hash_file(file) for file in read} for name, read in files.items()}


def _models(results: Results) -> list[str]:
    """Names of models; several tables of PGFs are several models, even where they have one name."""
    tables = [part.model for part in results.results.data if isinstance(part, PGFTable)]
    parts = [part for part in results.results.data if not isinstance(part, PGFTable)]
    models = {
        model
        for part in parts
        for model in ([part.model] if isinstance(part, AccuracyTable) else part["model"].unique().to_pylist())
    }
    return [*tables, *models]


def _named(data: OneModel, name: str | None) -> OneModel:
    if name is None:
        return data
    if isinstance(data, PGFTable | AccuracyTable):
        return replace(data, model=name)
    return _renamed(data, _names(data["model"].unique().to_pylist(), name))


def _names(models: list[str], name: str | None) -> dict[str, str]:
    """Call the model of a study by the name that was given; with several, put it before theirs, but not twice."""
    if name is None:
        return {model: model for model in models}
    return {model: f"{name} {model}" if len(models) > 1 and model != name else name for model in models}


def _renamed(scores: pa.Table, names: Mapping[str, str]) -> pa.Table:
    index = scores.schema.get_field_index("model")
    column = scores["model"].unify_dictionaries().combine_chunks()
    called = pa.array([names[model] for model in column.dictionary.to_pylist()], pa.string())
    return scores.set_column(index, scores.schema.field(index), pa.DictionaryArray.from_arrays(column.indices, called))
