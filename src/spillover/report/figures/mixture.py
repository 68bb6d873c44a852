"""What a reader needs to try mixtures by hand: Python's recommendations, and the replicates that effects follow from.

The page adds up, as `spillover.mixture` does: `PGF(mixture, t) = Σ_s share_s · PGF(s, t)`, its interval by the
percentiles of the same sum over joint bootstrap replicates. It chooses nothing itself.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from spillover.analysis import AnalysisSettings
from spillover.analysis.sampling import TransferSample, sample_transfers
from spillover.core.published import AccuracyTable, PGFTable
from spillover.mixture.mixture import Mixture
from spillover.mixture.problem import MixtureError
from spillover.mixture.recommend import recommend_from
from spillover.mixture.settings import MixtureSettings
from spillover.study.together import StudyResults

MOST_TASKS = 50
"""Sources or targets beyond which a page has no panel."""
MOST_RECOMMENDED = 20
"""Targets for which mixtures are computed beforehand; for more, `spillover mix` computes one."""
REPLICATES = 1000
MOST_NUMBERS = 500_000
"""Replicated PGFs that a page holds of one model; with more cells there are fewer replicates."""
SPLITS = 3
"""Halves that a recommendation's prediction is averaged over; fewer than `spillover mix` takes, for the page's sake."""
UNKNOWN = -32_768
"""How a PGF that is not defined is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """The mixture that Python recommends for one target, its own data left out."""

    shares: dict[str, float]
    """By source; those with none are not in it."""
    reasons: dict[str, str]
    predicted: dict[str, float]
    """PGF by task, cross-fitted."""
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a mixture does to one task; NaN where it is not defined."""

    task: str
    pgf: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MixturePanel:
    """One model's transfers with their joint replicates, in whole steps so that they are small."""

    model: str
    protocol: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    step: float
    """PGF of one step."""
    mean: np.ndarray
    """Shape source × target, whole steps."""
    replicates: np.ndarray
    """Shape replicate × source × target, whole steps."""
    confidence: float
    recommended: dict[str, Recommendation | str]
    """By target: the mixture, or why there is none."""

    def predict(self, shares: Mapping[str, float]) -> list[Effect]:
        """Add up what a mixture does to every target; the page's script does the same.

        Args:
            shares: by source, summing to 1; sources that are not named have none.
        """
        weights = np.array([shares.get(source, 0.0) for source in self.sources])
        tail = 50 * (1 - self.confidence)
        effects: list[Effect] = []
        for place, task in enumerate(self.targets):
            pgf = float(self._add(self.mean[:, place], weights))
            outcomes = self._add(self.replicates[:, :, place], weights)
            finite = outcomes[np.isfinite(outcomes)]
            low, high = np.percentile(finite, [tail, 100 - tail]) if finite.size else (np.nan, np.nan)
            effects.append(Effect(task=task, pgf=pgf, low=float(low), high=float(high)))
        return effects

    def _add(self, steps: np.ndarray, weights: np.ndarray) -> np.ndarray:
        taken = weights > 0
        values = np.where(steps == UNKNOWN, np.nan, steps * self.step)[..., taken]
        return values @ weights[taken]

    def to_json(self) -> dict[str, Any]:
        """Describe the panel for the page; the steps as base64 of little-endian 16-bit integers."""
        return {
            "sources": list(self.sources),
            "targets": list(self.targets),
            "step": self.step,
            "confidence": self.confidence,
            "mean": _encode(self.mean),
            "replicates": _encode(self.replicates),
            "recommended": {
                target: {"reason": found} if isinstance(found, str) else _describe(found)
                for target, found in self.recommended.items()
            },
        }


def mixture_panels(parts: Sequence[StudyResults], settings: AnalysisSettings | None = None) -> list[MixturePanel]:
    """Prepare a panel for every model and protocol that is small enough for one.

    Args:
        parts: studies, or somebody's results.
        settings: of the analysis; None takes the studies' own.

    Complexity: a bootstrap, and a recommendation a target: about half a second each.
    """
    panels: list[MixturePanel] = []
    for part in parts:
        chosen = settings or part.settings or AnalysisSettings()
        for data in (data for data in part.data if _may_fit(data)):
            samples = sample_transfers(data, chosen, part.tasks, replicates=REPLICATES)
            panels += [panel_of(sample) for sample in samples if _fits(sample)]
    return panels


def _may_fit(data: pa.Table | PGFTable | AccuracyTable) -> bool:
    """Whether there are few enough targets, as far as is told before anything is aligned or drawn."""
    if isinstance(data, PGFTable | AccuracyTable):
        return len({row.target for row in data.rows}) <= MOST_TASKS
    targets = data["target"].unique()
    return len(targets) <= MOST_TASKS


def _fits(sample: TransferSample) -> bool:
    return max(len(sample.sources), len(sample.targets)) <= MOST_TASKS


def panel_of(sample: TransferSample, splits: int = SPLITS) -> MixturePanel:
    """Prepare the panel of one model.

    Args:
        sample: its transfers with their replicates.
        splits: halves that predictions are averaged over.
    """
    kept = sample.replicates[: max(MOST_NUMBERS // sample.mean.size, 1)]
    largest = max(float(np.abs(np.nan_to_num(values)).max(initial=0.0)) for values in (kept, sample.mean))
    step = max(largest / 32_767, 1e-5)
    targets = sample.targets if len(sample.targets) <= MOST_RECOMMENDED else ()
    return MixturePanel(
        model=sample.model,
        protocol=sample.protocol,
        sources=sample.sources,
        targets=sample.targets,
        step=step,
        mean=_steps(sample.mean, step),
        replicates=_steps(kept, step),
        confidence=MixtureSettings(targets=("any",)).confidence,
        recommended={target: _recommend(sample, target, splits) for target in targets},
    )


def _recommend(sample: TransferSample, target: str, splits: int) -> Recommendation | str:
    settings = MixtureSettings(targets=(target,), exclude_target_data=True, splits=splits)
    try:
        mixture: Mixture = recommend_from(sample, settings)
    except MixtureError as error:
        return str(error).splitlines()[0]
    return Recommendation(
        shares={each.source: each.share for each in mixture.taken},
        reasons={each.source: each.reason for each in mixture.taken},
        predicted={effect.task: effect.predicted for effect in mixture.effects},
        notes=mixture.notes,
    )


def _steps(values: np.ndarray, step: float) -> np.ndarray:
    return np.where(np.isnan(values), UNKNOWN, np.rint(np.nan_to_num(values) / step)).astype("<i2")


def _encode(steps: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(steps).tobytes()).decode()


def _describe(found: Recommendation) -> dict[str, Any]:
    return {
        "shares": found.shares,
        "reasons": found.reasons,
        "predicted": {task: None if np.isnan(pgf) else round(pgf, 4) for task, pgf in found.predicted.items()},
        "notes": list(found.notes),
    }
