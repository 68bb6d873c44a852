"""Several models side by side, in a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from spillover.analysis import Findings
from spillover.report.side_by_side import ComparisonTable, comparison_tables


def comparison_in_terminal(findings: Findings) -> RenderableType:
    """Draw the comparisons of findings in a terminal."""
    return Group(*(Padding(_draw(table), (0, 0, 1, 0)) for table in comparison_tables(findings)))


def _draw(laid_out: ComparisonTable) -> RenderableType:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("")
    for name in laid_out.models:
        table.add_column(Text(name), justify="right")
    for name, values in laid_out.rows:
        table.add_row(name, *values)
    warnings = [Text(f"! {text}", style="yellow") for text in laid_out.warnings]
    return Group(Text(laid_out.title, style="bold"), table, *warnings, *(Text(note) for note in laid_out.notes))
