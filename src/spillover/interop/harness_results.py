"""The results file that a harness writes beside its samples: aggregates, versions, counts and directions by task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from spillover.core.errors import ImportFileError, nearest
from spillover.interop.found import Aggregate, Direction, Metric, ReadingOptions, describe_scale
from spillover.interop.json_text import Record, read_document

UNBOUNDED = ("perplexity", "bits_per_byte")
"""In names of metrics that have no maximum, and so leave no gap to perfection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HarnessResults:
    """What the results files of one run say."""

    aggregates: tuple[Aggregate, ...]
    metric: Metric
    versions: Mapping[str, str]
    counts: Mapping[str, int]
    files: Mapping[str, Path]
    """By task: the last file that has it."""
    notes: tuple[str, ...]
    """Which tasks were left out, and why."""


def read_results(files: Sequence[Path], sampled: frozenset[str], options: ReadingOptions) -> HarnessResults:
    """Read versions and counts of all tasks, and the aggregates of those that have no samples.

    Args:
        files: results files of one run.
        sampled: tasks with samples.
        options: what the files do not say themselves.

    Raises:
        ImportFileError: a file is broken, metrics differ in direction, or no task has one metric to read.
    """
    rows: list[Aggregate] = []
    names: set[str] = set()
    directions: set[Direction] = set()
    versions: dict[str, str] = {}
    counts: dict[str, int] = {}
    last: dict[str, Path] = {}
    notes: list[str] = []
    for file in files:
        document = read_document(file)
        for task in _tasks(document):
            counts[task] = int(document.record("n-samples").record(task).number("effective") or 0)
            versions[task], last[task] = _version(document, task), file
            higher = document.record("higher_is_better").record(task)
            if task in sampled:
                directions |= set(_directions(higher, options.metric_of(task)))
                continue
            table = document.record("results").record(task)
            values = list(_values(table, task, options))
            if not values and (metrics := _metrics(table)):
                notes.append(f"{task} is left out: {_why(metrics, task, options)}")
            for name, key, value in values:
                directions.add("lower" if higher.fields.get(key.partition(",")[0]) is False else "higher")
                names.add(key)
                examples = counts[task] if name == task else None
                rows.append(Aggregate(task=name, value=value, examples=examples or None, where=f"{file}, {task}"))
    if notes and not rows and not sampled:
        raise ImportFileError("no task can be read:\n  - " + "\n  - ".join(notes[:20]), where=str(files[0]))
    maximum, evidence = describe_scale([row.value for row in rows], options)
    if options.direction is None and len(directions) > 1:
        hint = "choose metrics of one direction with --metric"
        raise ImportFileError(f"of {', '.join(sorted(names))} some are better lower", where=str(files[0]), hint=hint)
    direction = options.direction or (directions.pop() if directions else "higher")
    metric = Metric(name=", ".join(sorted(names)) or "score", maximum=maximum, direction=direction, evidence=evidence)
    return HarnessResults(
        aggregates=tuple(rows), metric=metric, versions=versions, counts=counts, files=last, notes=tuple(notes)
    )


def _version(document: Record, task: str) -> str:
    stated = {"version": document.record("versions").text(task), "hash": document.record("task_hashes").text(task)}
    return ", ".join(f"{name} {value}" for name, value in stated.items() if value)


def _directions(higher: Record, metric: str | None) -> Iterator[Direction]:
    """Which way the metric is better that scores of examples are taken from; nothing where that is not said."""
    wanted = (metric or "").partition(",")[0]
    names = [wanted] if wanted else [name for name in ("acc", "accuracy") if name in higher.fields]
    for name in names or higher.fields:
        if isinstance(is_higher := higher.fields.get(name), bool):
            yield "higher" if is_higher else "lower"


def _tasks(document: Record) -> Iterator[str]:
    """Tasks that have results of their own, groups of tasks left out."""
    groups, members = document.record("groups").fields, document.record("group_subtasks").fields
    for task in document.record("results").fields:
        is_group = members.get(task) if task in members else task in groups
        if not is_group:
            yield task


def _metrics(table: Record) -> list[str]:
    return [
        key
        for key, value in table.fields.items()
        if "," in key and "_stderr" not in key and isinstance(value, int | float) and not isinstance(value, bool)
    ]


def _values(table: Record, task: str, options: ReadingOptions) -> Iterator[tuple[str, str, float]]:
    """The value of a task, with its metric; VSI-Bench keeps its kinds of question as metrics of one task."""
    for key, value in table.fields.items():
        if key.startswith("vsibench") and isinstance(value, dict):
            kinds = table.record(key)
            yield from (
                (kind, key, kinds.as_number(kind, kinds.fields[kind])) for kind in kinds.fields if kind != "overall"
            )
            return
    metrics = _metrics(table)
    kinds = [key for key in metrics if key.startswith("vsibench_")]
    if len(kinds) > 1:
        for key in kinds:
            name = key.partition(",")[0].removeprefix("vsibench_")
            if name != "overall":
                yield name, key, table.as_number(key, table.fields[key])
        return
    chosen = _bounded(usual_metrics(metrics, options.metric_of(task)))
    if len(chosen) == 1:
        yield task, chosen[0], table.as_number(chosen[0], table.fields[chosen[0]])


def _bounded(metrics: Sequence[str]) -> list[str]:
    return [metric for metric in metrics if not any(word in metric for word in UNBOUNDED)]


def _why(metrics: Sequence[str], task: str, options: ReadingOptions) -> str:
    """Say why none of a task's metrics is read."""
    wanted = options.metric_of(task)
    usual = usual_metrics(metrics, wanted)
    if not usual:
        return f"it has no metric {wanted!r}; {nearest(str(wanted), metrics)}"
    if chosen := _bounded(usual):
        return f"it has several metrics, {', '.join(chosen)}: choose one, --metric {task}={chosen[0]}"
    return f"{', '.join(usual)} has no maximum, and so leaves no gap to perfection"


def named_metrics(metrics: Sequence[str], wanted: str | None) -> list[str]:
    """Those of some metrics that a user may mean: by "metric,filter" or by the metric alone."""
    return [metric for metric in metrics if wanted in (metric, metric.partition(",")[0])]


def usual_metrics(metrics: Sequence[str], wanted: str | None) -> list[str]:
    """Those of some metrics that are read: the one asked for, else accuracy, else whatever there is.

    >>> usual_metrics(["acc,none", "f1,none"], None), usual_metrics(["f1,none"], "acc")
    (['acc,none'], [])
    """
    if wanted is not None:
        return named_metrics(metrics, wanted)
    return [metric for metric in metrics if metric.partition(",")[0] in ("acc", "accuracy")] or list(metrics)


def pick_metric(
    metrics: Sequence[str], task: str, options: ReadingOptions, where: str
) -> tuple[str, ImportFileError | None]:
    """Choose the metric that a sample is read by.

    Returns:
        The metric, "" where there is none; and what is wrong where several are there or the one asked for is not, for
        whoever wants that sample's task.
    """
    wanted = options.metric_of(task)
    chosen = usual_metrics(metrics, wanted)
    if len(chosen) == 1 or not metrics:
        return "".join(chosen), None
    if not chosen:
        return "", ImportFileError(f"there is no metric {wanted!r}; {nearest(str(wanted), metrics)}", where=where)
    hint = f"choose one: --metric {task}={chosen[0]}; or leave the task out with --targets"
    return "", ImportFileError(f"several metrics are there: {', '.join(chosen)}", where=where, hint=hint)
