"""What changed between two models or studies, in a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from spillover.analysis import Findings
from spillover.analysis.differences import Difference, differences_of
from spillover.core.numbers import interval, probability, signed
from spillover.report.breaking import Breakable
from spillover.report.differences import LISTED, changed_cells, difference_lines


def differences_in_terminal(findings: Findings) -> RenderableType:
    """Lay out what changed from each model of findings to the next, one below the other."""
    rate = findings.settings.false_discovery_rate
    return Group(*(Padding(Group(*_draw(each, rate)), (0, 0, 1, 0)) for each in differences_of(findings)))


def _draw(difference: Difference, rate: float) -> Iterator[RenderableType]:
    yield Text(f"what changed: {difference.matrix.title}", style="bold")
    for line in difference_lines(difference, rate):
        yield Text(f"• {line}")
    rows = changed_cells(difference, rate)[:LISTED]
    if rows:
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
        for head in ("on", "to", "change", "interval", "q"):
            is_name = head in ("on", "to")
            table.add_column(head, justify="left" if is_name else "right", no_wrap=not is_name)
        for row in rows:
            ends = interval(row.low, row.high)
            table.add_row(Breakable(row.source), Breakable(row.target), signed(row.pgf), ends, probability(row.q))
        yield table
