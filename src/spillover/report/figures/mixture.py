"""What a reader needs to try mixtures by hand: what `spillover mix` recommends, and replicates to add effects up from.

The page shows recommendations as they are. For shares that a reader sets it adds up, as `spillover.mixture` does:
`PGF(mixture, t) = Σ_s share_s · PGF(s, t)`, its interval by the percentiles of the same sum over the joint bootstrap
replicates, so that shares which are recommended have one interval, whoever sets them. It chooses nothing itself.
"""

from __future__ import annotations

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
MOST_NUMBERS = 250_000
"""Replicated PGFs that a page without recommendations holds of one measure; with more cells there are fewer
replicates. Beside recommendations it holds all that those are made by."""
STEPS = 4094
"""That the range of a cell's replicates is divided into: two letters a number, and finer than what is shown."""
UNKNOWN = STEPS + 1
"""How a replicate that is not defined is kept."""
LETTERS = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", dtype="u1")
"""Digits of base 64."""
DEFAULTS = MixtureSettings(targets=("any",))
"""What `spillover mix` takes where it is not told otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MixtureEvidence:
    """One measure of one model's transfers with joint replicates: each is `least + step · replicates`, so small."""

    measure: Measure
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    mean: np.ndarray
    """Shape source × target, NaN where it is not defined; so the next two."""
    least: np.ndarray
    """Shape source × target: the least replicate of each."""
    step: np.ndarray
    """Shape source × target: PGF of one step."""
    replicates: np.ndarray
    """Shape replicate × source × target: whole steps above the least, 0–4094, or `UNKNOWN`."""
    recommended: dict[str, Mixture | str]
    """By target: the mixture without the target's own data, or why there is none."""

    def to_json(self) -> dict[str, Any]:
        """Describe the evidence for the page; every replicate as two digits of base 64."""
        return {
            "measure": self.measure,
            "sources": list(self.sources),
            "targets": list(self.targets),
            "confidence": DEFAULTS.confidence,
            **{name: _list(getattr(self, name)) for name in ("mean", "least", "step")},
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
    recommends = len(sample.targets) <= MOST_RECOMMENDED
    most = len(sample.replicates) if recommends else max(MOST_NUMBERS // sample.mean.size, 1)
    kept = sample.replicates[:most]
    defined = ~np.isnan(kept)
    least = np.where(defined, kept, np.inf).min(axis=0)
    step = np.maximum(np.where(defined, kept, -np.inf).max(axis=0) - least, 1e-9) / STEPS
    steps = np.divide(kept - least, step, out=np.full(kept.shape, float(UNKNOWN)), where=defined)
    return MixtureEvidence(
        measure=measure,
        sources=sample.sources,
        targets=sample.targets,
        mean=sample.mean,
        least=least,
        step=step,
        replicates=np.rint(steps).astype("u2"),
        recommended=_recommend(sample, measure, splits) if recommends else {},
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


def _list(values: np.ndarray) -> list[float | None]:
    """Round to six digits, twice what is shown."""
    return [float(f"{value:.6g}") if np.isfinite(value) else None for value in values.ravel().tolist()]


def _encode(steps: np.ndarray) -> str:
    return np.stack([LETTERS[steps >> 6], LETTERS[steps & 63]], axis=-1).tobytes().decode("ascii")


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
