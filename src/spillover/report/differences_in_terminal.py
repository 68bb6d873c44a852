"""What changed between two models or studies, in words and a short table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isnan

import numpy as np
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from spillover.analysis.differences import Difference
from spillover.report.words import signed

LISTED = 12


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


def differences_in_terminal(differences: list[Difference], rate: float) -> RenderableType:
    """Lay differences out, one below the other.

    Args:
        differences: of pairs of models.
        rate: the false discovery rate of what is listed.
    """
    return Group(*(Padding(Group(*_draw(each, rate)), (0, 0, 1, 0)) for each in differences))


def _draw(difference: Difference, rate: float) -> Iterator[RenderableType]:
    yield Text(f"what changed: {difference.matrix.title}", style="bold")
    for line in difference_lines(difference, rate):
        yield Text(f"• {line}")
    rows = changed_cells(difference, rate)[:LISTED]
    if rows:
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
        for head in ("on", "to", "change", "interval", "q"):
            table.add_column(head, justify="left" if head in ("on", "to") else "right")
        for row in rows:
            ends, q = f"{signed(row.low)} to {signed(row.high)}", "<.001" if row.q < 0.0005 else f"{row.q:.3f}"
            table.add_row(Text(row.source), Text(row.target), signed(row.pgf), ends, q)
        yield table


def difference_lines(difference: Difference, rate: float) -> list[str]:
    """Say what changed: the mean, the order, the signs, the cells."""
    count = int(difference.cells.sum())
    if count == 0:
        return ["they have no transfer in common"]
    known = not isnan(difference.mean_low)
    ends = f" ({signed(difference.mean_low)} to {signed(difference.mean_high)})" if known else ""
    lines = [f"mean PGF over the {count} transfers that both have: {signed(difference.mean)}{ends}"]
    rank = difference.rank
    if isnan(rank.rho):
        lines.append("rank correlation: cannot be formed")
    else:
        lines.append(f"rank correlation {rank.rho:.2f} over {rank.pairs} transfers (p = {rank.p:.3f}, permuting tasks)")
    sure = sum(flip.q <= rate for flip in difference.flips)
    lines.append(
        f"signs flip in {len(difference.flips)} of {difference.compared}; {sure} of these changes stand a test"
    )
    changed = len(changed_cells(difference, rate))
    tested = int(np.isfinite(difference.q).sum())
    none = "no change could be tested: there are no standard errors"
    lines.append(
        f"{changed} of {tested} changes stand a test at a false discovery rate of {rate:.0%}" if tested else none
    )
    return lines


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
