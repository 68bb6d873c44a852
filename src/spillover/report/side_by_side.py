"""Several models side by side: one column a model, in order of size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from spillover.analysis import Comparison, Findings, ModelFindings
from spillover.analysis.comparison import say_consistent
from spillover.core.numbers import NONE, interval, signed

Show = Callable[[ModelFindings], str]
"""Writes a figure of a model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonTable:
    """Figures of several models, one column a model."""

    title: str
    models: tuple[str, ...]
    rows: list[tuple[str, list[str]]]
    warnings: list[str]
    notes: list[str]


def comparison_tables(findings: Findings) -> list[ComparisonTable]:
    """Lay out the comparisons of findings: figures by model, then the personas that hold for all."""
    models = {(model.model, model.protocol): model for model in findings.models}
    rate = findings.settings.false_discovery_rate
    return [_table(each, [models[name, each.protocol] for name in each.models], rate) for each in findings.comparisons]


def _table(comparison: Comparison, models: Sequence[ModelFindings], rate: float) -> ComparisonTable:
    differ = "not the same tasks: averages are not comparable as they stand"
    return ComparisonTable(
        title=f"side by side · {comparison.protocol}",
        models=tuple(model.model for model in models),
        rows=[(name, [show(model) for model in models]) for name, show in ROWS],
        warnings=[] if comparison.same_tasks else [differ],
        notes=[
            f"{kind} personas that hold for all: {say_consistent(comparison, kind, models, rate)}"
            for kind in comparison.consistent
        ],
    )


def _mean(model: ModelFindings) -> str:
    return NONE if model.summary.mean is None else signed(model.summary.mean, 4)


def _mean_interval(model: ModelFindings) -> str:
    spread = model.summary.spread
    if spread is None:
        return NONE
    narrow = " (too narrow)" if spread.unsampled else ""
    return f"{interval(float(spread.low.mean), float(spread.high.mean))}{narrow}"


def _calibrated(model: ModelFindings) -> str:
    found = model.calibrated
    return NONE if found is None or found.summary.mean is None else signed(found.summary.mean, 4)


def _sure(model: ModelFindings) -> str:
    found = model.discoveries
    return f"{found.helps} / {found.harms} of {found.tested}" if found.tested else NONE


def _signs(model: ModelFindings) -> str:
    return f"{model.summary.positive_cells} / {model.summary.negative_cells} of {model.summary.cells}"


def _cliques(model: ModelFindings) -> str:
    both = (model.positive_cliques.largest["mean"], model.negative_cliques.largest["mean"])
    return " / ".join(f"{'≥ ' if largest.cut else ''}{largest.size}" for largest in both)


def _profile(name: str, side: str) -> Show:
    return lambda model: signed(getattr(getattr(model.summary, name), f"average_{side}"))


ROWS: tuple[tuple[str, Show], ...] = (
    ("mean PGF on other tasks", _mean),
    ("  its interval", _mean_interval),
    ("  answer prior taken out", _calibrated),
    ("transfers that stand a test: help / harm", _sure),
    ("  by sign alone", _signs),
    ("transferability +", _profile("transferability", "positive")),
    ("transferability −", _profile("transferability", "negative")),
    ("malleability +", _profile("malleability", "positive")),
    ("malleability −", _profile("malleability", "negative")),
    ("largest clique + / −", _cliques),
)
