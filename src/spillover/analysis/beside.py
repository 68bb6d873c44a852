"""What a study knows of a model beside its scores: similar updates, how training went, what to beware of."""

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
    """What to beware of in its study: sources that were trained unlike each other, images that are trained on and asked
    about, what is missing, cut or damaged."""
