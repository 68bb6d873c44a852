"""What the findings mean, in plain words, each backed by a figure in them and hedged where its interval says so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from spillover.analysis.additivity import pool_additivity
from spillover.analysis.comparison import say_consistent
from spillover.analysis.findings import Comparison, ModelFindings
from spillover.analysis.sentences_of_contrasts import say_contrasts
from spillover.analysis.sentences_of_structure import say_structure
from spillover.analysis.sentences_of_transfers import say_transfers
from spillover.analysis.settings import AnalysisSettings
from spillover.analysis.verdict_words import say_additivity, say_pooled, say_verdict
from spillover.core.numbers import number

FEWEST_FOR_TREND = 3
"""Two models always rise or fall."""


def say_findings(
    models: Sequence[ModelFindings], comparisons: Sequence[Comparison], settings: AnalysisSettings
) -> tuple[str, ...]:
    """Say what was found, model by model, then across models.

    Complexity: O(models · tasks).

    >>> say_findings([], [], AnalysisSettings())
    ()
    """
    sentences = [f"{model.title}: {sentence}" for model in models for sentence in _say_model(model, settings)]
    for comparison in comparisons:
        sentences.extend(_say_scale(comparison, comparison.pick(models), settings))
    return (*sentences, *_say_mixtures(models))


def _say_model(model: ModelFindings, settings: AnalysisSettings) -> Iterator[str]:
    """Say the verdicts first: they are what a study that has any was run for."""
    for verdict in model.verdicts:
        yield from say_verdict(verdict)
    if not model.is_about_mixtures:
        for say in (say_transfers, say_contrasts, say_structure):
            yield from say(model, settings)
    if model.additivity is not None:
        yield from say_additivity(model.additivity)


def _say_mixtures(models: Sequence[ModelFindings]) -> Iterator[str]:
    """Pool what several studies, or models, say of whether effects add up; protocols ask the same models twice."""
    for protocol in dict.fromkeys(model.protocol for model in models):
        ran = [
            (model.title, model.additivity, model.mixtures.recipes)
            for model in models
            if model.protocol == protocol and model.mixtures and model.additivity
        ]
        if len(ran) > 1:
            overall, without = pool_additivity([(found, recipes) for _, found, recipes in ran])
            yield say_pooled(overall, without, [title for title, _, _ in ran])


def _say_scale(comparison: Comparison, models: list[ModelFindings], settings: AnalysisSettings) -> Iterator[str]:
    values = [model.summary.transferability.average_positive for model in models]
    listing = ", ".join(f"{model.model} {number(value)}" for model, value in zip(models, values, strict=True))
    if not comparison.same_tasks:
        yield f"average positive transferability (over different tasks, so not comparable): {listing}."
        return
    sized = all(size is not None for size in comparison.billions)
    trend = _name_trend(values) if sized and len(models) >= FEWEST_FOR_TREND else "by model"
    yield f"average positive transferability {trend}: {listing}{_overlap(models)}."
    held = say_consistent(comparison, "calibrated", models, settings.false_discovery_rate)
    yield f"tested personas that hold for all {len(models)} models: {held}."


def _name_trend(values: list[float]) -> str:
    steps = np.diff(values)
    return "rises with size" if (steps > 0).all() else "falls with size" if (steps < 0).all() else "has no one trend"


def _overlap(models: list[ModelFindings]) -> str:
    """Hedge a trend that the intervals of the first and the last do not bear out."""
    ends: list[list[float]] = []
    for model in (models[0], models[-1]):
        spread = model.summary.spread
        if spread is None:
            return ", without intervals to tell them apart"
        if spread.unsampled:
            return ", with intervals too narrow to tell them apart: not all right answers can be counted"
        ends.append(spread.average_intervals(model.summary.frame)["transferability"]["positive"])
    apart = ends[0][1] < ends[1][0] or ends[1][1] < ends[0][0]
    return "" if apart else ", but the intervals of the first and the last overlap"
