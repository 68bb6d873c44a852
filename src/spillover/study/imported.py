"""A folder of imported results: a study that was run elsewhere.

It can be analysed, reported and looked at like any other. Nothing of it can be run: what was trained is not here.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from spillover.analysis.settings import AnalysisSettings
from spillover.core.errors import StoreError, shortened
from spillover.core.files import read_file, read_text, unwritable, write_atomically
from spillover.core.keys import content_key, hash_file
from spillover.core.parquet import read_parquet
from spillover.core.printable import find_control, texts_in
from spillover.core.published import AccuracyRow, AccuracyTable, PGFTable
from spillover.core.scores import SCORE_SCHEMA, SCORE_SCHEMA_VERSION
from spillover.core.yaml_text import parse_yaml
from spillover.interop.gather import IMPORTED_SCHEMA, Gathered, gather
from spillover.interop.importing import ImportChoices, ImportPlan
from spillover.interop.mapping import MappedRun
from spillover.interop.pgf_table import COLUMNS, read_pgf_table
from spillover.tasks.scoring import PARSER_VERSION

ACCURACIES = "accuracies.csv"
ACCURACY_COLUMNS = ("source", "seed", "target", "accuracy", "n")
HEADING = "# Written by spillover import: what was read, and from where. `analysis:` may be edited.\n"


class _Written(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class SourceFile(_Written):
    """A file that was imported."""

    name: str
    sha256: str


class ImportedRun(_Written):
    """One run, and what it is in the study."""

    run: str
    source: str
    seed: int | None = None
    format: str
    key: str = Field(pattern="^[0-9a-f]{32}$")
    """Of its file in `scores/`."""
    examples: int
    files: tuple[SourceFile, ...] = ()


class Imported(_Written):
    """What was imported."""

    version: Literal[1] = 1
    kind: Literal["scores", "accuracies", "pgf"]
    model: str
    scoring: Literal["parsed", "file"] = "parsed"
    """Whether replies were read again by our parser, or the file's own scores were taken."""
    runs: tuple[ImportedRun, ...] = ()
    tables: tuple[str, ...] = ()
    """Models of published tables; the first is pgf-1.csv."""
    notes: tuple[str, ...] = ()


class ImportedStudy(_Written):
    """The study.yaml of a folder of imported results."""

    name: str
    imported: Imported
    analysis: AnalysisSettings = AnalysisSettings()


Tell = Callable[[str, int], None]
"""Hears of a run how many more of its answers were read."""


def open_imported(folder: Path) -> ImportedStudy:
    """Open a folder of imported results.

    Raises:
        StoreError: it holds something else, or was changed by hand so that it cannot be read.
    """
    where, hint = str(folder / "study.yaml"), "import the results again"
    values = _read_yaml(folder)
    if (steers := find_control(texts_in(values))) is not None:
        raise StoreError(f"a control character stands in {shortened(steers)}", where=where, hint=hint)
    try:
        return ImportedStudy.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise StoreError(f"{place}: {first['msg']}", where=where, hint=hint) from error


def read_imported(folder: Path, *, replies: bool = False) -> list[pa.Table | AccuracyTable | PGFTable]:
    """Read what was imported, as `analysis.analyze` takes it.

    Args:
        folder: the study's.
        replies: whether to read raw replies too, which may be large.

    Raises:
        StoreError: a file is missing or broken.
        ImportFileError: a published table was changed by hand so that it cannot be read.
    """
    imported = open_imported(folder).imported
    match imported.kind:
        case "pgf":
            return [read_pgf_table(folder / f"pgf-{index}.csv", name) for index, name in enumerate(imported.tables, 1)]
        case "accuracies":
            return [_read_accuracies(folder, imported.model)]
        case "scores":
            tables = [_read_scores(folder, run, replies=replies) for run in imported.runs]
            return [pa.concat_tables(tables).unify_dictionaries()]


def write_import(
    plan: ImportPlan, choices: ImportChoices, folder: Path, tell: Tell = lambda *_: None
) -> tuple[ImportedStudy, Gathered | None]:
    """Read everything of a plan and keep it in a new folder, which appears whole or not at all.

    Args:
        plan: what each run is.
        choices: how to read it.
        folder: where it is kept.
        tell: is given the name of a run and the number of its answers that were read since it was last told.

    Raises:
        ImportFileError: a file is broken, or the runs were not asked the same.
        StoreError: the folder is there already, or cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StoreError("the folder is there already", where=str(folder), hint="choose another --out, or remove it")
    beside = folder.with_name(f".{folder.name}.{uuid4().hex[:8]}.part")
    try:
        (beside / "scores").mkdir(parents=True)
        study, gathered = _fill(plan, choices, beside, folder.resolve().name, tell)
        text = yaml.safe_dump(study.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
        write_atomically(beside / "study.yaml", HEADING + text)
        if folder.exists():
            folder.rmdir()
        beside.replace(folder)
    except OSError as error:
        raise unwritable(folder, error) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return study, gathered


def _fill(
    plan: ImportPlan, choices: ImportChoices, folder: Path, name: str, tell: Tell
) -> tuple[ImportedStudy, Gathered | None]:
    if plan.tables:
        for index, table in enumerate(plan.tables, 1):
            rows = [(row.seed, row.source, row.target, repr(row.pgf)) for row in table.rows]
            write_atomically(folder / f"pgf-{index}.csv", _csv(COLUMNS, rows))
        models = tuple(table.model for table in plan.tables)
        about = Imported(kind="pgf", model=plan.model, tables=models)
        return ImportedStudy(name=name, imported=about), None
    scoring = choices.gathering.scoring
    jobs = {each.run.name: _describe(each, choices) for each in plan.runs}
    with _writers(folder, jobs) as writers:

        def keep(each: MappedRun, table: pa.Table) -> None:
            writers.write(each.run.name, table)
            tell(each.run.name, len(table))

        gathered = gather(plan.runs, plan.model, choices.gathering, keep)
    accuracies = gathered.accuracies
    if accuracies is not None:
        rows = [(row.source, row.seed, row.target, repr(row.accuracy), row.examples) for row in accuracies.rows]
        write_atomically(folder / ACCURACIES, _csv(ACCURACY_COLUMNS, rows))
    about = Imported(
        kind="scores" if accuracies is None else "accuracies",
        model=plan.model,
        scoring=scoring,
        runs=tuple(_run(each, jobs[each.run.name], gathered) for each in plan.runs),
        notes=(*plan.notes, *gathered.notes),
    )
    return ImportedStudy(name=name, imported=about), gathered


def _describe(each: MappedRun, choices: ImportChoices) -> dict[str, Any]:
    """The plain values that make up a run's key."""
    return {
        "job": "import",
        "run": each.run.name,
        "format": each.run.format,
        "source": each.place.source,
        "seed": each.place.seed,
        "files": [[file.name, hash_file(file)] for file in each.run.files],
        "reading": asdict(choices.reading),
        "gathering": {"scoring": choices.gathering.scoring, "targets": list(choices.gathering.targets)},
        "renamed": dict(choices.gathering.names.renamed),
        "parser": PARSER_VERSION,
    }


def _run(each: MappedRun, job: dict[str, Any], gathered: Gathered) -> ImportedRun:
    return ImportedRun(
        run=each.run.name,
        source=each.place.source,
        seed=each.place.seed,
        format=each.run.format,
        key=content_key(job),
        examples=sum(tally.examples for (run, _), tally in gathered.tallies.items() if run == each.run.name),
        files=tuple(SourceFile(name=name, sha256=digest) for name, digest in job["files"]),
    )


class _Writers:
    """One Parquet file a run, opened when its first rows come."""

    def __init__(self, folder: Path, jobs: dict[str, dict[str, Any]]) -> None:
        self._folder = folder
        self._jobs = jobs
        self._open: dict[str, pq.ParquetWriter] = {}

    def write(self, run: str, table: pa.Table) -> None:
        """Append rows of one run."""
        if run not in self._open:
            self.close()  # runs come one after the other
            job = self._jobs[run]
            about = {"schema": SCORE_SCHEMA_VERSION, "job": job, "label": f"import {run}"}
            schema = IMPORTED_SCHEMA.with_metadata({b"spillover": json.dumps(about).encode()})
            file = self._folder / "scores" / f"{content_key(job)}.parquet"
            self._open[run] = pq.ParquetWriter(file, schema, compression="zstd")
        self._open[run].write_table(table.cast(IMPORTED_SCHEMA))

    def close(self) -> None:
        """Finish what is open."""
        for writer in self._open.values():
            writer.close()
        self._open = {}


@contextmanager
def _writers(folder: Path, jobs: dict[str, dict[str, Any]]) -> Generator[_Writers]:
    writers = _Writers(folder, jobs)
    try:
        yield writers
    finally:
        writers.close()


def _read_scores(folder: Path, run: ImportedRun, *, replies: bool) -> pa.Table:
    file = folder / "scores" / f"{run.key}.parquet"
    place = SCORE_SCHEMA.get_field_index("reply")
    names = [name for name in SCORE_SCHEMA.names if replies or name != "reply"]
    try:
        table = read_parquet(read_file(file), names)
        if not replies:
            table = table.add_column(place, SCORE_SCHEMA.field(place), pa.nulls(len(table), pa.string()))
        return table.replace_schema_metadata(None).cast(SCORE_SCHEMA)
    except (OSError, pa.ArrowException, KeyError, ValueError) as error:
        raise StoreError(
            f"cannot read the scores of {run.run}: {error}", where=str(file), hint="import again"
        ) from error


def _read_accuracies(folder: Path, model: str) -> AccuracyTable:
    file = folder / ACCURACIES
    try:
        rows = [
            AccuracyRow(
                source=row["source"],
                seed=int(row["seed"]) if row["seed"] else None,
                target=row["target"],
                accuracy=float(row["accuracy"]),
                examples=int(row["n"]) if row["n"] else None,
            )
            for row in csv.DictReader(io.StringIO(read_text(file)))
        ]
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        raise StoreError(f"cannot read the accuracies: {error}", where=str(file), hint="import again") from error
    if (steers := find_control(name for row in rows for name in (row.source, row.target))) is not None:
        raise StoreError(f"a control character stands in {shortened(steers)}", where=str(file), hint="import again")
    return AccuracyTable(model=model, rows=tuple(rows), origin=file.name)


def _csv(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return stream.getvalue()


def _read_yaml(folder: Path) -> Any:
    try:
        return parse_yaml(read_text(folder / "study.yaml"))[1]
    except (OSError, yaml.YAMLError, UnicodeDecodeError):
        return None
