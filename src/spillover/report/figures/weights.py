"""Similar weight updates against transfer: a point for each ordered pair of tasks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spillover.analysis import ModelFindings
from spillover.analysis.shapes import Similarities
from spillover.analysis.weights import WeightCorrelation


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightPair:
    """Two tasks: how alike their updates are, and what the first does to the second."""

    source: str
    target: str
    cosine: float
    pgf: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightPairs:
    """All ordered pairs of different tasks."""

    sources: tuple[str, ...]
    cosine: Similarities
    pairs: tuple[WeightPair, ...]
    correlation: WeightCorrelation


def weights_of(model: ModelFindings) -> WeightPairs | None:
    """Pair the cosine between two tasks' weight updates with their PGF; None where the adapters are not at hand.

    Complexity: O(tasks²).
    """
    if model.weights is None:
        return None
    similarity, matrix = model.weights.similarity, model.matrix
    pairs: list[WeightPair] = []
    for row, source in enumerate(similarity.sources):
        for column, target in enumerate(similarity.sources):
            if row == column or source not in matrix.sources or target not in matrix.targets:
                continue
            pgf, cosine = matrix.value(source, target), float(similarity.cosine[row, column])
            if np.isfinite(pgf) and np.isfinite(cosine):
                pairs.append(WeightPair(source=source, target=target, cosine=cosine, pgf=pgf))
    return WeightPairs(
        sources=similarity.sources,
        cosine=similarity.cosine,
        pairs=tuple(pairs),
        correlation=model.weights.correlation,
    )
