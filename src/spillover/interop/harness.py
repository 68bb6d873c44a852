"""What lmms-eval and lm-eval share: a results file a model and date, and a samples file a task.

Their folders look alike (lmms-eval began as lm-eval): results hold aggregates as "metric,filter", versions, counts and
directions; samples are JSON Lines.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from spillover.core.errors import ImportFileError, nearest
from spillover.interop.found import (
    Aggregate,
    Answer,
    Direction,
    FoundRun,
    Metric,
    ReadingOptions,
    describe_scale,
    group_by_folder,
    metric_of_examples,
)
from spillover.interop.json_text import Record, read_document, read_lines

logger = logging.getLogger(__name__)
DATE = r"\d{4}-?\d{2}-?\d{2}[T_][\d.\-]+"
OF_EXAMPLES = "scores of examples lie in 0–1"
Parse = Callable[[Record, str, ReadingOptions], Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a harness names its files, and how it writes a sample."""

    format: str
    parse: Parse
    """From one line of a samples file, and the task that its name says, to an answer."""
    metrics: Callable[[Record], list[str]] | None = None
    """The metrics that a line is scored by, as "metric,filter", where a file may hold an example once for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Results:
    """What the results files of one run say."""

    aggregates: tuple[Aggregate, ...]
    metric: Metric
    versions: Mapping[str, str]
    counts: Mapping[str, int]


def is_results(head: str) -> bool:
    """Whether a JSON file begins as a results file does."""
    return re.match(r'\s*\{\s*"results"\s*:\s*\{', head) is not None


def find_runs(layout: Layout, files: Sequence[Path], options: ReadingOptions) -> list[FoundRun]:
    """One run a folder: a harness writes one a model."""
    return [_find_run(layout, name, mine, options) for name, mine in group_by_folder(files).items()]


def _find_run(layout: Layout, name: str, files: list[Path], options: ReadingOptions) -> FoundRun:
    samples = {file: task_of(file) for file in files if file.suffix == ".jsonl"}
    sampled = frozenset(samples.values())
    results = _read_results([file for file in files if file not in samples], sampled, options)
    bare = results.aggregates
    if not samples and not bare:
        raise ImportFileError("the results hold no metric of a single task", where=str(files[0]))
    counted = {task: count for task, count in results.counts.items() if task in samples.values()}
    return FoundRun(
        name=name,
        format=layout.format,
        files=tuple(files),
        metric=metric_of_examples(options, OF_EXAMPLES, direction=results.metric.direction)
        if samples
        else results.metric,
        aggregate_metric=results.metric if samples and bare else None,
        read=partial(_read_samples, layout, samples, counted, options) if samples else None,
        aggregates=bare,
        tasks=(*dict.fromkeys(samples.values()), *(row.task for row in bare)),
        versions=results.versions,
    )


def task_of(file: Path) -> str:
    """The task that the name of a samples file says.

    >>> task_of(Path("20250101_120000_samples_blink_jigsaw.jsonl"))
    'blink_jigsaw'
    >>> task_of(Path("samples_arc_easy_2025-01-01T12-00-00.123.jsonl"))
    'arc_easy'
    """
    stem = re.sub(rf"^{DATE}_samples_|^samples_", "", file.stem)
    return re.sub(rf"_{DATE}$", "", stem)


def _read_samples(
    layout: Layout, samples: Mapping[Path, str], counted: Mapping[str, int], options: ReadingOptions
) -> Iterator[Answer]:
    others: set[str] = set()
    taken = 0
    for file, task in samples.items():
        number = kept = 0
        for row in read_lines(file):
            number += 1
            offered = layout.metrics(row) if layout.metrics and options.metric is not None else []
            if offered and not _named(offered, options.metric):
                others.update(offered)
                continue
            kept += 1
            yield layout.parse(row, task, options)
        taken += kept
        if number and not kept:
            logger.warning("%s is left out: no line of it is scored by %s", file, options.metric)
        if not number:
            raise ImportFileError("the file holds no samples", where=str(file))
        if number < counted.get(task, 0):
            raise ImportFileError(
                f"the file holds {number} samples, its results file says {counted[task]}",
                where=str(file),
                hint="the file may have been cut short; evaluate again, or leave it out",
            )
    if others and not taken:
        wanted = nearest(str(options.metric), sorted(others))
        raise ImportFileError(f"no sample is scored by {options.metric!r}; {wanted}", where=str(next(iter(samples))))


def _read_results(files: list[Path], sampled: frozenset[str], options: ReadingOptions) -> _Results:
    """Read versions and counts of all tasks, and the aggregates of those that have no samples."""
    rows: list[Aggregate] = []
    names: set[str] = set()
    directions: set[Direction] = set()
    versions: dict[str, str] = {}
    counts: dict[str, int] = {}
    for file in files:
        document = read_document(file)
        hashes, stated = document.record("task_hashes"), document.record("versions")
        for task in _tasks(document):
            counts[task] = int(document.record("n-samples").record(task).number("effective") or 0)
            versions[task] = f"version {stated.text(task)}, hash {hashes.text(task)}"
            higher = document.record("higher_is_better").record(task)
            if task in sampled:
                directions |= set(_directions(higher, options))
                continue
            for name, key, value in _values(document.record("results").record(task), task, options):
                directions.add("lower" if higher.fields.get(key.partition(",")[0]) is False else "higher")
                names.add(key)
                examples = counts[task] if name == task else None
                rows.append(Aggregate(task=name, value=value, examples=examples or None, where=f"{file}, {task}"))
    maximum, evidence = describe_scale([row.value for row in rows], options)
    if options.direction is None and len(directions) > 1:
        hint = "choose metrics of one direction with --metric"
        raise ImportFileError(f"of {', '.join(sorted(names))} some are better lower", where=str(files[0]), hint=hint)
    direction = options.direction or (directions.pop() if directions else "higher")
    metric = Metric(name=", ".join(sorted(names)) or "score", maximum=maximum, direction=direction, evidence=evidence)
    return _Results(aggregates=tuple(rows), metric=metric, versions=versions, counts=counts)


def _directions(higher: Record, options: ReadingOptions) -> Iterator[Direction]:
    """Which way the metric is better that scores of examples are taken from; nothing where that is not said."""
    wanted = (options.metric or "").partition(",")[0]
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


def _values(table: Record, task: str, options: ReadingOptions) -> Iterator[tuple[str, str, float]]:
    """The value of a task, with its metric; VSI-Bench keeps its kinds of question as metrics of one task."""
    for key, value in table.fields.items():
        if key.startswith("vsibench") and isinstance(value, dict):
            kinds = table.record(key)
            yield from (
                (kind, key, kinds.as_number(kind, kinds.fields[kind])) for kind in kinds.fields if kind != "overall"
            )
            return
    metrics = [
        key
        for key, value in table.fields.items()
        if "," in key and "_stderr" not in key and isinstance(value, int | float) and not isinstance(value, bool)
    ]
    kinds = [key for key in metrics if key.startswith("vsibench_")]
    if len(kinds) > 1:
        for key in kinds:
            name = key.partition(",")[0].removeprefix("vsibench_")
            if name != "overall":
                yield name, key, table.as_number(key, table.fields[key])
        return
    chosen = pick_metric(metrics, options.metric, table.where, required=False)
    if chosen is not None:
        yield task, chosen, table.as_number(chosen, table.fields[chosen])


def _named(metrics: Sequence[str], wanted: str | None) -> list[str]:
    """Those of some metrics that a user may mean: by "metric,filter" or by the metric alone."""
    return [metric for metric in metrics if wanted in (metric, metric.partition(",")[0])]


def pick_metric(metrics: Sequence[str], wanted: str | None, where: str, *, required: bool = True) -> str | None:
    """Choose the metric to read: the one asked for, else accuracy, else the only one.

    Raises:
        ImportFileError: several are there and nobody said which, or the one asked for is not there.
    """
    if wanted is not None:
        chosen = _named(metrics, wanted)
    else:
        chosen = [metric for metric in metrics if metric.partition(",")[0] in ("acc", "accuracy")] or list(metrics)
    if len(chosen) == 1:
        return chosen[0]
    if not chosen and not required and wanted is None:
        return None
    if not chosen:
        raise ImportFileError(f"there is no metric {wanted!r}; {nearest(str(wanted), metrics)}", where=where)
    raise ImportFileError(
        f"several metrics are there: {', '.join(chosen)}", where=where, hint=f"choose one: --metric {chosen[0]}"
    )
