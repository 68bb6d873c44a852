"""Verified mixtures as tables in a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from spillover.analysis import ModelFindings
from spillover.analysis.additivity import Additivity
from spillover.analysis.dose_curve import DoseCurve
from spillover.analysis.verdict import Verdict
from spillover.analysis.verdict_words import CALLED, say_dose
from spillover.report.breaking import Breakable
from spillover.report.doses import dose_rows
from spillover.report.figures.verdicts import predicted_cells
from spillover.report.verdicts import (
    UNTOLD,
    AgreementRow,
    agreement_rows,
    estimate_text,
    left_out_rows,
    verdict_rows,
)


def verdicts_in_terminal(model: ModelFindings) -> Iterator[RenderableType]:
    """Lay out what came of a model's mixtures; nothing where none was run."""
    for verdict in model.verdicts:
        yield _verdict(verdict)
        if verdict.protected:
            yield _protected(verdict)
        if verdict.dose_curve is not None:
            yield _doses(verdict.dose_curve)
    if model.additivity is not None:
        yield _predictions(model.additivity, model.verdicts)
        yield _agreement(model.additivity)
        yield from (Text(say_dose(dose), style="dim") for dose in model.additivity.other_doses)


def _verdict(verdict: Verdict) -> RenderableType:
    targets = verdict.settings.targets
    several = len(targets) > 1
    table = _table(*(["on"] if several else []), "trained on", "PGF", "chosen − this", "choice is")
    for row in verdict_rows(verdict):
        table.add_row(*([Breakable(row.on)] if several else []), row.name, row.pgf, row.difference, row.outcome)
    named = [Text(f"{CALLED[arm.name]}: {', '.join(arm.sources)}", style="dim") for arm in verdict.arms]
    return Group(Text(f"the mixture for {', '.join(targets)}, verified", style="bold"), table, *named)


def _protected(verdict: Verdict) -> RenderableType:
    table = _table("task", "PGF of the choice", "it is")
    for guarded in verdict.protected:
        table.add_row(Breakable(guarded.task), estimate_text(guarded.effect), guarded.outcome)
    tolerated = f"what it must not harm (by more than {verdict.settings.tolerance:g} PGF)"
    return Group(Text(tolerated, style="bold"), table)


def _doses(curve: DoseCurve) -> RenderableType:
    table = _table("examples", "PGF", "linear", "PGF − linear", "it is")
    for row in dose_rows(curve):
        table.add_row(row.examples, row.pgf, row.linear, row.miss, row.outcome)
    return Group(Text(f"is the best single source, {curve.source}, linear in dose?", style="bold"), table)


def _predictions(additivity: Additivity, verdicts: Sequence[Verdict]) -> RenderableType:
    cells = predicted_cells(additivity, verdicts)
    several = len({cell.target for cell in cells}) > 1
    table = _table("mixture", *(["on"] if several else []), "predicted PGF", "observed PGF")
    for cell in cells:
        ends = estimate_text(cell.predicted), estimate_text(cell.observed)
        table.add_row(Breakable(cell.source), *([Breakable(cell.target)] if several else []), *ends)
    on = "" if several else f" · on {cells[0].target}"
    return Group(Text(f"did effects add up?{on}", style="bold"), table)


def _agreement(additivity: Additivity) -> RenderableType:
    table = _table("over", "n", "observed : sum", "miss", "if no change")
    for row in agreement_rows(additivity):
        table.add_row(*_agreement_cells(row))
    left_out = left_out_rows(additivity)
    if left_out:
        table.add_row("without mixtures that hold", style="dim")
    for row in left_out:
        table.add_row(*_agreement_cells(row))
    if additivity.without and not left_out:
        return Group(table, Text(UNTOLD, style="dim"))
    return table


def _agreement_cells(row: AgreementRow) -> tuple[Text, str, str, str, str]:
    return Text(row.over), str(row.cells), row.slope, row.miss, row.no_change


def _table(*heads: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for head in heads:
        table.add_column(head)
    return table
