"""The page: one HTML file that needs nothing else and opens anywhere."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from jinja2.utils import htmlsafe_json_dumps

from spillover.analysis import Findings, ModelFindings
from spillover.analysis.additivity import PredictedCell
from spillover.analysis.differences import Difference, differences_of
from spillover.analysis.verdict import Verdict
from spillover.analysis.verdict_words import say_dose, sum_up
from spillover.core.files import read_file, write_atomically
from spillover.core.numbers import brief, counted, interval, number, percent, probability, signed
from spillover.report.assets import load_assets
from spillover.report.differences import LISTED, Change, changed_cells, difference_lines
from spillover.report.doses import DoseChart, DoseRow, dose_rows, lay_out_doses
from spillover.report.figures.data import is_reduced, page_data
from spillover.report.figures.mixture import MixturePanel
from spillover.report.figures.tasks import TaskCard, cards_of
from spillover.report.figures.training import training_of
from spillover.report.figures.variance import PARTS, ShareBar, variance_of
from spillover.report.figures.verdicts import predicted_cells
from spillover.report.points import Points, lay_out_points
from spillover.report.side_by_side import comparison_tables
from spillover.report.tables import GroupTable, Map, difference_map, group_tables, maps_of
from spillover.report.training import LaidTraining, lay_out_training
from spillover.report.verdicts import (
    UNTOLD,
    AgreementRow,
    Bars,
    VerdictRow,
    agreement_rows,
    estimate_text,
    lay_out_bars,
    left_out_rows,
    mixture_maps,
    verdict_facts,
    verdict_rows,
)
from spillover.report.words import (
    ASKED,
    Fact,
    example,
    facts,
    flagged_targets,
    headline,
    left_out_prefix,
    readable,
    said_across,
    said_of,
)

MOST_BESIDE = 16
"""Columns beyond which a matrix does not stand beside the answer, but takes the page's width."""
TITLE_END = "· spillover</title>".encode()
"""How the title of every page ends, and that of no other's."""


class VerdictPanel(NamedTuple):
    """What stands on the page of one verified mixture."""

    verdict: Verdict
    rows: list[VerdictRow]
    chart: Bars
    doses: tuple[list[DoseRow], DoseChart] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPage:
    """What stands on the page of one model."""

    model: ModelFindings
    is_reduced: bool
    has_mixture: bool
    asked: str
    headline: str
    example: str
    facts: list[Fact]
    said: list[str]
    is_wide: bool
    """Whether the matrix takes the whole width, so that its numbers can be read or its cells be told apart."""
    maps: list[Map]
    """Matrices as tables: what a screen reader reads, and all there is where scripts do not run."""
    cards: list[TaskCard]
    bars: list[ShareBar]
    groups: list[GroupTable]
    verdicts: list[VerdictPanel]
    mixture_maps: list[Map]
    predictions: list[PredictedCell]
    training: LaidTraining | None
    flags: dict[str, str]
    """Why a target is flagged."""
    left_out_prefix: str
    """What short names leave out; empty where they are abbreviations."""
    points: Points | None
    """Of the predictions; None where there are none."""
    agreement: list[AgreementRow]
    left_out: list[AgreementRow]
    """The agreement without the mixtures that hold a part, where that tells anything."""


def write_report(
    findings: Findings,
    path: Path | str,
    provenance: Mapping[str, Any] | None = None,
    mixtures: Sequence[MixturePanel] = (),
) -> None:
    """Write findings as a page. Every name is escaped.

    Args:
        findings: of one or more models.
        path: the file, replaced if it is there.
        provenance: what to say of where the figures come from, beside what the findings say.
        mixtures: from `mixture_panels`; models without one have no panel to try mixtures in.

    Raises:
        StoreError: the file cannot be written.
    """
    write_atomically(Path(path), render_report(findings, provenance, mixtures))


def is_report(path: Path) -> bool:
    """Whether a file is a page that `write_report` wrote."""
    try:
        return TITLE_END in read_file(path)
    except OSError:
        return False


def render_report(
    findings: Findings, provenance: Mapping[str, Any] | None = None, mixtures: Sequence[MixturePanel] = ()
) -> str:
    """Render the page as text; see `write_report`."""
    data, rate = page_data(findings, mixtures), findings.settings.false_discovery_rate
    template = _environment().get_template("page.html")
    known = {**findings.provenance, **(provenance or {})}
    return template.render(
        assets=load_assets(),
        pages=[
            _lay_out(model, findings, has_mixture=told["mixture"] is not None)
            for model, told in zip(findings.models, data["models"], strict=True)
        ],
        across=said_across(findings),
        comparisons=comparison_tables(findings),
        changes=[_lay_out_change(each, rate) for each in differences_of(findings)],
        parts=PARTS,
        untold=UNTOLD,
        rate=rate,
        data=htmlsafe_json_dumps(data, dumps=_dump),
        how_to_read=known.pop("how_to_read", []),
        provenance=flatten(known),
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("spillover.report"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Any] = {
        "dose": say_dose,
        "estimate": estimate_text,
        "readable": readable,
        "percent": percent,
        "signed": signed,
        "brief": brief,
        "interval": interval,
        "counted": counted,
        "number": number,
        "probability": probability,
    }
    environment.filters.update(filters)
    return environment


def _dump(value: Any, **_: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _lay_out(model: ModelFindings, findings: Findings, *, has_mixture: bool) -> ModelPage:
    training = training_of(model)
    predictions = [] if model.additivity is None else predicted_cells(model.additivity, model.verdicts)
    return ModelPage(
        model=model,
        is_reduced=is_reduced(model),
        has_mixture=has_mixture,
        asked=ASKED.get(model.protocol, model.protocol),
        headline=" ".join(map(sum_up, model.verdicts)) if model.is_about_mixtures else headline(model),
        example=example(model),
        facts=[fact for verdict in model.verdicts[:1] for fact in verdict_facts(verdict)]
        if model.is_about_mixtures
        else facts(model),
        said=[text[:1].upper() + text[1:] for text in said_of(findings, model)],
        is_wide=len(model.matrix.targets) > MOST_BESIDE,
        maps=maps_of(model),
        cards=cards_of(model),
        bars=variance_of(model),
        groups=group_tables(model),
        verdicts=list(map(_lay_out_verdict, model.verdicts)),
        mixture_maps=mixture_maps(model),
        predictions=predictions,
        flags=flagged_targets(model),
        left_out_prefix=left_out_prefix(model.matrix.abbreviations),
        points=lay_out_points(predictions) if predictions else None,
        agreement=[] if model.additivity is None else agreement_rows(model.additivity),
        training=None if training is None else lay_out_training(training),
        left_out=[] if model.additivity is None else left_out_rows(model.additivity),
    )


def _lay_out_verdict(verdict: Verdict) -> VerdictPanel:
    curve = verdict.dose_curve
    doses = None if curve is None else (dose_rows(curve), lay_out_doses(curve))
    return VerdictPanel(verdict, verdict_rows(verdict), lay_out_bars(verdict), doses)


def _lay_out_change(difference: Difference, rate: float) -> tuple[Difference, list[str], Map | None, list[Change]]:
    lines, cells = difference_lines(difference, rate), changed_cells(difference, rate)
    return difference, lines, difference_map(difference), cells[:LISTED]


def flatten(known: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Lay nested provenance out as one list of names and texts; what is empty is left out.

    >>> flatten({"settings": {"seed": 0, "ceiling": 1.0}, "tables": {}, "studies": [{"study": "a"}]})
    [('settings · seed', '0'), ('settings · ceiling', '1.0'), ('studies · 1 · study', 'a')]
    """
    rows: list[tuple[str, str]] = []
    for name, value in known.items():
        title = f"{prefix}{name}"
        several = isinstance(value, list | tuple)
        if several and any(isinstance(each, Mapping) for each in value):
            rows += flatten({str(place): each for place, each in enumerate(value, start=1)}, f"{title} · ")
        elif isinstance(value, Mapping):
            rows += flatten(value, f"{title} · ")
        elif several:
            rows += [(title, ", ".join(map(str, value)))] if value else []
        else:
            rows.append((title, str(value)))
    return rows
