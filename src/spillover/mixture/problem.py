"""What a mixture is chosen by: gains of every source, replicate by replicate, and what limits the choice.

Every strategy reads a `Problem` and returns shares; none knows where the figures come from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from spillover.core.errors import SpilloverError

PerSource = Float[np.ndarray, " source"]
Gains = Float[np.ndarray, "replicate source"]

TAIL = 0.2
"""Share of replicates that count as the worst: CVaR₂₀."""


class MixtureError(SpilloverError):
    """A mixture that cannot be made as it was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A choice of shares for candidate sources."""

    sources: tuple[str, ...]
    own: frozenset[str]
    """The candidates that are themselves targets: their own data."""
    mean: PerSource
    """PGF on the target, or its mean over several."""
    gains: Gains
    """The same, replicate by replicate."""
    protected: dict[str, Gains]
    """PGF on each protected task, replicate by replicate."""
    excluded: bool = False
    """Whether the targets' own data was left out, as was asked."""
    of_seeds: bool = False
    """Whether the gains' replicates differ by seed alone: right answers of a target cannot be counted."""
    budget: int
    """Training examples in all."""
    available: PerSource
    """Training examples that each source has; infinite where there are enough."""
    max_share: float = 1.0
    """Of one source."""
    tolerance: float = 0.0
    """Harm to a protected task that is still accepted, PGF, in the mean of the worst fifth of cases."""
    threshold: float = 0.0
    """Of the `threshold` strategy."""
    most_sources: int | None = None
    seed: int = 0
    search_s: float = 60.0
    """For the search over which sources, where their number is limited, seconds; 0 searches for none, and takes what
    remains when the least used sources are dropped."""

    @property
    def held(self) -> PerSource:
        """Share of the budget that the examples of each source fill, 0–1."""
        return np.minimum(self.available / self.budget, 1.0)

    @property
    def most(self) -> PerSource:
        """The largest share that each source may have, 0–1."""
        return np.minimum(self.held, self.max_share)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Shares, and whether they are the best."""

    shares: PerSource
    gap: float = 0.0
    """By how much a better mean of the worst fifth is not ruled out, PGF; 0 where nothing better is possible."""


def tail_mean(outcomes: np.ndarray, tail: float = TAIL) -> float:
    """Average the worst share of outcomes, the last of them in part.

    >>> tail_mean(np.array([4.0, 1.0, 2.0, 3.0]), 0.5)
    1.5
    """
    ordered = np.sort(outcomes)
    size = tail * len(ordered)
    whole = int(size)
    total = ordered[:whole].sum() + (size - whole) * (ordered[whole] if whole < len(ordered) else 0.0)
    return float(total / size)
