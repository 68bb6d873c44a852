"""What a reader needs to try mixtures by hand: what `spillover mix` recommends, and replicates to add effects up from.

The page shows recommendations as they are. For shares that a reader sets it adds up, as `spillover.mixture` does:
`PGF(mixture, t) = Σ_s share_s · PGF(s, t)`, its interval by the percentiles of the same sum over the joint bootstrap
replicates that it holds, which are fewer. It chooses nothing itself.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from spillover.analysis import AnalysisSettings
from spillover.analysis.cube import ScoreCube
from spillover.analysis.sampling import Evidence, TransferSample, sample_transfers
from spillover.analysis.settings import Measure
from spillover.core.errors import AnalysisError
from spillover.core.scores import BASE_SOURCE
from spillover.mixture.mixture import Mixture
from spillover.mixture.predict import split_evidence
from spillover.mixture.problem import MixtureError
from spillover.mixture.recommend import recommend_from
from spillover.mixture.settings import MixtureSettings
from spillover.study.together import StudyResults
from spillover.tasks.task import Task

MOST_TASKS = 50
"""Sources or targets beyond which a page has no panel."""
MOST_RECOMMENDED = 20
"""Targets for which mixtures are computed beforehand; for more, `spillover mix` computes one."""
KEPT = 400
"""Replicates that a page holds, of those that a recommendation is made by."""
MOST_NUMBERS = 250_000
"""Replicated PGFs that a page holds of one measure; with more cells there are fewer replicates."""
UNKNOWN = -32_768
"""How a PGF that is not defined is kept."""
DEFAULTS = MixtureSettings(targets=("any",))
"""What `spillover mix` takes where it is not told otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MixtureEvidence:
    """One measure of one model's transfers with joint replicates, in whole steps so that they are small."""

    measure: Measure
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    step: float
    """PGF of one step."""
    mean: np.ndarray
    """Shape source × target, whole steps."""
    replicates: np.ndarray
    """Shape replicate × source × target, whole steps."""
    recommended: dict[str, Mixture | str]
    """By target: the mixture without the target's own data, or why there is none."""

    def to_json(self) -> dict[str, Any]:
        """Describe the evidence for the page; the steps as base64 of little-endian 16-bit integers."""
        return {
            "measure": self.measure,
            "sources": list(self.sources),
            "targets": list(self.targets),
            "step": self.step,
            "confidence": DEFAULTS.confidence,
            "mean": _encode(self.mean),
            "replicates": _encode(self.replicates),
            "recommended": {
                target: {"reason": found} if isinstance(found, str) else _describe(found)
                for target, found in self.recommended.items()
            },
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class MixturePanel:
    """One model, by raw PGF and, where it is known, with the answer prior taken out."""

    model: str
    protocol: str
    measures: tuple[MixtureEvidence, ...]

    def to_json(self) -> list[dict[str, Any]]:
        """Describe the panel for the page."""
        return [measure.to_json() for measure in self.measures]


def mixture_panels(parts: Sequence[StudyResults], settings: AnalysisSettings | None = None) -> list[MixturePanel]:
    """Prepare a panel for every model and protocol that is small enough for one.

    Args:
        parts: studies, or somebody's results.
        settings: of the analysis; None takes the studies' own.

    Complexity: a bootstrap a measure, and a recommendation a target: about a quarter of a second each.
    """
    panels: list[MixturePanel] = []
    for part in parts:
        chosen = settings or part.settings or AnalysisSettings()
        for data in filter(_fits, part.data):
            calibrated = {
                (sample.model, sample.protocol): sample for sample in _sample(data, chosen, part.tasks, "calibrated")
            }
            for sample in _sample(data, chosen, part.tasks, "raw"):
                other = calibrated.get((sample.model, sample.protocol))
                samples: dict[Measure, TransferSample] = {"raw": sample}
                if other is not None:
                    samples["calibrated"] = other
                panels.append(panel_of(samples))
    return panels


def _fits(data: Evidence) -> bool:
    match data:
        case pa.Table():
            names = [data["source"].unique().to_pylist(), data["target"].unique().to_pylist()]
        case ScoreCube():
            names = [data.sources, data.targets]
        case _:
            names = [{row.source for row in data.rows}, {row.target for row in data.rows}]
    return max(len({*each} - {BASE_SOURCE}) for each in names) <= MOST_TASKS


def _sample(
    data: Evidence, settings: AnalysisSettings, tasks: Sequence[Task], measure: Measure
) -> list[TransferSample]:
    """Draw as `spillover mix` does; nothing where the calibrated measure is not known."""
    try:
        return sample_transfers(data, settings, tasks, measure=measure, replicates=DEFAULTS.replicates)
    except AnalysisError:
        if measure == "raw":
            raise
        return []


def panel_of(samples: dict[Measure, TransferSample], splits: int = DEFAULTS.splits) -> MixturePanel:
    """Prepare the panel of one model.

    Args:
        samples: its transfers with their replicates, by measure.
        splits: halves that the optimism of a choice is estimated by.
    """
    first = next(iter(samples.values()))
    measures = tuple(_weigh(sample, measure, splits) for measure, sample in samples.items())
    return MixturePanel(model=first.model, protocol=first.protocol, measures=measures)


def _weigh(sample: TransferSample, measure: Measure, splits: int) -> MixtureEvidence:
    kept = sample.replicates[: min(max(MOST_NUMBERS // sample.mean.size, 1), KEPT)]
    largest = max(float(np.abs(np.nan_to_num(values)).max(initial=0.0)) for values in (kept, sample.mean))
    step = max(largest / 32_767, 1e-5)
    return MixtureEvidence(
        measure=measure,
        sources=sample.sources,
        targets=sample.targets,
        step=step,
        mean=_steps(sample.mean, step),
        replicates=_steps(kept, step),
        recommended=_recommend(sample, measure, splits) if len(sample.targets) <= MOST_RECOMMENDED else {},
    )


def _recommend(sample: TransferSample, measure: Measure, splits: int) -> dict[str, Mixture | str]:
    asked = DEFAULTS.model_copy(update={"exclude_target_data": True, "measure": measure, "splits": splits})
    halves = list(split_evidence(sample, asked))
    found: dict[str, Mixture | str] = {}
    for target in sample.targets:
        try:
            found[target] = recommend_from(sample, asked.model_copy(update={"targets": (target,)}), halves)
        except MixtureError as error:
            found[target] = str(error).splitlines()[0]
    return found


def _steps(values: np.ndarray, step: float) -> np.ndarray:
    return np.where(np.isnan(values), UNKNOWN, np.rint(np.nan_to_num(values) / step)).astype("<i2")


def _encode(steps: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(steps).tobytes()).decode()


def _describe(mixture: Mixture) -> dict[str, Any]:
    """Keep what the page shows of a mixture, as the JSON of `spillover mix` has it."""
    told = mixture.to_json()
    sources = ("share", "examples", "pgf", "low", "high", "reason")
    effects = ("predicted", "low", "high", "promised")
    return {
        "sources": {each["source"]: {name: each[name] for name in sources} for each in told["sources"]},
        "effects": {each["task"]: {name: each[name] for name in effects} for each in told["effects"]},
        "notes": told["notes"],
    }
