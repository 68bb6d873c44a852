"""Wilcoxon's signed-rank test with its choices made once, as the paper's figures need them."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

MOST_EXACT = 25
"""Up to so many non-zero values without ties, the exact distribution of the signed-rank statistic is used."""


def signed_rank_p(values: np.ndarray, *, above: bool) -> float:
    """Compute the one-sided p of Wilcoxon's signed-rank test that values lie above (below) 0.

    Zeros are dropped, there is no continuity correction; exact up to `MOST_EXACT` non-zero values without ties, else
    asymptotic (Wilcoxon, Biometrics Bulletin 1, 1945).

    Returns:
        1 where no value differs from 0.

    Complexity: O(values · log values).

    >>> signed_rank_p(np.array([0.1, 0.2, 0.3, 0.0]), above=True)
    0.125
    """
    values = np.round(values[~np.isnan(values)], 12)
    values = values[values != 0]
    if not values.size:
        return 1.0
    tied = len(np.unique(np.abs(values))) < len(values)
    method = "exact" if len(values) <= MOST_EXACT and not tied else "asymptotic"
    side = "greater" if above else "less"
    result: Any = stats.wilcoxon(values, zero_method="wilcox", correction=False, alternative=side, method=method)
    return float(result.pvalue)
