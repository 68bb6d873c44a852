"""From runs with places to what the analysis takes: a table of scores, or of accuracies where examples are lacking."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pyarrow as pa

from spillover.core.errors import ImportFileError
from spillover.core.published import AccuracyRow, AccuracyTable
from spillover.core.scores import BASE_SOURCE, SCORE_SCHEMA, table_from_scores
from spillover.interop.found import Aggregate
from spillover.interop.mapping import MappedRun
from spillover.interop.questions import Questions, unequal
from spillover.interop.rescore import Scored, Scoring, TaskTally, as_fraction, fill_in, score_answer
from spillover.interop.task_names import is_known, resembles, settle_name
from spillover.tasks.catalogue import BLINK

BATCH = 4096
"""Rows that are held at once."""
IMPORTED_SCHEMA = SCORE_SCHEMA.append(pa.field("file_score", pa.float64()))
"""The score table with the file's own score beside ours."""
Keep = Callable[[MappedRun, pa.Table], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class GatherSettings:
    """What a user may decide about gathering."""

    scoring: Scoring = "parsed"
    targets: tuple[str, ...] = ()
    """Keep only these; empty keeps all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What came of reading all runs."""

    tallies: dict[tuple[str, str], TaskTally]
    """By run and task."""
    accuracies: AccuracyTable | None
    """Where a run holds only aggregates: all runs as accuracies."""
    notes: tuple[str, ...]

    def by_task(self) -> dict[str, TaskTally]:
        """What was counted, over all runs."""
        tasks: dict[str, TaskTally] = {}
        for (_, task), tally in self.tallies.items():
            tasks.setdefault(task, TaskTally()).add(tally)
        return tasks


def gather(mapped: Sequence[MappedRun], model: str, settings: GatherSettings, keep: Keep) -> Gathered:
    """Read every run to its end, some rows at a time.

    Args:
        mapped: runs with their places, the base first.
        model: the base model's name.
        settings: how to score, and which targets to keep.
        keep: is given each piece of `IMPORTED_SCHEMA`; not called where only accuracies come of it.

    Raises:
        ImportFileError: a file is broken, or the runs were not asked the same; all differences are listed.
    """
    only_counts = any(each.run.aggregates and _wanted_aggregates(each, settings) for each in mapped)
    questions = Questions()
    tallies: dict[tuple[str, str], TaskTally] = {}
    unlabelled = {each.place for each in mapped if not each.run.labelled}
    for each in sorted(mapped, key=lambda each: each.place in unlabelled):  # those with right answers teach the others
        questions.begin(describe_place(each))
        scored = _score_run(each, model, settings, questions, tallies)
        while rows := list(islice(scored, BATCH)):
            if not only_counts:
                table = table_from_scores(row.score for row in rows)
                own = pa.array([row.own for row in rows], pa.float64())
                keep(each, table.append_column(IMPORTED_SCHEMA.field("file_score"), own))
    questions.finish(tasks_without_examples=only_counts)
    if not tallies and not only_counts:
        named = ", ".join(settings.targets)
        raise ImportFileError(
            f"no run has a task {named!r}" if named else "the runs hold no answers", where="--targets"
        )
    notes = [*_name_notes(mapped, tallies), *questions.warnings, *_version_notes(mapped)]
    accuracies = None
    if only_counts:
        accuracies, more = _accuracies(mapped, model, settings, tallies)
        notes += more
    return Gathered(tallies=tallies, accuracies=accuracies, notes=tuple(notes))


def describe_place(mapped: MappedRun) -> str:
    """Say what a run is in the study.

    >>> from spillover.interop.found import FoundRun, Metric, Place
    >>> metric = Metric(name="accuracy", maximum=1.0, direction="higher", evidence="")
    >>> run = FoundRun(name="r", format="blink", files=(), metric=metric)
    >>> describe_place(MappedRun(run=run, place=Place(source="Jigsaw", seed=1), reason=""))
    'Jigsaw, seed 1'
    """
    seed = mapped.place.seed
    return mapped.place.source if seed is None else f"{mapped.place.source}, seed {seed}"


def _score_run(
    mapped: MappedRun,
    model: str,
    settings: GatherSettings,
    questions: Questions,
    tallies: dict[tuple[str, str], TaskTally],
) -> Iterator[Scored]:
    for found in mapped.run.read() if mapped.run.read else ():
        task = settle_name(found.task)
        if settings.targets and task not in settings.targets:
            continue
        answer = fill_in(found, questions.right_answer(task, found.example))
        questions.note(mapped.run.name, task, answer.example, answer.right or "", answer.question)
        scored = score_answer(answer, mapped, model, settings.scoring)
        tallies.setdefault((mapped.run.name, task), TaskTally()).count(scored)
        yield scored


def _wanted_aggregates(mapped: MappedRun, settings: GatherSettings) -> list[Aggregate]:
    return [row for row in mapped.run.aggregates if not settings.targets or settle_name(row.task) in settings.targets]


def _accuracies(
    mapped: Sequence[MappedRun], model: str, settings: GatherSettings, tallies: dict[tuple[str, str], TaskTally]
) -> tuple[AccuracyTable, list[str]]:
    rows: list[AccuracyRow] = []
    places: dict[str, MappedRun] = {each.run.name: each for each in mapped}
    for (run, task), tally in tallies.items():
        place = places[run].place
        accuracy = tally.correct / tally.examples
        rows.append(
            _row(place.source, place.seed, task, accuracy, tally.examples if _is_whole(tally.correct) else None)
        )
    given: list[tuple[MappedRun, Aggregate]] = [
        (each, row) for each in mapped for row in _wanted_aggregates(each, settings)
    ]
    counts = _plausible_counts(given)
    for each, row in given:
        task, metric = settle_name(row.task), each.run.metrics[-1]
        accuracy = as_fraction(row.value, metric, row.where)
        rows.append(_row(each.place.source, each.place.seed, task, accuracy, counts.get(task)))
    notes = ["some runs or tasks hold accuracies without examples, so all runs are compared by accuracies alone"]
    assumed = sorted(
        {settle_name(row.task) for _, row in given if row.examples is None and settle_name(row.task) in counts}
    )
    if assumed:
        listing = ", ".join(f"{task} {counts[task]}" for task in assumed)
        notes.append(f"taken for BLINK's validation split, as every accuracy is a whole count of its size: {listing}")
    if unknown := sorted({settle_name(row.task) for _, row in given} - counts.keys()):
        notes.append(f"no number of examples that fits is known for {', '.join(unknown)}: seeds alone tell their noise")
    _require_full(rows)
    return AccuracyTable(model=model, rows=tuple(rows), origin=", ".join(sorted(places))), notes


def _require_full(rows: Sequence[AccuracyRow]) -> None:
    """Refuse accuracies that are there twice, or that one place of the study lacks."""
    cells = Counter((row.source, row.seed, row.target) for row in rows)
    targets = dict.fromkeys(row.target for row in rows)
    faults: list[str] = []
    for source, seed in dict.fromkeys((row.source, row.seed) for row in rows):
        here = source if seed is None else f"{source}, seed {seed}"
        missing = [target for target in targets if (source, seed, target) not in cells]
        faults += [f"{here} was not evaluated on {', '.join(missing)}"] if missing else []
        faults += [f"{here} → {target}: there twice" for target in targets if cells[source, seed, target] > 1]
    if faults:
        raise unequal(faults)


def _row(source: str, seed: int | None, target: str, accuracy: float, examples: int | None) -> AccuracyRow:
    seed = seed if source == BASE_SOURCE else seed or 0
    return AccuracyRow(source=source, seed=seed, target=target, accuracy=accuracy, examples=examples)


def _plausible_counts(given: Sequence[tuple[MappedRun, Aggregate]]) -> dict[str, int]:
    """Examples of each task: as given, or of BLINK's split, if every accuracy is then a whole count."""
    decimals = max((_decimals(row.value) for _, row in given), default=0)
    split = {entry.task.name: entry.validation_examples for entry in BLINK}
    counts: dict[str, int] = {}
    for task in dict.fromkeys(settle_name(row.task) for _, row in given):
        here = [(each, row) for each, row in given if settle_name(row.task) == task]
        stated = {row.examples for _, row in here}
        count = split.get(task) if stated == {None} else next(iter(stated)) if len(stated) == 1 else None
        slack = 0.5 * 10.0**-decimals / min(each.run.metrics[-1].maximum or 1.0 for each, _ in here)
        if count and stated <= {None} and slack * count >= 0.5:
            continue  # any size would fit accuracies this coarse
        if count and all(_fits(row.value / (each.run.metrics[-1].maximum or 1.0), count, slack) for each, row in here):
            counts[task] = count
    return counts


def _decimals(value: float) -> int:
    return len(np.format_float_positional(value, trim="-").partition(".")[2])


def _fits(accuracy: float, count: int, rounding: float) -> bool:
    """Whether a rounded accuracy may be a whole number of right answers among so many."""
    return abs(accuracy * count - round(accuracy * count)) <= rounding * count + 1e-9


def _is_whole(value: float) -> bool:
    return math.isclose(value, round(value), abs_tol=1e-9)


def _name_notes(mapped: Sequence[MappedRun], tallies: dict[tuple[str, str], TaskTally]) -> Iterator[str]:
    tasks = dict.fromkeys(task for _, task in tallies)
    tasks |= dict.fromkeys(settle_name(row.task) for each in mapped for row in each.run.aggregates)
    for task in tasks:
        if not is_known(task) and (meant := resembles(task)):
            yield f"unknown task {task!r}; did you mean {meant}? It is kept as it is"
    for source in dict.fromkeys(each.place.source for each in mapped if not each.is_base):
        if source not in tasks:
            yield f"{source} was finetuned on, but nothing was evaluated on it: it has no place on the diagonal"
    yield from dict.fromkeys(note for each in mapped for note in each.run.notes)


def _version_notes(mapped: Sequence[MappedRun]) -> Iterator[str]:
    seen: dict[str, dict[str, list[str]]] = {}
    for each in mapped:
        for task, version in each.run.versions.items():
            seen.setdefault(settle_name(task), {}).setdefault(version, []).append(each.run.name)
    for task, versions in seen.items():
        if len(versions) > 1:
            listing = "; ".join(f"{version}: {', '.join(runs[:5])}" for version, runs in versions.items())
            yield f"{task}: the runs state different versions of task or data ({listing[:500]})"
