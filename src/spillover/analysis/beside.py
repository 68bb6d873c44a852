"""What a study knows of a model beside its scores: similar updates, its mixtures, its own warnings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from spillover.analysis.settings import VerificationSettings
from spillover.analysis.warned import Warned
from spillover.analysis.weights import WeightSimilarity
from spillover.tasks.settings import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """Of one model."""

    similarity: WeightSimilarity | None = None
    """Of its sources' updates at the end of training; None where the adapters are not at hand."""
    warnings: tuple[Warned, ...] = ()
    """Unequal training of the sources, near-duplicate images."""
    mixtures: Mapping[str, Recipe] = field(default_factory=dict[str, Recipe])
    """By source: what is in it."""
    verifications: tuple[VerificationSettings, ...] = ()
    """Which sources are a chosen mixture and its rivals."""
