"""What a study knows of a model beside its scores: similar updates, how training went, and warnings."""

from __future__ import annotations

from dataclasses import dataclass

from spillover.analysis.training import TrainingCurve
from spillover.analysis.warned import Warned
from spillover.analysis.weights import WeightSimilarity


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """Of one model."""

    similarity: WeightSimilarity | None = None
    """Of its sources' updates at the end of training; None where the adapters are not at hand."""
    training: tuple[TrainingCurve, ...] = ()
    """One a finetune whose log is at hand."""
    warnings: tuple[Warned, ...] = ()
    """Unequal training of the sources, near-duplicate images."""
