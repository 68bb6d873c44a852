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
    most: PerSource
    """The largest share that each source may have, 0–1."""
    tolerance: float = 0.0
    """Harm to a protected task that is still accepted, PGF."""
    threshold: float = 0.0
    """Of the `threshold` strategy."""
    most_sources: int | None = None
    seed: int = 0


def fill(wanted: PerSource, most: PerSource) -> PerSource:
    """Give shares in proportion to what is wanted, no source more than it may have, 1 in all.

    What a full source cannot take goes to the others in proportion.

    Args:
        wanted: at least 0; sources at 0 get nothing.
        most: the largest share of each.

    Raises:
        MixtureError: the wanted sources together cannot hold the budget.

    Complexity: O(sources²).

    >>> fill(np.array([3.0, 1.0, 0.0]), np.array([0.5, 1.0, 1.0])).tolist()
    [0.5, 0.5, 0.0]
    """
    shares = np.zeros(len(wanted))
    open_sources = wanted > 0
    room = float(most[open_sources].sum())
    if room < 1 - 1e-9:
        raise MixtureError(
            f"the chosen sources hold only {room:.0%} of the budget",
            hint="lower --budget, raise --max-share, or allow more sources",
        )
    while open_sources.any() and shares.sum() < 1 - 1e-12:
        left = 1 - shares.sum()
        part = np.where(open_sources, wanted, 0.0)
        shares = np.minimum(shares + left * part / part.sum(), most)
        open_sources &= shares < most - 1e-12
    return shares
