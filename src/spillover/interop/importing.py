"""Plans an import and reads it: paths and choices in, results that the analysis takes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa

from spillover.core.errors import ImportFileError
from spillover.core.published import AccuracyTable, PGFTable
from spillover.core.scores import BASE_SOURCE, SCORE_SCHEMA
from spillover.interop.accuracy_table import AccuracyTables
from spillover.interop.discovery import find_results
from spillover.interop.found import FoundRun, ReadingOptions
from spillover.interop.gather import Gathered, GatherSettings, gather
from spillover.interop.mapping import MappedRun, map_runs, require_metrics
from spillover.interop.mapping_notes import mapping_notes
from spillover.interop.run_mapping import RunMapping
from spillover.interop.run_pattern import split_run_name
from spillover.interop.task_names import refuse_control


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportChoices:
    """Everything that a user may say about somebody's results."""

    format: str | None = None
    """One of `discovery.FORMATS`; None recognises each file."""
    reading: ReadingOptions = field(default_factory=ReadingOptions)
    mapping: RunMapping = field(default_factory=RunMapping)
    gathering: GatherSettings = field(default_factory=GatherSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPlan:
    """What an import would read: either runs with their places, or published tables."""

    model: str
    """The base model's name."""
    runs: tuple[MappedRun, ...]
    tables: tuple[PGFTable, ...]
    passed_over: tuple[str, ...]
    held: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """By run: the wanted tasks that it is known to hold before it is read, as they are called here."""
    found: tuple[str, ...] = ()
    """The names of all runs, those that are left out too, and of rows of tables."""
    notes: tuple[str, ...] = ()
    """What a user should look at before the runs are read."""

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks that any run is known to hold."""
        return tuple(dict.fromkeys(task for held in self.held.values() for task in held))


def plan_import(paths: Sequence[Path], choices: ImportChoices) -> ImportPlan:
    """Find the results under some paths and what each is in a study. Their answers are not read yet.

    Raises:
        ImportFileError: there are none, one is broken, or it is not known what one is.
    """
    found = find_results(paths, replace(choices.reading, bases=tuple(choices.mapping.base)), choices.format)
    if found.runs and found.tables:
        raise ImportFileError(
            "here are tables of PGFs, and results of single runs",
            where=found.tables[0].origin,
            hint="import them one by one: a PGF table is a whole study of its own",
        )
    names = [run.name for run in found.runs]
    if twice := next((run for run in found.runs if names.count(run.name) > 1), None):
        files = ", ".join(str(run.files[0]) for run in found.runs if run.name == twice.name)
        formats = dict.fromkeys(run.format for run in found.runs if run.name == twice.name)
        hint = "name one file or folder at a time, or import from folders of different names"
        if len(formats) > 1:
            hint = f"choose one format, such as --format {next(iter(formats))}"
        raise ImportFileError(f"two runs are called {twice.name!r}: {files}", hint=hint)
    runs = map_runs(found.runs, choices.mapping) if found.runs else []
    if not choices.mapping.shared:
        require_metrics(choices.reading.metrics, found.runs)
    notes, settle = tuple(mapping_notes(runs, choices.mapping.tasks)), choices.mapping.tasks.settle
    held = {
        each.run.name: tuple(filter(choices.gathering.keeps, dict.fromkeys(map(settle, each.run.tasks))))
        for each in runs
    }
    model = choices.reading.model or (_name_base(runs[0].run) if runs else found.tables[0].model)
    refuse_control((*names, model), "run or model")
    return ImportPlan(
        model=model,
        runs=tuple(runs),
        tables=found.tables,
        passed_over=found.passed_over,
        held=held,
        found=(*names, *(run.row for run in found.runs if run.row)),
        notes=notes,
    )


def _name_base(run: FoundRun) -> str:
    """Name the base model: by the last folder of its run's path, or by the file where a table's row is called base.

    Harnesses write a model's own path into that folder: `base/Qwen__Qwen2.5-VL-3B-Instruct`.
    """
    if run.name.casefold() == BASE_SOURCE and run.format == AccuracyTables.name:
        return run.files[0].stem
    return split_run_name(run.row or run.name)[-1] or run.name


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedResults:
    """Results in memory, ready for `analysis.analyze`."""

    data: tuple[pa.Table | AccuracyTable | PGFTable, ...]
    """One table of scores or of accuracies; of published PGFs one a model."""
    gathered: Gathered | None
    """What was counted on the way; None for published tables."""


def read_import(plan: ImportPlan, choices: ImportChoices) -> ImportedResults:
    """Read everything of a plan into memory, raw replies left out.

    Raises:
        ImportFileError: a file is broken, or the runs were not asked the same.
    """
    if plan.tables:
        return ImportedResults(data=plan.tables, gathered=None)
    pieces: list[pa.Table] = []
    gathered = gather(plan.runs, plan.model, choices.gathering, lambda _, table: pieces.append(without_replies(table)))
    if gathered.accuracies is not None:
        return ImportedResults(data=(gathered.accuracies,), gathered=gathered)
    return ImportedResults(data=(pa.concat_tables(pieces).unify_dictionaries(),), gathered=gathered)


def rehearse_import(plan: ImportPlan, choices: ImportChoices, tell: Callable[[str, int], None]) -> Gathered | None:
    """Read everything of a plan and keep nothing: what is wrong with it is raised, what is to be said is returned.

    Args:
        plan: what each run is.
        choices: how to read it.
        tell: is given the name of a run and the number of its answers that were read since it was last told.

    Raises:
        ImportFileError: as an import would.
    """
    if plan.tables:
        return None
    return gather(plan.runs, plan.model, choices.gathering, lambda each, table: tell(each.run.name, len(table)))


def without_replies(table: pa.Table) -> pa.Table:
    """Keep the columns of the score table, and forget the raw replies, which no analysis needs."""
    place = SCORE_SCHEMA.get_field_index("reply")
    scores = table.select(SCORE_SCHEMA.names)
    return scores.set_column(place, SCORE_SCHEMA.field(place), pa.nulls(len(scores), pa.string()))


def import_results(paths: Path | str | Sequence[Path | str], choices: ImportChoices | None = None) -> ImportedResults:
    """Read the results that somebody already has.

    Args:
        paths: a file or folder, or several that are together one study.
        choices: which run is the base, what the others are, and how to read them.

    Raises:
        ImportFileError: the files are broken, differ in what was asked, or it is not known what a run is.
    """
    chosen = choices or ImportChoices()
    listed = [paths] if isinstance(paths, Path | str) else paths
    return read_import(plan_import([Path(path) for path in listed], chosen), chosen)
