"""A mixture: how much of which source, what it should do, and why."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from spillover.mixture.settings import MixtureSettings
from spillover.tasks.recipes import MIXTURE_SCHEMA

Role = Literal["target", "protected", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MixedSource:
    """One candidate, taken or not."""

    source: str
    share: float
    """`examples` / budget, 0–1."""
    examples: int
    pgf: float
    """On the target, or its mean over several."""
    low: float
    high: float
    helps: float
    """Share of replicates in which it is above 0; NaN, like the interval, where nothing tells the noise."""
    reason: str
    """Why it is in or out, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictedEffect:
    """What the mixture should do to one task, if effects add up."""

    task: str
    role: Role
    predicted: float
    """`Σ_s share_s · PGF(s, task)`: the effects of its sources added up."""
    low: float
    high: float
    """Percentiles of the same sum over replicates. These and what else is of replicates is NaN where nothing tells the
    noise: one seed, and right answers that cannot be counted."""
    worst: float
    """Mean of the worst fifth of those replicates."""
    promised: float | None
    """Of a target: `predicted` less the optimism of having chosen by it (the winner's curse), by cross-fitting. None of
    other tasks, by which nothing was chosen, and where nothing tells the optimism."""
    random: float
    """What a random mixture is predicted to do: the mean over those that `--strategy random` may draw within the same
    limits."""
    random_low: float
    random_high: float
    """Percentiles of the same mean over replicates."""
    random_worst: float
    """Mean of the worst fifth of the same."""

    @property
    def expected(self) -> float:
        """What is promised, and what is predicted where nothing is."""
        return self.predicted if self.promised is None else self.promised


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixture:
    """A recommendation."""

    model: str
    protocol: str
    settings: MixtureSettings
    sources: tuple[MixedSource, ...]
    """The largest share first; then those left out, the most useful first."""
    effects: tuple[PredictedEffect, ...]
    """Targets, then protected tasks, then all others."""
    notes: tuple[str, ...]
    """What to know before it is followed, then what the figures rest on."""
    caveats: int
    """How many of the notes are to be known before it is followed."""

    @property
    def taken(self) -> tuple[MixedSource, ...]:
        """The sources with a share."""
        return tuple(each for each in self.sources if each.share > 0)

    @property
    def targets(self) -> tuple[PredictedEffect, ...]:
        """What it should do to the tasks that it is for."""
        return tuple(effect for effect in self.effects if effect.role == "target")

    @property
    def helps(self) -> bool:
        """Whether it is expected to help at least one target; where not, the first caveat says what to do."""
        return max(effect.expected for effect in self.targets) > 0

    def to_json(self) -> dict[str, Any]:
        """Convert to plain values, a schema version first; numbers that are undefined are None."""
        settings = self.settings.model_dump(mode="json")
        return {"schema": MIXTURE_SCHEMA, **_without_nan(asdict(self)), "settings": settings}

    def dump(self) -> str:
        """Write the JSON form as text."""
        return json.dumps(self.to_json(), indent=1, allow_nan=False, ensure_ascii=False)


def _without_nan(value: Any) -> Any:
    match value:
        case float():
            return value if np.isfinite(value) else None
        case dict():
            return {key: _without_nan(each) for key, each in value.items()}
        case list() | tuple():
            return [_without_nan(each) for each in value]
        case _:
            return value
