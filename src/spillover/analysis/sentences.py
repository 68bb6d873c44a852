"""What the findings mean, in plain words, each backed by a figure in them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spillover.analysis.findings import ModelFindings


def say_findings(models: Sequence[ModelFindings]) -> tuple[str, ...]:
    """Say what was found, model by model."""
    return tuple(sentence for model in models for sentence in _say_model(model))


def _say_model(model: ModelFindings) -> list[str]:
    summary = model.summary
    name = model.model if model.protocol in ("letters", "published") else f"{model.model} ({model.protocol})"
    if summary.mean is None:
        return [f"{name}: no cell has a PGF, because the base leaves no gap to close."]
    direction = "gains" if summary.mean > 0 else "loses" if summary.mean < 0 else "neither gains nor loses"
    sentences = [
        f"{name}: finetuning on one task {direction} {abs(summary.mean):.3f} PGF on another on average; "
        f"{summary.positive_cells} of {summary.cells} transfers are positive, {summary.negative_cells} negative."
    ]
    donors = summary.transferability.positive
    best = max(donors, key=lambda task: donors[task])
    if donors[best] > 0:
        sentences.append(f"{name}: the strongest donor is {best} (positive transferability {donors[best]:.3f}).")
    harmed = summary.malleability.negative
    worst = min(harmed, key=lambda task: harmed[task])
    if harmed[worst] < 0:
        sentences.append(f"{name}: the most harmed target is {worst} (negative malleability {harmed[worst]:.3f}).")
    if summary.variance is not None and not np.isnan(summary.variance.target):
        share = float(summary.variance.target)
        sentences.append(f"{name}: {share:.0%} of the spread belongs to the target alone, whatever the source.")
    return sentences
