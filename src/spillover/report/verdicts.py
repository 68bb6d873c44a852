"""A verified mixture for people: its answer, the rows of its tables, and the geometry of the page's bars, not drawn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite

from spillover.analysis import ModelFindings
from spillover.analysis.additivity import FEWEST, Additivity, Agreement
from spillover.analysis.paired import Estimate
from spillover.analysis.verdict import ArmName, Verdict
from spillover.analysis.verdict_words import CALLED
from spillover.core.numbers import NONE, fixed, interval, number, signed
from spillover.report.figures.verdicts import COLOURS, ArmEffect, arm_effects, mixture_layers
from spillover.report.scales import find_range, find_ticks
from spillover.report.tables import MOST_TABULATED, Map, tabulate
from spillover.report.words import Fact, readable, sign_of

HEIGHT, TOP, LEFT = 260.0, 16.0, 46.0
BAR, BETWEEN_GROUPS = 34.0, 30.0
PREDICTED = "predicted"
UNTOLD = (
    "whether a single part decides this cannot be told: without the mixtures that hold it too few are left, or the "
    "slope stays as it is."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictRow:
    """One way to choose training data, or what was predicted of the choice, on one target or on the mean of several."""

    on: str
    name: str
    pgf: str
    difference: str
    """The chosen mixture minus this; empty for itself."""
    outcome: str
    """What that says of the chosen mixture; only on the mean of all targets, where the verdict is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementRow:
    """How far effects add up, over some pairs of mixture and target."""

    over: str
    cells: int
    slope: str
    miss: str
    no_change: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar with its whisker, in the units of an SVG."""

    title: str
    colour: str
    x: float
    y: float
    height: float
    middle: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """Bars in groups, one group a target."""

    width: float
    height: float
    bar: float
    left: float
    zero: float
    ticks: tuple[tuple[float, str], ...]
    """Place and text of each line across."""
    groups: tuple[tuple[float, str], ...]
    """Middle and name of each group."""
    bars: tuple[Bar, ...]
    legend: tuple[tuple[str, str], ...]
    """Colour and name of each arm."""


def verdict_rows(verdict: Verdict) -> list[VerdictRow]:
    """Lay out a verdict: each way to train, and under them what was predicted of the choice."""
    effects = arm_effects(verdict)
    rows = [_row(effect) for effect in effects]
    if verdict.promise is not None:
        expected, miss = estimate_text(verdict.promise.expected), estimate_text(verdict.promise.miss)
        outcome = verdict.promise.outcome
        promised = VerdictRow(on=effects[0].on, name=PREDICTED, pgf=expected, difference=miss, outcome=outcome)
        rows.insert(len(verdict.arms), promised)
    return rows


def _row(effect: ArmEffect) -> VerdictRow:
    return VerdictRow(
        on=effect.on,
        name=CALLED[effect.arm],
        pgf=estimate_text(effect.effect),
        difference=estimate_text(effect.difference) if effect.difference else "",
        outcome=effect.outcome,
    )


def agreement_rows(additivity: Additivity) -> list[AgreementRow]:
    """Lay out how far effects add up: over all pairs, and over those on targets that mixtures were chosen for."""
    meant = additivity.on_targets
    return [
        _agreement_row("all pairs", additivity.overall),
        *([] if meant is None else [_agreement_row("on the targets that a mixture was chosen for", meant)]),
    ]


def left_out_rows(additivity: Additivity) -> list[AgreementRow]:
    """Lay out how far effects add up once the mixtures that hold a part are left out.

    Only where that gives another slope, through three pairs or more: with few mixtures it mostly tells nothing. Parts
    that are held by the same mixtures share a row.
    """
    whole = _agreement_row("", additivity.overall).slope
    rows: dict[tuple[int, str, str, str], list[str]] = {}
    for part, agreement in additivity.without.items():
        row = _agreement_row(part, agreement)
        if agreement.cells >= FEWEST and row.slope not in (NONE, whole):
            rows.setdefault((row.cells, row.slope, row.miss, row.no_change), []).append(part)
    return [
        AgreementRow(over=", ".join(parts), cells=cells, slope=slope, miss=miss, no_change=no_change)
        for (cells, slope, miss, no_change), parts in rows.items()
    ]


def mixture_maps(model: ModelFindings) -> list[Map]:
    """Tabulate what mixtures did; none for too many."""
    found = [tabulate(layer, model) for layer in mixture_layers(model)]
    return found if all(len(map_.rows) <= MOST_TABULATED for map_ in found) else []


def _agreement_row(over: str, agreement: Agreement) -> AgreementRow:
    slope = f"{number(agreement.slope, 2)} ({number(agreement.low, 2)} to {number(agreement.high, 2)})"
    return AgreementRow(
        over=over,
        cells=agreement.cells,
        slope=slope if isfinite(agreement.slope) else NONE,
        miss=fixed(agreement.miss, 3),
        no_change=fixed(agreement.miss_of_no_change, 3),
    )


def verdict_facts(verdict: Verdict) -> list[Fact]:
    """Choose the figures that stand out: what the choice did, how it differs from its rivals, what it harms."""
    own = verdict.arms[0].overall
    facts = [_fact("PGF of the choice", own)]
    for contrast in verdict.contrasts:
        if contrast.outcome != "same":
            facts.append(_fact(f"minus {CALLED[contrast.rival]}", contrast.overall))
    if verdict.promise is not None:
        facts.append(_fact("observed − predicted", verdict.promise.miss))
    for guarded in verdict.protected:
        facts.append(replace(_fact(f"on {readable(guarded.task)}", guarded.effect), note=guarded.outcome))
    return facts


def _fact(label: str, estimate: Estimate) -> Fact:
    """A figure in colour only where its interval excludes 0."""
    sure = estimate.low > 0 or estimate.high < 0
    ends = interval(estimate.low, estimate.high, 2) or "no interval"
    return Fact(label=label, figure=signed(estimate.pgf, 2), note=ends, sign=sign_of(estimate.pgf) if sure else "")


def estimate_text(estimate: Estimate) -> str:
    """Write a PGF with its interval.

    >>> estimate_text(Estimate(pgf=0.1, low=-0.05, high=0.25))
    '+0.10 (−0.05 to +0.25)'
    """
    if not isfinite(estimate.pgf):
        return NONE
    return f"{signed(estimate.pgf, 2)} ({interval(estimate.low, estimate.high, 2)})"


def lay_out_bars(verdict: Verdict) -> Bars:
    """Place a verdict's bars: a group for each target, and before them one for their mean where they are several."""
    effects = arm_effects(verdict)
    groups = list(dict.fromkeys(effect.on for effect in effects))
    shown = [effect for effect in effects if isfinite(effect.effect.pgf)]
    bottom, top = find_range([effect.effect for effect in shown])
    names: list[ArmName] = [arm.name for arm in verdict.arms]
    wide = BAR * len(names) + BETWEEN_GROUPS

    def y(value: float) -> float:
        return TOP + HEIGHT * (top - min(max(value, bottom), top)) / (top - bottom)

    def bar(effect: ArmEffect) -> Bar:
        estimate, name = effect.effect, effect.arm
        x = LEFT + groups.index(effect.on) * wide + BETWEEN_GROUPS / 2 + names.index(name) * BAR
        ends = sorted((y(0), y(estimate.pgf)))
        return Bar(
            title=f"{CALLED[name]} on {effect.on}: {estimate_text(estimate)}",
            colour=COLOURS[name],
            x=x,
            y=ends[0],
            height=ends[1] - ends[0],
            middle=x + BAR / 2,
            low=y(estimate.low),
            high=y(estimate.high),
        )

    return Bars(
        width=LEFT + wide * len(groups),
        height=TOP + HEIGHT + 28,
        bar=BAR - 6,
        left=LEFT,
        zero=y(0),
        ticks=tuple((y(value), signed(value, 2)) for value in find_ticks(bottom, top)),
        groups=tuple((LEFT + (place + 0.5) * wide, group) for place, group in enumerate(groups)),
        bars=tuple(map(bar, shown)),
        legend=tuple((COLOURS[name], CALLED[name]) for name in names),
    )
