"""Who gives most, and who is harmed most: named, and held against what noise alone makes of the most extreme task.

Somebody always leads. The leader of many tasks without any transfer lies further out than one task's noise floor, so it
is held against the leaders of noise; and another sample may have another leader, so its lead is counted in replicates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from spillover.analysis.frame import Derived
from spillover.analysis.spread import percentile
from spillover.analysis.summary import Summary

Lead = Literal["donor", "harmed"]
"""The largest positive transferability, or the most negative malleability."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leader:
    """The most extreme of many tasks."""

    task: str
    value: float
    """Δ⁺ of a donor, Θ⁻ of a harmed target."""
    of: int
    """How many tasks it leads."""
    noise_limit: float | None
    """What the leader stays within at the analysis' confidence, one-sided, where nothing transfers; None without
    replicates."""
    limit_is_whole: bool
    """Whether the limit holds the sampling of every target's examples; else the true one lies further out."""
    leads: float | None
    """Share of replicates in which the same task leads."""
    without_flagged: str | None
    """Who leads once flagged targets are left out; None where nobody does."""

    @property
    def beyond_noise(self) -> bool | None:
        """Whether noise alone would hardly give it; None where that cannot be told."""
        if self.noise_limit is None:
            return None
        if abs(self.value) <= abs(self.noise_limit):
            return False
        return True if self.limit_is_whole else None


def find_leader(summary: Summary, without_flagged: Summary, lead: Lead) -> Leader | None:
    """Find who leads.

    Args:
        summary: of all targets, with replicates where there are any.
        without_flagged: the same without flagged targets.
        lead: in what.

    Returns:
        None where no source gives (no target is harmed) at all, or there is only one.

    Complexity: O(replicates · tasks).

    >>> from spillover.analysis.frame import frame_transfers
    >>> from spillover.analysis.pgf import example_transfers
    >>> from spillover.analysis.summary import summarise
    >>> summary = summarise(example_transfers(), frame_transfers(example_transfers()))
    >>> find_leader(summary, summary, "harmed").task, find_leader(summary, summary, "donor")
    ('Jigsaw', None)
    """
    sizes = _sizes(summary.derived, lead)
    of = int((sizes >= 0).sum())
    if of < 2 or sizes.max() <= 0:
        return None
    place = int(sizes.argmax())
    limit, leads = None, None
    if summary.spread is not None:
        noise = _sizes(summary.spread.noise, lead).max(axis=-1)
        limit = float(percentile(noise, 100 - 2 * summary.spread.tail))
        leads = float((_sizes(summary.spread.replicates, lead).argmax(axis=-1) == place).mean())
    names, fewer = _names(summary, lead), _sizes(without_flagged.derived, lead)
    sign = 1 if lead == "donor" else -1
    return Leader(
        task=names[place],
        value=sign * float(sizes[place]),
        of=of,
        noise_limit=None if limit is None else sign * limit,
        limit_is_whole=summary.spread is not None and not summary.spread.unsampled,
        leads=leads,
        without_flagged=names[int(fewer.argmax())] if fewer.max() > 0 else None,
    )


def _sizes(derived: Derived, lead: Lead) -> np.ndarray:
    """How far out every task lies, −1 for a task without a defined cell."""
    values = derived.transferability.positive if lead == "donor" else -derived.malleability.negative
    return np.nan_to_num(values, nan=-1.0)


def _names(summary: Summary, lead: Lead) -> tuple[str, ...]:
    return summary.frame.sources if lead == "donor" else summary.frame.targets
