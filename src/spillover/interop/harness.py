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
from itertools import islice
from pathlib import Path

from spillover.core.errors import ImportFileError, nearest
from spillover.interop.found import Answer, FoundRun, ReadingOptions, group_by_folder, metric_of_examples
from spillover.interop.harness_results import named_metrics, read_results, usual_metrics
from spillover.interop.json_text import Record, clean_text, read_lines

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


def is_results(head: str) -> bool:
    """Whether a JSON file begins as a results file does."""
    return re.match(r'\s*\{\s*"results"\s*:\s*\{', head) is not None


def find_runs(layout: Layout, files: Sequence[Path], options: ReadingOptions) -> list[FoundRun]:
    """One run a folder: a harness writes one a model."""
    return [_find_run(layout, name, mine, options) for name, mine in group_by_folder(files).items()]


def _find_run(layout: Layout, name: str, files: list[Path], options: ReadingOptions) -> FoundRun:
    samples = {file: task_of(file) for file in files if file.suffix == ".jsonl"}
    sampled = frozenset(samples.values())
    results = read_results([file for file in files if file not in samples], sampled, options)
    bare = results.aggregates
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
        notes=results.notes,
    )


def _metric_name(layout: Layout, samples: Mapping[Path, str], options: ReadingOptions) -> str:
    """What the scores of the first sample of every file are."""
    names: set[str] = set()
    for file in samples if layout.metrics else ():
        for row in islice(read_lines(file), 1):
            names.update(usual_metrics(layout.metrics(row) if layout.metrics else [], options.metric))
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
            if offered and not named_metrics(offered, options.metric):
                others.update(offered)
                continue
            kept += 1
            yield layout.parse(row, task, options)
        taken += kept
        if number and not kept:
            logger.warning("%s is left out: no line of it is scored by %s", file, options.metric)
        if not number:
            raise ImportFileError(
                "the file holds no samples", where=str(file), hint="leave the file out, or evaluate again"
            )
        if number < counted.get(task, 0):
            raise ImportFileError(
                f"the file holds {number} samples, its results file says {counted[task]}",
                where=str(file),
                hint="the file may have been cut short; evaluate again, or leave it out",
            )
    if others and not taken:
        wanted = nearest(str(options.metric), sorted(others))
        raise ImportFileError(f"no sample is scored by {options.metric!r}; {wanted}", where=str(next(iter(samples))))
