"""The one door into this room: scores or published tables in, findings out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import pyarrow as pa

from spillover.analysis.alignment import build_cubes
from spillover.analysis.cube import ScoreCube
from spillover.analysis.facts import collect_facts
from spillover.analysis.findings import Findings, ModelFindings
from spillover.analysis.model import ModelStudy, analyze_study, analyze_table
from spillover.analysis.sentences import say_findings
from spillover.analysis.settings import AnalysisSettings
from spillover.core.errors import AnalysisError
from spillover.core.published import PGFTable
from spillover.tasks.task import Task

OneModel = pa.Table | PGFTable | ScoreCube
DEFAULT_SETTINGS = AnalysisSettings()


def analyze(
    data: OneModel | Sequence[OneModel] | Mapping[str, OneModel],
    settings: AnalysisSettings = DEFAULT_SETTINGS,
    tasks: Iterable[Task] = (),
) -> Findings:
    """Analyse scores or published tables of one or more models.

    Args:
        data: a table of scores (`core.scores.SCORE_SCHEMA`, which may hold several models, protocols, controls and
            training fractions), a published table of PGFs, cubes, or several of these; a mapping names the models.
        settings: ceilings, bootstrap, thresholds.
        tasks: what is known of the tasks; BLINK's are known anyway. Their order becomes the order of the matrix.

    Returns:
        Findings with one entry for each model and protocol.

    Raises:
        AnalysisError: the data does not fill the matrix, or cannot be what it claims to be; all places are listed.
    """
    known = tuple(tasks)
    cubes: list[ScoreCube] = []
    tables: list[PGFTable] = []
    for name, part in _parts(data):
        if isinstance(part, PGFTable):
            tables.append(part if name is None else replace(part, model=name))
        elif isinstance(part, ScoreCube):
            cubes.append(part if name is None else replace(part, model=name))
        else:
            cubes.extend(_rename(build_cubes(part, [task.name for task in known]), name))
    if not cubes and not tables:
        raise AnalysisError("there is nothing to analyse", hint="give a study folder, a result file or a PGF table")
    names = [n for part in cubes for n in (*part.sources, *part.targets)]
    names += [n for table in tables for row in table.rows for n in (row.source, row.target)]
    facts = collect_facts(dict.fromkeys(names), known)
    models: list[ModelFindings] = [analyze_study(study, settings, facts) for study in _studies(cubes)]
    models += [analyze_table(table, settings, facts) for table in tables]
    return Findings(models=tuple(models), sentences=say_findings(models), provenance=_provenance(settings, tables))


def _parts(data: OneModel | Sequence[OneModel] | Mapping[str, OneModel]) -> list[tuple[str | None, OneModel]]:
    if isinstance(data, Mapping):
        return list(data.items())
    if isinstance(data, Sequence):
        return [(None, part) for part in data]
    return [(None, data)]


def _rename(cubes: tuple[ScoreCube, ...], name: str | None) -> list[ScoreCube]:
    """Give a table's model the caller's name; several models of one table keep theirs behind it."""
    if name is None:
        return list(cubes)
    several = len({cube.model for cube in cubes}) > 1
    return [replace(cube, model=f"{name}/{cube.model}" if several else name) for cube in cubes]


def _studies(cubes: list[ScoreCube]) -> list[ModelStudy]:
    """Gather what belongs to one model and protocol: sources, controls and earlier fractions."""
    studies: list[ModelStudy] = []
    for model, protocol in dict.fromkeys((cube.model, cube.protocol) for cube in cubes):
        mine = [cube for cube in cubes if (cube.model, cube.protocol) == (model, protocol)]
        final = [cube for cube in mine if cube.control is None and cube.fraction == 1.0]
        if len(final) != 1:
            problem = "given twice" if final else "without scores at the end of training (fraction 1)"
            hint = "give models different names (NAME=PATH)" if final else "only controls or checkpoints are there"
            raise AnalysisError(f"{model}, {protocol}: {problem}", hint=hint)
        studies.append(
            ModelStudy(
                cube=final[0],
                controls=tuple(cube for cube in mine if cube.control is not None and cube.fraction == 1.0),
                checkpoints=tuple(cube for cube in mine if cube.control is None and cube.fraction < 1.0),
            )
        )
    return studies


def _provenance(settings: AnalysisSettings, tables: list[PGFTable]) -> dict[str, object]:
    return {"settings": settings.model_dump(), "tables": {table.model: table.origin for table in tables}}
