"""Many cells, few false discoveries."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


def adjust_p(p: np.ndarray, cells: np.ndarray, *, dependent: bool = False) -> np.ndarray:
    """Adjust p values for the number of cells that were tested.

    Benjamini and Hochberg (J. R. Stat. Soc. B 57, 1995), or Benjamini and Yekutieli (Ann. Stat. 29, 2001), which holds
    under any dependence. Cells of one target share its base, so false discoveries cluster by target. Equal to
    `scipy.stats.false_discovery_control` (a test holds it to that), without the import of `scipy.stats`.

    Args:
        p: of any shape, NaN where untested.
        cells: which of them form the family.
        dependent: use Benjamini-Yekutieli.

    Returns:
        Adjusted p in the shape of `p`; NaN outside the family.

    Complexity: O(cells · log cells).

    >>> adjust_p(np.array([0.01, 0.04, 0.9]), np.array([True, True, False])).tolist()
    [0.02, 0.04, nan]
    """
    adjusted = np.full(p.shape, np.nan)
    family = cells & ~np.isnan(p)
    tested = p[family]
    order = np.argsort(tested, kind="stable")
    ranks = np.arange(1, len(tested) + 1)
    harmonic = float((1 / ranks).sum()) if dependent else 1.0
    scaled = tested[order] * harmonic * len(tested) / ranks
    from_the_largest = np.minimum.accumulate(scaled[::-1])[::-1]
    result = np.empty_like(tested)
    result[order] = np.minimum(from_the_largest, 1.0)
    adjusted[family] = result
    return adjusted


@dataclass(frozen=True, slots=True)
class Discoveries:
    """How many transfers stand a test after adjustment, by what they do, and how many were tested."""

    tested: int
    helps: int
    harms: int

    @property
    def undecided(self) -> int:
        """Tested, and not told from no transfer: neither help nor harm is shown, nor that there is none."""
        return self.tested - self.helps - self.harms


def count_discoveries(q: np.ndarray, values: np.ndarray, cells: np.ndarray, rate: float) -> Discoveries:
    """Count the transfers that a test tells from none.

    Args:
        q: adjusted p; NaN where untested.
        values: the transfers, in the shape of `q`.
        cells: which of them to count.
        rate: the false discovery rate.

    Complexity: O(cells).

    >>> count_discoveries(np.array([0.01, 0.4, np.nan]), np.array([-0.2, 0.1, 0.3]), np.array([True, True, True]), 0.05)
    Discoveries(tested=2, helps=0, harms=1)
    """
    with np.errstate(invalid="ignore"):
        found = cells & (q <= rate)
        return Discoveries(
            tested=int((cells & ~np.isnan(q)).sum()),
            helps=int((found & (values > 0)).sum()),
            harms=int((found & (values <= 0)).sum()),
        )
