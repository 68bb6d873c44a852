"""From runs with places to what the analysis takes: a table of scores, or of accuracies where examples are lacking."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import pyarrow as pa

from spillover.core.errors import ImportFileError, nearest
from spillover.core.published import AccuracyTable
from spillover.core.scores import SCORE_SCHEMA, table_from_scores
from spillover.interop.accuracies import compare_accuracies, require_one_scorer
from spillover.interop.found import Aggregate
from spillover.interop.mapping import MappedRun, renaming_notes
from spillover.interop.questions import Questions
from spillover.interop.rescore import Scored, Scoring, TaskTally, fill_in, score_answer
from spillover.interop.task_names import TaskNames, is_known, is_same_word, resembles

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
    names: TaskNames = field(default_factory=TaskNames)
    """What the files' tasks are called here."""

    def keeps(self, task: str) -> bool:
        """Whether a task, as it is called here, is wanted."""
        return not self.targets or task in self.targets

    def aggregates(self, mapped: MappedRun) -> list[Aggregate]:
        """The aggregates of a run that are wanted, their tasks settled."""
        named = (replace(row, task=self.names.settle(row.task)) for row in mapped.run.aggregates)
        return [row for row in named if self.keeps(row.task)]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted:
    """What was seen of all runs so far."""

    names: set[str]
    """Of tasks, as the files have them."""
    tallies: dict[tuple[str, str], TaskTally] = field(default_factory=dict[tuple[str, str], TaskTally])


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
    given = [(each, row) for each in mapped for row in settings.aggregates(each)]
    questions = Questions()
    counted = _Counted(names={row.task for each in mapped for row in each.run.aggregates})
    unlabelled = {each.place for each in mapped if not each.run.labelled}
    for each in sorted(mapped, key=lambda each: each.place in unlabelled):  # those with right answers teach the others
        questions.begin(describe_place(each))
        scored = _score_run(each, model, settings, questions, counted)
        while rows := list(islice(scored, BATCH)):
            if not given:
                table = table_from_scores(row.score for row in rows)
                own = pa.array([row.own for row in rows], pa.float64())
                keep(each, table.append_column(IMPORTED_SCHEMA.field("file_score"), own))
    questions.finish(tasks_without_examples=bool(given))
    _require_targets(settings, counted.names)
    notes = [*_name_notes(mapped, settings, counted.names), *questions.warnings, *_version_notes(mapped, settings)]
    accuracies = None
    if given:
        require_one_scorer(given, counted.tallies)
        accuracies, more = compare_accuracies(mapped, model, given, counted.tallies)
        notes += more
    return Gathered(tallies=counted.tallies, accuracies=accuracies, notes=tuple(notes))


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
    counted: _Counted,
) -> Iterator[Scored]:
    for found in mapped.run.read() if mapped.run.read else ():
        counted.names.add(found.task)
        task = settings.names.settle(found.task)
        if not settings.keeps(task):
            continue
        if found.fault is not None:
            raise found.fault
        answer = replace(fill_in(found, questions.right_answer(task, found.example)), task=task)
        questions.note(mapped.run.name, answer)
        scored = score_answer(answer, mapped, model, settings.scoring)
        counted.tallies.setdefault((mapped.run.name, task), TaskTally()).count(scored)
        yield scored


def _require_targets(settings: GatherSettings, names: set[str]) -> None:
    """See that every wanted task is there, and any at all."""
    tasks = {settings.names.settle(name) for name in names}
    for target in settings.targets:
        if target not in tasks:
            raise ImportFileError(f"no run has a task {target!r}; {nearest(target, sorted(tasks))}", where="--targets")
    if not tasks:
        raise ImportFileError("the runs hold no answers", hint="give results of at least one task")


def _name_notes(mapped: Sequence[MappedRun], settings: GatherSettings, names: set[str]) -> Iterator[str]:
    told = {task for each in mapped for task in each.run.tasks}  # of these the plan has said it
    yield from renaming_notes(settings.names, sorted(names - told))
    tasks = sorted(task for task in {settings.names.settle(name) for name in names} if settings.keeps(task))
    for task in tasks:
        if not is_known(task) and not settings.names.is_said(task) and (meant := resembles(task)):
            hint = f"--rename {task}={meant}"
            yield f"the task {task!r} is kept as it is; did you mean BLINK's {meant} ({hint})?"
    sources = dict.fromkeys(each.place.source for each in mapped if not each.is_base)
    if aside := [source for source in sources if source not in tasks]:
        yield f"finetuned on, but not evaluated, so without a place on the diagonal: {', '.join(aside)}"
    for source in aside:
        if not settings.names.is_said(source) and (alike := [task for task in tasks if is_same_word(source, task)]):
            hint = f"--rename {source}={alike[0]}"
            yield f"{source} is kept apart from the task {alike[0]}; if it is that task's training data, {hint}"


def _version_notes(mapped: Sequence[MappedRun], settings: GatherSettings) -> Iterator[str]:
    seen: dict[str, dict[str, list[str]]] = {}
    for each in mapped:
        for task, version in each.run.versions.items():
            seen.setdefault(settings.names.settle(task), {}).setdefault(version, []).append(each.run.name)
    for task, versions in seen.items():
        if len(versions) > 1 and settings.keeps(task):
            listing = "; ".join(f"{version}: {', '.join(runs[:5])}" for version, runs in versions.items())
            yield f"{task}: the runs state different versions of task or data ({listing[:500]})"
