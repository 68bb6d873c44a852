"""Verified mixtures as tables in a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from spillover.analysis import ModelFindings
from spillover.analysis.verdict import Verdict
from spillover.report.verdicts import estimate_text, predicted_cells, verdict_rows


def verdicts_in_terminal(model: ModelFindings) -> Iterator[RenderableType]:
    """Lay out what came of a model's mixtures; nothing where none was run."""
    for verdict in model.verdicts:
        yield _verdict(verdict)
    if model.additivity is not None:
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
        for head in ("mixture", "on", "predicted PGF", "observed PGF"):
            table.add_column(head)
        for cell in predicted_cells(model.additivity, model.verdicts):
            ends = estimate_text(cell.predicted), estimate_text(cell.observed)
            table.add_row(Text(cell.source), Text(cell.target), *ends)
        yield Group(Text("did effects add up?", style="bold"), table)


def _verdict(verdict: Verdict) -> RenderableType:
    targets = verdict.settings.targets
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for head in ("on", "trained on", "PGF", "chosen − this", "choice is"):
        table.add_column(head)
    for row in verdict_rows(verdict):
        table.add_row(Text(row.on), row.name, row.pgf, row.difference, row.outcome)
    named = [Text(f"{arm.name}: {', '.join(arm.sources)}", style="dim") for arm in verdict.arms]
    return Group(Text(f"the mixture for {', '.join(targets)}, verified", style="bold"), table, *named)
