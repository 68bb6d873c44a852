"""What changed between two models or studies, in words, and which transfers did: for the page and for terminals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spillover.analysis.differences import Difference
from spillover.core.numbers import interval, signed

LISTED = 12
"""Changed transfers that are listed at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A transfer that changed."""

    source: str
    target: str
    pgf: float
    """The second's minus the first's."""
    low: float
    high: float
    q: float


def difference_lines(difference: Difference, rate: float) -> list[str]:
    """Say what changed: the mean, the order, the signs, the cells."""
    count = int(difference.cells.sum())
    if count == 0:
        return ["they have no transfer in common"]
    ends = interval(difference.mean_low, difference.mean_high)
    mean = f"{signed(difference.mean)}{f' ({ends})' if ends else ''}"
    lines = [f"mean PGF over the {count} transfers that both have: {mean}"]
    lines.append(f"of the two matrices: {difference.rank.in_words}")
    flips = f"signs flip in {len(difference.flips)} of {difference.compared}"
    tested = int(np.isfinite(difference.q).sum())
    if not tested:
        return [*lines, flips, "no change could be tested: there are no standard errors"]
    sure = sum(flip.q <= rate for flip in difference.flips)
    changed = len(changed_cells(difference, rate))
    lines.append(f"{flips}; {sure} of these changes stand a test")
    return [*lines, f"{changed} of {tested} changes stand a test at a false discovery rate of {rate:.0%}"]


def changed_cells(difference: Difference, rate: float) -> list[Change]:
    """List the changes that stand a test, the surest first."""
    places = [(row, column) for row, column in np.argwhere(np.nan_to_num(difference.q, nan=1.0) <= rate).tolist()]
    matrix = difference.matrix
    found = [
        Change(
            source=matrix.sources[row],
            target=matrix.targets[column],
            pgf=float(matrix.values[row, column]),
            low=float(difference.low[row, column]),
            high=float(difference.high[row, column]),
            q=float(difference.q[row, column]),
        )
        for row, column in places
    ]
    return sorted(found, key=lambda change: change.q)
