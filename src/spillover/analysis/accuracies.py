"""From a table of accuracies to transfers: exact counts where the number of examples is known."""

from __future__ import annotations

from collections import Counter

import numpy as np

from spillover.analysis.counts import Counts, count_right
from spillover.analysis.pgf import TransferArray, Undefined, clear_rounding, perfection_gap_factor
from spillover.analysis.tables import TableTransfers, arrange_tasks
from spillover.core.errors import AnalysisError
from spillover.core.published import AccuracyRow, AccuracyTable
from spillover.core.scores import BASE_SOURCE

LISTED = 20
Place = tuple[int, str, str]
"""Seed, source, target."""
NO_GAP = "the base is right on every example: there is no gap to close"


def lay_out_accuracies(table: AccuracyTable) -> TableTransfers:
    """Lay out a table of accuracies by seed, source and target, with a ceiling of 1.

    A base without a seed serves every seed; a base with seeds must have them all.

    Raises:
        AnalysisError: a cell or a base is missing or there twice; all are listed.

    Complexity: O(rows).

    >>> laid_out = lay_out_accuracies(example_accuracies())
    >>> laid_out.transfers.mean.tolist(), laid_out.counts.base_errors.tolist()
    ([[0.5, 0.0]], [[4.0, 5.0]])
    """
    tuned = [row for row in table.rows if row.source != BASE_SOURCE]
    base_rows = [row for row in table.rows if row.source == BASE_SOURCE]
    seeds = sorted({row.seed or 0 for row in tuned})
    sources, targets = arrange_tasks([row.source for row in tuned], [row.target for row in tuned])
    per_seed = any(row.seed is not None for row in base_rows)
    wanted = [(seed, source, target) for seed in seeds for source in sources for target in targets]
    wanted_base = [(seed, BASE_SOURCE, target) for seed in (seeds if per_seed else [0]) for target in targets]
    cells = {_place(row): row for row in table.rows}
    _require_complete(table, Counter(_place(row) for row in table.rows), [*wanted_base, *wanted])
    base = [[cells[seed if per_seed else 0, BASE_SOURCE, target] for target in targets] for seed in seeds]
    after = [[[cells[seed, source, target] for target in targets] for source in sources] for seed in seeds]
    base_accuracy = np.array([[row.accuracy for row in rows] for rows in base])
    accuracy = np.array([[[row.accuracy for row in rows] for rows in block] for block in after])
    pgf = perfection_gap_factor(accuracy, base_accuracy[:, None, :], np.ones(len(targets)))
    pgf[:, np.isnan(pgf).any(axis=0)] = np.nan
    return TableTransfers(
        transfers=TransferArray(
            model=table.model,
            protocol="accuracies",
            sources=tuple(sources),
            targets=tuple(targets),
            seeds=tuple(seeds),
            pgf=pgf,
            points=clear_rounding(accuracy - base_accuracy[:, None, :]),
            undefined=tuple(
                Undefined(source=sources[row], target=targets[column], reason=NO_GAP)
                for row, column in np.argwhere(np.isnan(pgf).any(axis=0)).tolist()
            ),
        ),
        counts=_count(base, after, targets),
        accuracy=accuracy.mean(axis=0),
        base_accuracy=base_accuracy.mean(axis=0),
    )


def _place(row: AccuracyRow) -> Place:
    return (row.seed or 0, row.source, row.target)


def _require_complete(table: AccuracyTable, seen: Counter[Place], wanted: list[Place]) -> None:
    faults = [f"{s}, seed {k} → {t}: missing" for k, s, t in wanted if (k, s, t) not in seen]
    faults += [f"{s}, seed {k} → {t}: {times} times" for (k, s, t), times in seen.items() if times > 1]
    if all(place[1] == BASE_SOURCE for place in seen):
        faults = ["nothing was finetuned: there are only base accuracies"]
    if faults:
        more = [f"… and {len(faults) - LISTED} more"] if len(faults) > LISTED else []
        raise AnalysisError(
            "the accuracies do not fill the matrix:\n  " + "\n  ".join(faults[:LISTED] + more),
            where=table.origin,
            hint="give every source, target and seed exactly once, and the base",
        )


def _count(base: list[list[AccuracyRow]], after: list[list[list[AccuracyRow]]], targets: list[str]) -> Counts:
    """Counts of every target whose number of examples is known, and one and the same, in all its cells."""
    examples = np.zeros(len(targets), dtype=np.int64)
    for column in range(len(targets)):
        known = {rows[column].examples for rows in base}
        known |= {rows[column].examples for block in after for rows in block}
        if len(known) == 1 and (count := known.pop()):
            examples[column] = count
    blocks = [[first, *block] for first, block in zip(base, after, strict=True)]  # the base stands first
    accuracy = np.array([[[row.accuracy for row in rows] for rows in block] for block in blocks])
    columns = [count_right(accuracy[..., column], count) for column, count in enumerate(examples.tolist())]
    right = np.stack(columns, axis=-1)
    return Counts(base_errors=examples - right[:, 0], gained=right[:, 1:] - right[:, :1], examples=examples, given=True)


def example_accuracies() -> AccuracyTable:
    """Build a tiny table of accuracies: one source, two targets, ten examples each, for doctests and first steps.

    Complexity: O(1).

    >>> len(example_accuracies().rows)
    4
    """
    values = {(BASE_SOURCE, "a"): 0.6, (BASE_SOURCE, "b"): 0.5, ("a", "a"): 0.8, ("a", "b"): 0.5}
    rows = [
        AccuracyRow(
            source=source, seed=None if source == BASE_SOURCE else 0, target=target, accuracy=accuracy, examples=10
        )
        for (source, target), accuracy in values.items()
    ]
    return AccuracyTable(model="example", rows=tuple(rows), origin="an example")
