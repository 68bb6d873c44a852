"""What grows and what shrinks: with the model's size, and along its training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isnan, nan

from spillover.analysis import Findings, ModelFindings
from spillover.analysis.findings import Comparison
from spillover.analysis.summary import Summary
from spillover.core.numbers import percent

MEASURES = {
    "mean PGF on other tasks": lambda summary: nan if summary.mean is None else summary.mean,
    "transferability +": lambda summary: summary.transferability.average_positive,
    "transferability −": lambda summary: summary.transferability.average_negative,
    "malleability +": lambda summary: summary.malleability.average_positive,
    "malleability −": lambda summary: summary.malleability.average_negative,
}
"""Averages over tasks, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One quantity along an axis; intervals are NaN where not known."""

    name: str
    values: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Quantities along one axis."""

    title: str
    axis: str
    ticks: tuple[str, ...]
    lines: tuple[Line, ...]


def scale_of(findings: Findings) -> list[Lines]:
    """Follow averages from the smallest model to the largest, once for each comparison.

    Complexity: O(replicates · models).
    """
    return [_scale(each, each.pick(findings.models)) for each in findings.comparisons]


def _scale(comparison: Comparison, models: Sequence[ModelFindings]) -> Lines:
    ends = [intervals_of(model.summary) for model in models]
    return Lines(
        title=f"averages by model · {comparison.protocol}",
        axis="model",
        ticks=comparison.models,
        lines=tuple(
            Line(
                name=name,
                values=tuple(read(model.summary) for model in models),
                low=tuple(each[name][0] for each in ends),
                high=tuple(each[name][1] for each in ends),
            )
            for name, read in MEASURES.items()
        ),
    )


def intervals_of(summary: Summary) -> dict[str, tuple[float, float]]:
    """Find the interval of every average; NaN where there are no replicates."""
    if summary.spread is None:
        return dict.fromkeys(MEASURES, (nan, nan))
    averages = summary.spread.average_intervals(summary.frame)
    found: dict[str, tuple[float, float]] = {
        "mean PGF on other tasks": (float(summary.spread.low.mean), float(summary.spread.high.mean))
    }
    for side in ("transferability", "malleability"):
        for sign, mark in (("positive", "+"), ("negative", "−")):
            low, high = averages[side][sign]
            found[f"{side} {mark}"] = (low, high)
    return found


def progress_of(model: ModelFindings) -> Lines | None:
    """Follow averages, and the PGF on the task itself, along the training; None where only its end was scored.

    Complexity: O(checkpoints).
    """
    if len(model.progress) < 2:
        return None
    unknown = (nan,) * len(model.progress)
    measures: dict[str, Callable[[Summary], float]] = {"mean PGF on other tasks": MEASURES["mean PGF on other tasks"]}
    lines = [
        Line(name=name, values=tuple(read(point.summary) for point in model.progress), low=unknown, high=unknown)
        for name, read in measures.items()
    ]
    own = tuple(point.own_task for point in model.progress)
    if not all(isnan(value) for value in own):
        lines.append(Line(name="PGF on the task itself", values=own, low=unknown, high=unknown))
    ticks = tuple(percent(point.fraction) for point in model.progress)
    return Lines(title="along the training", axis="share of the steps", ticks=ticks, lines=tuple(lines))
