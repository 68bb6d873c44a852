"""What a user says of the runs, tasks and metrics of some files: by flags, or by a small YAML file."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from spillover.core.errors import ImportFileError, nearest
from spillover.core.scores import BASE_SOURCE
from spillover.core.yaml_text import parse_yaml
from spillover.interop.found import Place
from spillover.interop.json_text import read_bounded
from spillover.interop.run_pattern import USUAL_PATTERN
from spillover.interop.task_names import TaskNames

KEYS = ("base", "runs", "pattern", "tasks", "metrics")
LARGEST_MAP = 1 << 20
LONGEST_NAME = 200
"""Characters."""
LEFT_OUT = Place(source="")
"""Of runs that a user maps to nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunMapping:
    """What a user said of the runs, and of what is read of them."""

    base: Mapping[str, int | None] = field(default_factory=dict[str, int | None])
    """Runs that are the base, with the seed that each was measured for; usually one, without a seed."""
    runs: Mapping[str, Place] = field(default_factory=dict[str, Place])
    pattern: str = USUAL_PATTERN
    tasks: TaskNames = field(default_factory=TaskNames)
    metric: str | None = None
    """Of all tasks that have it."""
    metrics: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of single tasks, by the files' name."""
    shared: bool = False
    """Whether it is said of several models' results together: a run that one lacks is then another's."""


def read_mapping(
    base: Sequence[str],
    maps: Sequence[str],
    pattern: str | None,
    renamed: Sequence[str] = (),
    metrics: Sequence[str] = (),
) -> RunMapping:
    """Understand what was said on the command line.

    Args:
        base: run names, each alone or as RUN:SEED where the base was measured for every seed.
        maps: each RUN=SOURCE or RUN=SOURCE:SEED, or the path of a YAML file with `base`, `runs`, `pattern`, `tasks`
            and `metrics`.
        pattern: such as `{source}-seed{seed}`; `*` stands for anything.
        renamed: each NAME=NAME, a task as the files name it and as it is called here.
        metrics: each TASK=METRIC, the task as the files name it; or METRIC, for all others.

    Raises:
        ImportFileError: one of them cannot be understood.
    """
    bases = dict(_split_seed(name) for name in base)
    runs: dict[str, Place] = {}
    tasks: dict[str, str] = {}
    measured: dict[str | None, str] = {}
    for entry in maps:
        name, equals, target = entry.rpartition("=")
        if equals and not Path(entry).is_file():
            runs[name] = _place(target, f"--map {entry}")
            continue
        document = _read_yaml(Path(entry))
        said = mapping_of(document, entry)
        bases |= said.base
        runs |= said.runs
        tasks |= said.tasks.renamed
        measured.update(said.metrics)
        pattern = pattern or document.get("pattern")
    tasks |= dict(_renamed(entry) for entry in renamed)
    measured |= _metrics(metrics)
    return RunMapping(
        base=bases,
        runs=runs,
        pattern=pattern or USUAL_PATTERN,
        tasks=TaskNames(renamed=tasks),
        metric=measured.pop(None, None),
        metrics={task: metric for task, metric in measured.items() if task is not None},
    )


def mapping_of(document: Mapping[str, Any], where: str) -> RunMapping:
    """Understand `base`, `runs`, `pattern`, `tasks` and `metrics` as a mapping file has them; each may be left out.

    Args:
        document: the values.
        where: the file or call that they stand in, for errors.

    Raises:
        ImportFileError: one of them cannot be understood.

    >>> said = mapping_of({"base": "bare", "runs": {"first": "Jigsaw:1", "old": None}}, "here")
    >>> said.base, said.runs["first"], said.runs["old"] == LEFT_OUT
    ({'bare': None}, Place(source='Jigsaw', seed=1), True)
    """
    runs = _table(document, "runs", where)
    return RunMapping(
        base=_bases(document.get("base"), where),
        runs={str(run): _place_of(value, f"{where} runs.{run}") for run, value in runs.items()},
        pattern=_pattern(document.get("pattern"), where) or USUAL_PATTERN,
        tasks=TaskNames(renamed=_names(document, "tasks", where)),
        metrics=_names(document, "metrics", where),
    )


def _split_seed(text: str) -> tuple[str, int | None]:
    name, colon, seed = text.rpartition(":")
    return (name, int(seed)) if colon and name and seed.isdecimal() and len(seed) < 10 else (text, None)


def _place(text: str, where: str) -> Place:
    source, seed = _split_seed(text.strip())
    if not source:
        return LEFT_OUT
    if source == BASE_SOURCE:
        return Place(source=BASE_SOURCE, seed=seed)
    return Place(source=_short(source, where), seed=seed or 0)


def _renamed(text: str) -> tuple[str, str]:
    name, equals, here = text.partition("=")
    if not equals or not name.strip():
        hint = "write NAME=NAME: a task as the files name it, and as it is called here"
        raise ImportFileError(f"{text[:60]!r} renames no task", where="--rename", hint=hint)
    return name.strip(), _short(here.strip(), f"--rename {text[:60]}")


def _metrics(texts: Sequence[str]) -> dict[str | None, str]:
    """The metric of each task that is named; of all others under None."""
    measured: dict[str | None, str] = {}
    for text in texts:
        before, equals, after = text.partition("=")
        name, metric = (before.strip(), after) if equals else (None, before)
        if name == "":
            hint = "write TASK=METRIC, or METRIC alone for all tasks that have it"
            raise ImportFileError(f"{text[:60]!r} names no task", where="--metric", hint=hint)
        if name in measured:
            raise ImportFileError(f"two metrics are asked for of {name or 'all tasks'}", where="--metric")
        measured[name] = _short(metric.strip(), f"--metric {text[:60]}")
    return measured


def _names(document: Mapping[str, Any], key: str, where: str) -> dict[str, str]:
    """By the files' names of tasks, what they are called here, or their metrics."""
    named = _table(document, key, where)
    for name, said in named.items():
        if not isinstance(name, str) or not isinstance(said, str):
            hint = 'write NAME: NAME; words such as NO need quotes, "NO": "NO"'
            what = "renames no task" if key == "tasks" else "is no task with its metric"
            raise ImportFileError(f"{str(name)[:60]!r} {what}", where=f"{where} {key}", hint=hint)
    return {name.strip(): _short(said.strip(), f"{where} {key}.{name[:60]}") for name, said in named.items()}


def _short(name: str, where: str) -> str:
    if not 0 < len(name) <= LONGEST_NAME:
        raise ImportFileError(f"a name has 1 to {LONGEST_NAME} characters", where=where)
    return name


def _place_of(value: Any, where: str) -> Place:
    match value:
        case None:
            return LEFT_OUT
        case str():
            return _place(value, where)
        case {"source": str(source), **rest} if not set(rest) - {"seed"}:
            seed = rest.get("seed", 0)
            if isinstance(seed, int) and not isinstance(seed, bool) and 0 <= seed < 2**31:
                return _place(f"{source}:{seed}", where)
        case _:
            pass
    hint = "write RUN: SOURCE:SEED, or RUN: {source: SOURCE, seed: 0}; RUN: null leaves a run out"
    raise ImportFileError(f"{reprlib.repr(value)[:60]} is no source with a seed", where=where, hint=hint)


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        _, document = parse_yaml(read_bounded(path, LARGEST_MAP).decode("utf-8-sig"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ImportFileError(f"no valid YAML: {str(error)[:300]}", where=str(path)) from error
    if not isinstance(document, dict):
        raise ImportFileError(f"a mapping file holds {', '.join(f'{key}:' for key in KEYS)}", where=str(path))
    for key in document:
        if key not in KEYS:
            allowed = nearest(str(key), KEYS)
            raise ImportFileError(f"unknown key {str(key)[:60]!r}; {allowed}", where=str(path))
    return document


def _table(document: Mapping[str, Any], key: str, where: str) -> dict[Any, Any]:
    value = document.get(key) or {}
    if not isinstance(value, dict):
        raise ImportFileError(f"{key}: should hold one line a {key[:-1]}", where=where)
    return value


def _bases(value: Any, where: str) -> dict[str, int | None]:
    match value:
        case None:
            return {}
        case str():
            return {value: None}
        case dict() if all(isinstance(seed, int) for seed in value.values()):
            return {str(run): seed for run, seed in value.items()}
        case _:
            raise ImportFileError("base: should be a run, or runs with their seeds, {RUN: SEED}", where=where)


def _pattern(value: Any, where: str) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ImportFileError(f"pattern: should be a text such as {USUAL_PATTERN!r}", where=where)
    return value
