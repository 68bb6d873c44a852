"""The page: one HTML file that needs nothing else and opens anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from spillover.analysis import Findings, ModelFindings, TransferMatrix
from spillover.analysis.additivity import PredictedCell
from spillover.analysis.verdict import Verdict
from spillover.core.files import write_atomically
from spillover.report.colours import colour_limit, colour_of, ink_on
from spillover.report.verdicts import Bars, VerdictRow, estimate_text, lay_out_bars, predicted_cells, verdict_rows

CONTROL_NOTES = {
    "shuffled": "other examples' answers: format and letters, no perception",
    "own": "the base's own answers: nothing but the format",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One coloured cell of a heatmap."""

    text: str
    title: str
    background: str
    ink: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Heatmap:
    """A matrix as it is drawn."""

    title: str
    note: str
    columns: list[tuple[str, str]]
    """Abbreviation and full name of each target."""
    base: list[str]
    rows: list[tuple[str, str, list[Cell]]]
    """Abbreviation, full name, cells."""
    scale: list[Cell]
    """What the colours stand for, from the strongest harm to the strongest gain."""


def write_report(findings: Findings, path: Path, provenance: Mapping[str, Any] | None = None) -> None:
    """Write findings as a page. Every name is escaped.

    Args:
        findings: of one or more models.
        path: the file, replaced if it is there.
        provenance: what to say of where the figures come from.

    Raises:
        StoreError: the file cannot be written.
    """
    write_atomically(path, render_report(findings, provenance))


def render_report(findings: Findings, provenance: Mapping[str, Any] | None = None) -> str:
    """Render the page as text; see `write_report`."""
    environment = Environment(
        loader=PackageLoader("spillover.report"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["estimate"] = estimate_text
    models = [(model, heatmaps(model), *_mixtures(model)) for model in findings.models]
    template = environment.get_template("page.html")
    return template.render(findings=findings, models=models, provenance=dict(provenance or findings.provenance))


def _mixtures(model: ModelFindings) -> tuple[list[tuple[Verdict, list[VerdictRow], Bars]], list[PredictedCell]]:
    verdicts = [(verdict, verdict_rows(verdict), lay_out_bars(verdict)) for verdict in model.verdicts]
    cells = [] if model.additivity is None else predicted_cells(model.additivity, model.verdicts)
    return verdicts, cells


def heatmaps(model: ModelFindings) -> list[Heatmap]:
    """The matrices of a model: raw, with the answer prior taken out, and of the controls, all on one scale."""
    limit = colour_limit(value for matrix in model.shown_matrices for value in matrix.values.flatten().tolist())
    raw = {name: record.accuracy for name, record in model.base.items()}
    maps = [_heatmap(model.matrix, "PGF", "share of the gap to perfection that is closed; mean over seeds", raw, limit)]
    if model.calibrated is not None:
        calibrated = {name: record.calibrated for name, record in model.base.items()}
        note = "each option's mean log-probability over the target's examples is subtracted before answering"
        maps.append(_heatmap(model.calibrated.matrix, "PGF, answer prior taken out", note, calibrated, limit))
    for control in model.controls:
        note = f"trained on the same examples with {CONTROL_NOTES.get(control.kind, 'other answers')}"
        maps.append(_heatmap(control.control, f"control: {control.kind} answers", note, raw, limit))
    return maps


def _heatmap(matrix: TransferMatrix, title: str, note: str, base: Mapping[str, float | None], limit: float) -> Heatmap:
    short = matrix.abbreviations
    reasons = {(cell.source, cell.target): cell.reason for cell in matrix.undefined}
    rows = [
        (
            short.get(source, source),
            source,
            [
                _cell(value, limit, f"{source} → {target}", reasons.get((source, target), ""))
                for target, value in zip(matrix.targets, values, strict=True)
            ],
        )
        for source, values in zip(matrix.sources, matrix.values.tolist(), strict=True)
    ]
    accuracies = [base.get(target) for target in matrix.targets]
    return Heatmap(
        title=title,
        note=note,
        columns=[(short.get(target, target), target) for target in matrix.targets],
        base=["" if value is None else f"{value:.2f}" for value in accuracies],
        rows=rows,
        scale=[_cell(limit * step, limit, "scale", "") for step in (-1, -0.5, 0, 0.5, 1)],
    )


def _cell(value: float, limit: float, title: str, reason: str) -> Cell:
    background = colour_of(value, limit)
    text = "–" if isnan(value) else f"{value:+z.2f}"
    return Cell(
        text=text,
        title=f"{title}: {reason or text}",
        background="rgb({},{},{})".format(*background),
        ink="rgb({},{},{})".format(*ink_on(background)),
    )
