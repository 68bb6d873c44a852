"""From a published table of PGFs to transfers, exact where counts can be recovered."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from spillover.analysis.counts import Counts, recover_counts
from spillover.analysis.pgf import TransferArray, Undefined, clear_rounding
from spillover.core.errors import AnalysisError
from spillover.core.published import PGFRow, PGFTable

LISTED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class TableTransfers:
    """A published table, laid out, with the counts behind it."""

    transfers: TransferArray
    counts: Counts
    accuracy: np.ndarray | None = None
    """Shape source × target, mean over seeds, where the table gives it; else it follows from the counts."""
    base_accuracy: np.ndarray | None = None
    """Shape target, mean over seeds."""


def lay_out_table(table: PGFTable) -> TableTransfers:
    """Lay out a published table by seed, source and target.

    Raises:
        AnalysisError: a cell is missing or there twice (all are listed), or a value cannot be a PGF.

    Complexity: O(rows), and the recovery of counts.

    >>> rows = tuple(PGFRow(seed=0, source="a", target=t, pgf=p) for t, p in (("a", 0.5), ("b", -0.25)))
    >>> lay_out_table(PGFTable(model="m", rows=rows, examples={"b": 8}, origin="")).transfers.mean.tolist()
    [[0.5, -0.25]]
    """
    seeds = list(dict.fromkeys(row.seed for row in table.rows))
    sources, targets = arrange_tasks([row.source for row in table.rows], [row.target for row in table.rows])
    _require_complete(table, seeds, sources, targets)
    _require_possible(table)
    pgf = np.full((len(seeds), len(sources), len(targets)), np.nan)
    axes = [{name: place for place, name in enumerate(names)} for names in (seeds, sources, targets)]
    for row in table.rows:
        pgf[axes[0][row.seed], axes[1][row.source], axes[2][row.target]] = row.pgf
    recovery = recover_counts(pgf, np.array([table.examples.get(target, 0) for target in targets]))
    counts, exact = recovery.counts, recovery.pgf
    known = counts.known & np.isfinite(pgf)
    points = np.divide(counts.gained, counts.examples, out=np.full(pgf.shape, np.nan), where=known)
    holes = np.isnan(exact).any(axis=0)
    exact[:, holes] = np.nan
    transfers = TransferArray(
        model=table.model,
        protocol="published",
        sources=tuple(sources),
        targets=tuple(targets),
        seeds=tuple(seeds),
        pgf=clear_rounding(exact),
        points=points,
        undefined=tuple(
            Undefined(source=sources[row], target=targets[column], reason="the published table gives no number")
            for row, column in np.argwhere(holes).tolist()
        ),
    )
    return TableTransfers(transfers=transfers, counts=counts)


def arrange_tasks(sources: list[str], targets: list[str]) -> tuple[list[str], list[str]]:
    """Name each source and target once, in order of appearance; what is both stands first in both.

    Complexity: O(names).

    >>> arrange_tasks(["b", "a", "b"], ["a", "c"])
    (['a', 'b'], ['a', 'c'])
    """
    both = [name for name in dict.fromkeys(sources) if name in set(targets)]
    return [*dict.fromkeys([*both, *sources])], [*dict.fromkeys([*both, *targets])]


def _require_complete(table: PGFTable, seeds: list[int | str], sources: list[str], targets: list[str]) -> None:
    if not table.rows:
        raise AnalysisError("the table has no rows", where=table.origin)
    seen = Counter((row.seed, row.source, row.target) for row in table.rows)
    cells = [(seed, source, target) for seed in seeds for source in sources for target in targets]
    faults = [f"seed {k}, {s} → {t}: missing" for k, s, t in cells if (k, s, t) not in seen]
    faults += [f"seed {k}, {s} → {t}: {times} times" for (k, s, t), times in seen.items() if times > 1]
    if faults:
        more = [f"… and {len(faults) - LISTED} more"] if len(faults) > LISTED else []
        raise AnalysisError(
            "the table does not fill the matrix:\n  " + "\n  ".join(faults[:LISTED] + more),
            where=table.origin,
            hint="give every source, target and seed exactly once; write nan for a cell without a PGF",
        )


def _require_possible(table: PGFTable) -> None:
    """With a ceiling of 1 no PGF can exceed 1: more than that is percent, or another measure."""
    beyond = [row for row in table.rows if row.pgf > 1 + 1e-9]
    if beyond:
        row = max(beyond, key=lambda row: row.pgf)
        more = f" (and {len(beyond) - 1} more above 1)" if len(beyond) > 1 else ""
        raise AnalysisError(
            f"a PGF of {row.pgf:g} is impossible with a ceiling of 1{more}",
            where=f"{table.origin}: seed {row.seed}, {row.source} → {row.target}",
            hint="divide percent by 100; with another ceiling than 1, give scores instead of PGFs",
        )


def example_table() -> PGFTable:
    """Build a tiny published table of two tasks and two seeds, for doctests and first steps.

    Complexity: O(1).

    >>> len(example_table().rows)
    8
    """
    gained = {"aa": (13, 13), "ab": (2, 1), "ba": (-2, -2), "bb": (11, 11)}
    rows = [
        PGFRow(seed=seed, source=cell[0], target=cell[1], pgf=counts[seed] / 37)
        for seed in (0, 1)
        for cell, counts in gained.items()
    ]
    return PGFTable(model="example", rows=tuple(rows), examples={"a": 50}, origin="an example")
