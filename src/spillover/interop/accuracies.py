"""All runs as accuracies, where some hold no examples: with counts where their number of examples is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from spillover.core.errors import ImportFileError
from spillover.core.published import AccuracyRow, AccuracyTable
from spillover.core.scores import BASE_SOURCE
from spillover.interop.found import Aggregate
from spillover.interop.mapping import MappedRun
from spillover.interop.questions import unequal
from spillover.interop.rescore import TaskTally, as_fraction
from spillover.tasks.catalogue import BLINK

LISTED = 3
TASKS_LISTED = 14
Given = Sequence[tuple[MappedRun, Aggregate]]
"""Aggregates with their runs, their tasks settled."""
Tallies = Mapping[tuple[str, str], TaskTally]
"""What was counted of examples, by run and task."""


def require_one_scorer(given: Given, tallies: Tallies) -> None:
    """See that no task is scored by our parser in one run and by a file's own accuracy in another.

    Raises:
        ImportFileError: it is; all such runs are listed.
    """
    parsed = {task: run for (run, task), tally in tallies.items() if tally.read_again}
    mixed = [(each.run.name, row.task) for each, row in given if row.task in parsed]
    if mixed:
        listing = "".join(f"\n  - {run}: {task}" for run, task in mixed[:20])
        more = f"\n  … and {len(mixed) - 20} more" if len(mixed) > 20 else ""
        raise ImportFileError(
            f"replies were read by our parser, but of these runs only the file's own accuracy is there:{listing}{more}",
            hint="add their samples, or compare the files' own scores of all runs: --scores file",
        )


def compare_accuracies(
    mapped: Sequence[MappedRun], model: str, given: Given, tallies: Tallies
) -> tuple[AccuracyTable, list[str]]:
    """Put accuracies that files state and those counted from examples into one table.

    Args:
        mapped: all runs.
        model: the base model's name.
        given: the accuracies that files state.
        tallies: what was counted.

    Returns:
        The table, and what a user should know of it.

    Raises:
        ImportFileError: a cell is missing or there twice, or it is not known what a number means.
    """
    rows: list[AccuracyRow] = []
    places: dict[str, MappedRun] = {each.run.name: each for each in mapped}
    for (run, task), tally in tallies.items():
        accuracy = tally.correct / tally.examples
        rows.append(_row(places[run], task, accuracy, tally.examples))
    counts = _plausible_counts(given)
    for each, row in given:
        accuracy = as_fraction(row.value, each.run.metrics[-1], row.where)
        rows.append(_row(each, row.task, accuracy, counts.get(row.task)))
    _require_full(rows)
    table = AccuracyTable(model=model, rows=tuple(rows), origin=", ".join(sorted(places)))
    return table, list(_notes(given, tallies, counts))


def _notes(given: Given, tallies: Tallies, counts: Mapping[str, int]) -> Iterator[str]:
    if tallies:
        named = [f"{each.run.name} → {row.task}" for each, row in given]
        more = f" and {len(named) - LISTED} more" if len(named) > LISTED else ""
        yield (
            f"accuracies without examples are all that is there of {', '.join(named[:LISTED])}{more}, so all runs are "
            "compared by accuracies alone"
        )
    else:
        yield "the files hold accuracies without examples"
    stated: dict[str, set[int]] = {}
    for _, row in given:
        stated.setdefault(row.task, set()).update([row.examples] if row.examples else [])
    if assumed := sorted(task for task in counts if not stated[task]):
        listing = _listed([f"{task} {counts[task]}" for task in assumed])
        yield f"taken for BLINK's validation split, as every accuracy is a whole count of its size: {listing}"
    if unknown := sorted(task for task in stated if task not in counts and not stated[task]):
        yield f"no number of examples that fits is known for {_listed(unknown)}: seeds alone tell their noise"
    if unequal_counts := sorted(task for task in stated if task not in counts and stated[task]):
        listing = _listed([f"{task} {'/'.join(map(str, sorted(stated[task])[:LISTED]))}" for task in unequal_counts])
        yield (
            f"the stated numbers of examples are left aside, as they differ or are not there for all runs: {listing}; "
            "seeds alone tell their noise"
        )
    decimals = _most_decimals(given)
    if bounds := sorted(task for task in counts if stated[task] and not _is_whole(given, task, counts[task], decimals)):
        listing = _listed([f"{task} {counts[task]}" for task in bounds])
        yield (
            f"an accuracy is no whole count of the stated examples, as of soft scores, so that these bound its noise: "
            f"{listing}"
        )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - TASKS_LISTED} more" if len(names) > TASKS_LISTED else ""
    return ", ".join(names[:TASKS_LISTED]) + more


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


def _row(mapped: MappedRun, target: str, accuracy: float, examples: int | None) -> AccuracyRow:
    source, seed = mapped.place.source, mapped.place.seed
    seed = seed if source == BASE_SOURCE else seed or 0
    return AccuracyRow(source=source, seed=seed, target=target, accuracy=accuracy, examples=examples)


def _plausible_counts(given: Given) -> dict[str, int]:
    """Examples of each task: as stated alike for all, or of BLINK's split, if every accuracy is then a whole count."""
    decimals = _most_decimals(given)
    split = {entry.task.name: entry.validation_examples for entry in BLINK}
    counts: dict[str, int] = {}
    for task in dict.fromkeys(row.task for _, row in given):
        stated = {row.examples for _, row in given if row.task == task}
        assumed = split.get(task) if stated == {None} else None
        count = assumed or (next(iter(stated)) if len(stated) == 1 else None)
        if count and (not assumed or _is_whole(given, task, count, decimals, coarse=False)):
            counts[task] = count
    return counts


def _is_whole(given: Given, task: str, count: int, decimals: int, *, coarse: bool = True) -> bool:
    """Whether every accuracy of a task may be a whole number of right answers among so many.

    Args:
        given: accuracies of all tasks.
        task: the task.
        count: how many.
        decimals: that they are rounded to.
        coarse: what to say where they are so coarse that any number would fit.
    """
    here = [(row.value, each.run.metrics[-1].maximum or 1.0) for each, row in given if row.task == task]
    slack = 0.5 * 10.0**-decimals / min(maximum for _, maximum in here)
    if slack * count >= 0.5 and not coarse:
        return False
    return all(_fits(value / maximum, count, slack) for value, maximum in here)


def _most_decimals(given: Given) -> int:
    written = (np.format_float_positional(row.value, trim="-") for _, row in given)
    return max((len(text.partition(".")[2]) for text in written), default=0)


def _fits(accuracy: float, count: int, rounding: float) -> bool:
    """Whether a rounded accuracy may be a whole number of right answers among so many."""
    return abs(accuracy * count - round(accuracy * count)) <= rounding * count + 1e-9
