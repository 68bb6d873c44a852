"""The one door into this room: scores or published tables in, findings out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath
from types import MappingProxyType
from typing import Protocol, runtime_checkable

import pyarrow as pa

from spillover.analysis.alignment import build_cubes
from spillover.analysis.beside import Beside
from spillover.analysis.carried import carried_settings, carried_tasks
from spillover.analysis.comparison import compare_models
from spillover.analysis.cube import ScoreCube
from spillover.analysis.facts import collect_facts
from spillover.analysis.findings import Findings
from spillover.analysis.model import ModelStudy, analyze_scores, analyze_table, best_scores
from spillover.analysis.sentences import say_findings
from spillover.analysis.settings import AnalysisSettings
from spillover.core.errors import AnalysisError, shortened
from spillover.core.published import AccuracyTable, PGFTable
from spillover.core.scores import BASE_SOURCE
from spillover.tasks.task import Task


@runtime_checkable
class ArrowStream(Protocol):
    """A frame that can be read as an Arrow table, as pandas' and polars' can."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Hand over the table (Arrow's PyCapsule interface)."""
        ...


OneModel = pa.Table | PGFTable | AccuracyTable | ScoreCube
Analysable = OneModel | ArrowStream
ALLOWED = (
    "give scores as spillover.read_scores reads them (a pyarrow table, or a frame of pandas or polars), "
    "what spillover.read_pgf_table reads, the data of import_results, or several of these; of a study's folder: "
    "spillover.analyze_study"
)
HOW_TO_READ = (
    "Intervals and tests are about the population of examples and of training seeds, the base model fixed; which "
    "training examples were drawn is not in them unless a study draws a second subset.",
    "Cells of one target share its base, so false discoveries cluster by target.",
    "Raw personas, and the Wilcoxon p of a clique's own pairs, are descriptive: they count dependent values as free.",
    "Transferability and malleability are not 0 where nothing transfers: read them against the noise floor.",
    "Where right answers of a target cannot be counted, intervals hold the noise of seeds alone, and are too narrow.",
    "Percentile intervals of derived quantities hold the noise of examples and seeds twice where they are not linear.",
)
"""What a reader of any findings should know."""


def analyze(
    data: Analysable | Sequence[Analysable] | Mapping[str, Analysable],
    settings: AnalysisSettings | None = None,
    tasks: Iterable[Task] = (),
    beside: Mapping[str, Beside] = MappingProxyType({}),
) -> Findings:
    """Analyse scores or published tables of one or more models.

    Args:
        data: a table of scores (`core.scores.SCORE_SCHEMA`, which may hold several models, protocols, controls and
            training fractions), a table of PGFs or of accuracies without examples, cubes, or several of these; a
            mapping names the models. Scores may be a frame of pandas or polars, which carries no settings.
        settings: ceilings, bootstrap, thresholds; None takes those that the scores carry (see `read_scores`), else the
            usual ones.
        tasks: what is known of the tasks, where the scores do not carry it; BLINK's are known anyway. Their order
            becomes the order of the matrix.
        beside: by model, as it is named in the findings: what is known beside its scores, such as its adapters'
            similarity (see `spillover.read_beside`); `spillover.analyze_study` reads all of a study's folder.

    Returns:
        Findings with one entry for each model and protocol.

    Raises:
        AnalysisError: the data is none of these, does not fill the matrix, or cannot be what it claims to be; all
            places are listed. Or several tables carry different settings.

    Complexity: everything below it; a usual study (13 tasks × 4 seeds × 130 examples) takes about a second.

    >>> from spillover.analysis.cube import example_cube
    >>> findings = analyze(example_cube(), AnalysisSettings(replicates=0, permutations=0))
    >>> print(findings.models[0].matrix)
    PGF (rows finetuned, columns evaluated)
                JG     CN
    JG      +0.500      0
    CN      −0.500 +0.667
    """
    named = _name_parts(data)
    parts = [part for _, part in named]
    settings = carried_settings(parts) if settings is None else settings
    known = tuple(tasks) or carried_tasks(parts)
    cubes, tables = _sort_out(named, [task.name for task in known])
    names = [name for cube in cubes for name in (*cube.sources, *cube.targets)]
    names += [name for table in tables for row in table.rows for name in (row.source, row.target)]
    facts = collect_facts(dict.fromkeys(name for name in names if name != BASE_SOURCE), known)
    best = best_scores(cubes)
    models = [analyze_scores(study, settings, facts, best) for study in _gather_studies(cubes, beside)]
    models += [analyze_table(table, settings, facts) for table in tables]
    comparisons = compare_models(models)
    return Findings(
        models=tuple(models),
        comparisons=comparisons,
        sentences=say_findings(models, comparisons, settings),
        settings=settings,
        provenance={
            "settings": settings.model_dump(),
            "tables": {table.model: _origin(table) for table in tables},
            "how_to_read": HOW_TO_READ,
            "task_facts": "the tasks' own definitions" if known else "BLINK's catalogue, by name",
        },
    )


def _origin(table: PGFTable | AccuracyTable) -> str:
    """Where a table was read, without the folders of somebody's machine."""
    return PurePath(table.origin).name if isinstance(table, PGFTable) else table.origin


def _sort_out(
    named: Sequence[tuple[str | None, OneModel]], order: Sequence[str]
) -> tuple[list[ScoreCube], list[PGFTable | AccuracyTable]]:
    cubes: list[ScoreCube] = []
    tables: list[PGFTable | AccuracyTable] = []
    for name, part in named:
        if isinstance(part, PGFTable | AccuracyTable):
            tables.append(part if name is None else replace(part, model=name))
        elif isinstance(part, ScoreCube):
            cubes.append(part if name is None else replace(part, model=name))
        else:
            cubes.extend(_rename(build_cubes(part, order), name))
    if not cubes and not tables:
        raise AnalysisError("there is nothing to analyse", hint="give a study folder, a result file or a PGF table")
    titles = [table.model for table in tables]
    if repeated := sorted({title for title in titles if titles.count(title) > 1}):
        raise AnalysisError(f"two tables of the same model: {', '.join(repeated)}", hint="name them: NAME=PATH")
    return cubes, tables


def _name_parts(
    data: Analysable | Sequence[Analysable] | Mapping[str, Analysable],
) -> list[tuple[str | None, OneModel]]:
    if isinstance(data, Mapping):
        return [(name, _as_one(part)) for name, part in data.items()]
    if isinstance(data, Sequence) and not isinstance(data, str):
        return [(None, _as_one(part)) for part in data]
    return [(None, _as_one(data))]


def _as_one(part: object) -> OneModel:
    if isinstance(part, OneModel):
        return part
    try:
        if isinstance(part, ArrowStream):
            return pa.table(part)
    except pa.ArrowException as error:
        raise AnalysisError(f"the frame is no table of scores: {error}", hint=ALLOWED) from error
    raise AnalysisError(f"{shortened(part)} cannot be analysed", hint=ALLOWED)


def _rename(cubes: tuple[ScoreCube, ...], name: str | None) -> list[ScoreCube]:
    """Give a table's model the caller's name; several models of one table keep theirs behind it."""
    if name is None:
        return list(cubes)
    several = len({cube.model for cube in cubes}) > 1
    return [replace(cube, model=f"{name}/{cube.model}" if several else name) for cube in cubes]


def _gather_studies(cubes: list[ScoreCube], beside: Mapping[str, Beside]) -> list[ModelStudy]:
    """Gather what belongs to one model and protocol: sources, controls and earlier fractions."""
    ends = {(cube.model, cube.protocol): cube for cube in cubes if cube.control is None and cube.fraction == 1.0}
    return [
        replace(
            _gather_study([cube for cube in cubes if (cube.model, cube.protocol) == key], ends),
            beside=beside.get(key[0], Beside()),
        )
        for key in dict.fromkeys((cube.model, cube.protocol) for cube in cubes)
    ]


def _gather_study(cubes: list[ScoreCube], ends: dict[tuple[str, str], ScoreCube]) -> ModelStudy:
    model, protocol = cubes[0].model, cubes[0].protocol
    final = [cube for cube in cubes if cube.control is None and cube.fraction == 1.0]
    if len(final) > 1:
        raise AnalysisError(f"{model}, {protocol} is given twice", hint="name the models differently: NAME=PATH")
    if not final:
        raise AnalysisError(
            f"{model}, {protocol} has no scores of real sources at the end of training (control empty, fraction 1)",
            hint="only controls or earlier checkpoints are there: run the rest of the study",
        )
    return ModelStudy(
        cube=final[0],
        controls=tuple(cube for cube in cubes if cube.control is not None and cube.fraction == 1.0),
        checkpoints=tuple(cube for cube in cubes if cube.control is None and cube.fraction != 1.0),
        other_protocol=ends.get((model, "letters")) if protocol != "letters" else None,
    )
