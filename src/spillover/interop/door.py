"""The door into this room for scripts: somebody's files in, results that the analysis takes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from spillover.interop.found import Direction, ReadingOptions, Scale
from spillover.interop.gather import GatherSettings
from spillover.interop.importing import ImportChoices, ImportedResults, plan_import, read_import
from spillover.interop.rescore import Scoring
from spillover.interop.run_mapping import mapping_of

CALL = "import_results"
"""Where errors say that the choices of a script stand."""


def import_results(  # noqa: PLR0913 (each is what one option of the command is)
    paths: Path | str | Sequence[Path | str],
    *,
    base: str | Mapping[str, int] | None = None,
    runs: Mapping[str, str | None] = MappingProxyType({}),
    pattern: str | None = None,
    tasks: Mapping[str, str] = MappingProxyType({}),
    targets: Sequence[str] = (),
    model: str | None = None,
    format: str | None = None,  # noqa: A002 (its name is the option's)
    metric: str | Mapping[str, str] | None = None,
    scale: Scale | None = None,
    direction: Direction | None = None,
    scores: Scoring = "parsed",
    latest: bool = False,
) -> ImportedResults:
    """Read the results that somebody already has.

    The same can be said to `spillover import`: `runs` is its `--map`, `tasks` its `--rename`.

    Args:
        paths: a file or folder, or several that are together one study.
        base: the base's run; `{run: seed}` where there is one a seed. None finds a run that is called so.
        runs: by run, what it is: `source`, or `source:seed`; None leaves it out. What is not named here is read from
            the files, or by `pattern`.
        pattern: how runs are named, such as `{source}-seed{seed}`, where `*` stands for anything.
        tasks: by a task's name in the files, its name here.
        targets: only these are kept; empty keeps all.
        model: what to call the base model; None takes its name from the files.
        format: of the files; None recognises each.
        metric: which metric or scorer to take, where a file has several: one for all tasks that have it, or by a
            task's name in the files.
        scale: `fraction` or `percent`: of the files' own scores, where they do not show it.
        direction: `higher` or `lower`: which is better, where the files do not say it.
        scores: `parsed` reads replies again by our parser; `file` takes the files' own scores.
        latest: whether to read the newest evaluation of each run and task, where there are several.

    Returns:
        Results in memory; their `data` is what `spillover.analyze` takes.

    Raises:
        ImportFileError: the files are broken, differ in what was asked, or it is not known what a run is.
    """
    of_all, of_some = (metric, {}) if metric is None or isinstance(metric, str) else (None, dict(metric))
    said = {"base": base, "runs": dict(runs), "pattern": pattern, "tasks": dict(tasks), "metrics": of_some}
    mapping = mapping_of(said, CALL)
    kept = tuple(mapping.tasks.settle(name) for name in targets)
    choices = ImportChoices(
        format=format,
        reading=ReadingOptions(
            metric=of_all, metrics=mapping.metrics, scale=scale, direction=direction, model=model, latest=latest
        ),
        mapping=mapping,
        gathering=GatherSettings(scoring=scores, targets=kept, names=mapping.tasks),
    )
    listed = [paths] if isinstance(paths, Path | str) else paths
    return read_import(plan_import([Path(path) for path in listed], choices), choices)
