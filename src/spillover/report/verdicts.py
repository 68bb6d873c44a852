"""What a verified mixture and its rivals came to: the rows of its table and the geometry of its bars, not yet drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite

from spillover.analysis.additivity import Additivity, PredictedCell
from spillover.analysis.paired import Estimate
from spillover.analysis.verdict import Arm, ArmContrast, ArmName, Verdict

COLOURS: dict[ArmName, str] = {"chosen": "#2166ac", "random": "#8c8c8c", "best single": "#e08214", "direct": "#1b7837"}
MEAN = "mean"
HEIGHT, TOP, LEFT = 260.0, 16.0, 46.0
BAR, BETWEEN_GROUPS = 34.0, 30.0
FARTHEST = 1.0
"""Whiskers end so far beyond the longest bars, PGF: an interval may be endless."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictRow:
    """One way to choose training data, on one target or on the mean of several."""

    on: str
    name: str
    pgf: str
    difference: str
    """The chosen mixture minus this; empty for itself."""
    outcome: str
    """Whether the chosen mixture is better or worse; only on the mean of all targets, where the verdict is given."""


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
    """Lay out a verdict: the mean of the targets, then each where they are several; the chosen mixture first."""
    contrasts = {contrast.rival: contrast for contrast in verdict.contrasts}
    rows: list[VerdictRow] = []
    first, *_ = groups = _groups(verdict)
    for on in groups:
        for arm in verdict.arms:
            contrast = contrasts.get(arm.name)
            compared = contrast is not None and contrast.outcome != "same"
            rows.append(
                VerdictRow(
                    on=on,
                    name=arm.name,
                    pgf=estimate_text(_on(arm, on)),
                    difference=estimate_text(_on(contrast, on)) if contrast and compared else "",
                    outcome=contrast.outcome if contrast and on == first else "",
                )
            )
    return rows


def _groups(verdict: Verdict) -> list[str]:
    """The mean of the targets, where they are several, and each of them."""
    targets = list(verdict.settings.targets)
    return [MEAN, *targets] if len(targets) > 1 else targets


def _on(found: Arm | ArmContrast, group: str) -> Estimate:
    return found.overall if group == MEAN else found.by_target[group]


def predicted_cells(additivity: Additivity, verdicts: Sequence[Verdict]) -> list[PredictedCell]:
    """Pick the predictions on what mixtures were chosen for; of a study that verifies none, all of them."""
    targets = {target for verdict in verdicts for target in verdict.settings.targets}
    return [cell for cell in additivity.cells if cell.target in targets or not targets]


def estimate_text(estimate: Estimate) -> str:
    """Write a PGF with its interval.

    >>> estimate_text(Estimate(pgf=0.1, low=-0.05, high=0.25))
    '+0.10 (-0.05 to +0.25)'
    """
    if not isfinite(estimate.pgf):
        return "–"
    return f"{estimate.pgf:+z.2f} ({estimate.low:+z.2f} to {estimate.high:+z.2f})"


def lay_out_bars(verdict: Verdict) -> Bars:
    """Place a verdict's bars: a group for each target, and before them one for their mean where they are several."""
    groups = _groups(verdict)
    shown: list[tuple[int, ArmName, Estimate]] = [
        (place, arm.name, estimate)
        for place, group in enumerate(groups)
        for arm in verdict.arms
        if isfinite((estimate := _on(arm, group)).pgf)
    ]
    bottom, top = _range([estimate for *_, estimate in shown])
    names: list[ArmName] = [arm.name for arm in verdict.arms]
    wide = BAR * len(names) + BETWEEN_GROUPS

    def y(value: float) -> float:
        return TOP + HEIGHT * (top - min(max(value, bottom), top)) / (top - bottom)

    def bar(place: int, name: ArmName, estimate: Estimate) -> Bar:
        x = LEFT + place * wide + BETWEEN_GROUPS / 2 + names.index(name) * BAR
        ends = sorted((y(0), y(estimate.pgf)))
        return Bar(
            title=f"{name} on {groups[place]}: {estimate_text(estimate)}",
            colour=COLOURS[name],
            x=x,
            y=ends[0],
            height=ends[1] - ends[0],
            middle=x + BAR / 2,
            low=y(estimate.low),
            high=y(estimate.high),
        )

    step = _step(top - bottom)
    lines = [step * number for number in range(round(bottom / step), round(top / step) + 1)]
    return Bars(
        width=LEFT + wide * len(groups),
        height=TOP + HEIGHT + 28,
        bar=BAR - 6,
        left=LEFT,
        zero=y(0),
        ticks=tuple((y(value), f"{value:+z.2f}") for value in lines),
        groups=tuple((LEFT + (place + 0.5) * wide, group) for place, group in enumerate(groups)),
        bars=tuple(bar(place, name, estimate) for place, name, estimate in shown),
        legend=tuple((COLOURS[name], name) for name in names),
    )


def _range(estimates: Sequence[Estimate]) -> tuple[float, float]:
    """From the lowest end to the highest, 0 in between, on round numbers."""
    heights = [0.0, *(estimate.pgf for estimate in estimates)]
    low = min([0.0, *(max(estimate.low, min(heights) - FARTHEST) for estimate in estimates)])
    high = max([0.0, *(min(estimate.high, max(heights) + FARTHEST) for estimate in estimates)])
    step = _step(max(high - low, 0.1))
    return floor(low / step) * step, max(ceil(high / step), 1) * step


def _step(span: float) -> float:
    """Distance of the lines across: at most six or so."""
    return next((step for step in (0.02, 0.05, 0.1, 0.2, 0.5) if span <= 6 * step), 1.0)
