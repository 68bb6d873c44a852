"""What lmms-eval and lm-eval share: a results file a model and date, and a samples file a task.

Their folders look alike (lmms-eval began as lm-eval): results hold aggregates as "metric,filter", versions, counts and
directions; samples are JSON Lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from spillover.core.errors import ImportFileError, nearest
from spillover.interop.found import (
    Aggregate,
    Answer,
    FoundRun,
    LeftOut,
    ReadingOptions,
    group_by_folder,
    metric_of_examples,
)
from spillover.interop.harness_results import named_metrics, read_results, usual_metrics
from spillover.interop.json_text import Record, clean_text, read_lines
from spillover.interop.latest import part_newest

DATE = r"\d{4}-?\d{2}-?\d{2}[T_][\d.\-]+"
OF_EXAMPLES = "scores of examples lie in 0–1"
Parse = Callable[[Record, str, ReadingOptions], Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a harness names its files, and how it writes a sample."""

    format: str
    parse: Parse
    """From one line of a samples file, and the task that its name says, to an answer."""
    metrics: Callable[[Record], list[str]]
    """The metrics that a line is scored by, by name or as "metric,filter"; a file may hold an example once for each."""


def is_results(head: str) -> bool:
    """Whether a JSON file begins as a results file does."""
    return re.match(r'\s*\{\s*"results"\s*:\s*\{', head) is not None


def find_runs(layout: Layout, files: Sequence[Path], options: ReadingOptions) -> list[FoundRun]:
    """One run a folder: a harness writes one a model."""
    return [_find_run(layout, name, mine, options) for name, mine in group_by_folder(files).items()]


def _find_run(layout: Layout, name: str, files: list[Path], options: ReadingOptions) -> FoundRun:
    files, earlier = _newest_samples(files) if options.latest else (files, [])
    samples = {file: task_of(file) for file in files if file.suffix == ".jsonl"}
    sampled = frozenset(samples.values())
    results = read_results([file for file in files if file not in samples], sampled, options)
    bare, notes = results.aggregates, results.notes
    if options.latest:
        _require_newest(samples, results.files)
        bare, more = _newest_aggregates(bare)
        notes += more
    if not samples and not bare:
        raise ImportFileError(
            "the results hold no metric of a single task",
            where=str(files[0]),
            hint="evaluate again with --log_samples, and give the folder that it writes",
        )
    counted = {task: count for task, count in results.counts.items() if task in sampled}
    return FoundRun(
        name=name,
        format=layout.format,
        files=tuple(files),
        metric=metric_of_examples(
            options, OF_EXAMPLES, name=_metric_name(layout, samples, options), direction=results.metric.direction
        )
        if samples
        else results.metric,
        aggregate_metric=results.metric if samples and bare else None,
        read=partial(_read_samples, layout, samples, counted, options) if samples else None,
        aggregates=bare,
        tasks=(*dict.fromkeys(samples.values()), *(row.task for row in bare)),
        versions=results.versions,
        notes=notes,
        earlier=tuple(earlier),
    )


def _newest_samples(files: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Part every task's newest samples, and all results, from earlier samples."""
    results = [file for file in files if file.suffix != ".jsonl"]
    newest, earlier = part_newest(
        [file for file in files if file not in results], lambda file: (task_of(file), date_of(file))
    )
    return [*sorted(results, key=date_of), *newest], earlier


def _metric_name(layout: Layout, samples: Mapping[Path, str], options: ReadingOptions) -> str:
    """What the scores of the first sample of every file are."""
    names: set[str] = set()
    for file, task in samples.items():
        for row in islice(read_lines(file), 1):
            names.update(usual_metrics(layout.metrics(row), options.metric_of(task)))
    return " or ".join(sorted(names)) or "score"


def target_text(row: Record) -> str:
    """The right answer of a sample; several accepted answers are put together, since the file scores them itself."""
    if not (listed := row.fields.get("target")) or not isinstance(listed, list):
        return row.required_text("target")
    if not all(isinstance(text, str) for text in listed):
        raise ImportFileError("'target' should be a text, or texts", where=row.where)
    return clean_text(" | ".join(listed))


def written_by(file: Path) -> str | None:
    """The harness that names a samples file so: the date first, or last; None where it is named otherwise.

    >>> written_by(Path("20250101_120000_samples_mmmu.jsonl"))
    'lmms-eval'
    >>> written_by(Path("samples_arc_2025-01-01T12-00-00.1.jsonl"))
    'lm-eval'
    """
    if re.match(rf"{DATE}_samples_", file.stem):
        return "lmms-eval"
    return "lm-eval" if re.fullmatch(rf"samples_.+_{DATE}", file.stem) else None


def task_of(file: Path) -> str:
    """The task that the name of a samples file says.

    >>> task_of(Path("20250101_120000_samples_blink_jigsaw.jsonl"))
    'blink_jigsaw'
    >>> task_of(Path("samples_arc_easy_2025-01-01T12-00-00.123.jsonl"))
    'arc_easy'
    """
    stem = re.sub(rf"^{DATE}_samples_|^samples_", "", file.stem)
    return re.sub(rf"_{DATE}$", "", stem)


def _require_newest(samples: Mapping[Path, str], results: Mapping[str, Path]) -> None:
    """See that no task has results newer than its newest samples, which are then not those of its newest evaluation."""
    for file, task in samples.items():
        if task in results and date_of(results[task]) > date_of(file) > "":
            message = f"the newest results of {task} have no samples beside them: the newest samples are {file.name}"
            hint = "evaluate again with --log_samples, or leave these results out"
            raise ImportFileError(message, where=str(results[task]), hint=hint)


def _newest_aggregates(rows: Sequence[Aggregate]) -> tuple[tuple[Aggregate, ...], tuple[str, ...]]:
    """The last aggregate of every task, and what is to be said of those that have several."""
    last = {row.task: row for row in rows}
    several = [task for task, row in last.items() if any(each.task == task and each is not row for each in rows)]
    note = f"the newest of several results are read of {', '.join(several)}"
    return tuple(last.values()), (note,) if several else ()


def date_of(file: Path) -> str:
    """The date that the name of a file says; "" where it says none.

    >>> date_of(Path("20250101_120000_samples_blink_jigsaw.jsonl"))
    '20250101_120000'
    """
    found = re.search(rf"^{DATE}(?=_)|(?<=_){DATE}$", file.stem)
    return found.group() if found else ""


def _read_samples(
    layout: Layout, samples: Mapping[Path, str], counted: Mapping[str, int], options: ReadingOptions
) -> Iterator[Answer | LeftOut]:
    others: set[str] = set()
    is_found = False
    for file, task in samples.items():
        wanted, offered = options.metric_of(task), set[str]()
        number = kept = 0
        for row in read_lines(file):
            number += 1
            metrics = layout.metrics(row) if wanted else []
            if metrics and not named_metrics(metrics, wanted):
                offered.update(metrics)
                continue
            kept += 1
            yield layout.parse(row, task, options)
        _require_whole(file, number, counted.get(task, 0))
        if kept:
            is_found |= options.own_metric_of(task) is None
            continue
        if own := options.own_metric_of(task):
            raise ImportFileError(f"{task} has no metric {own!r}; {nearest(own, sorted(offered))}", where=str(file))
        others |= offered
        yield LeftOut(task=task, metric=str(wanted))
    if others and not is_found:
        wanted = nearest(str(options.metric), sorted(others))
        raise ImportFileError(f"no sample is scored by {options.metric!r}; {wanted}", where=str(next(iter(samples))))


def _require_whole(file: Path, number: int, counted: int) -> None:
    """See that a file of samples holds any, and as many as the results say."""
    if not number:
        hint = "leave the file out, or evaluate again"
        raise ImportFileError("the file holds no samples", where=str(file), hint=hint)
    if number < counted:
        raise ImportFileError(
            f"the file holds {number} samples, its results file says {counted}",
            where=str(file),
            hint="the file may have been cut short; evaluate again, or leave it out",
        )
