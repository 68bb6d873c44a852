"""Wilcoxon's signed-rank test with its choices made once, as the paper's figures need them.

Equal to `scipy.stats.wilcoxon(zero_method="wilcox", correction=False)` (a test holds it to that); written out because
`scipy.stats` takes longer to import than the whole analysis of a published table.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy import special

MOST_EXACT = 25
"""Up to so many non-zero values without ties, the exact distribution of the statistic is used."""


def signed_rank_p(values: np.ndarray, *, above: bool) -> float:
    """Compute the one-sided p of Wilcoxon's signed-rank test that values lie above (below) 0.

    Zeros and NaN are dropped, there is no continuity correction; exact up to `MOST_EXACT` non-zero values without ties,
    else asymptotic with the correction for ties (Wilcoxon, Biometrics Bulletin 1, 1945).

    Args:
        values: rounded to 12 decimals before ranking, so that noise of floats makes no ranks.
        above: the side.

    Returns:
        1 where no value differs from 0.

    Complexity: O(values · log values).

    >>> signed_rank_p(np.array([0.1, 0.2, 0.3, 0.0]), above=True)
    0.125
    """
    values = np.round(values[~np.isnan(values)], 12)
    values = values[values != 0]
    count = len(values)
    if not count:
        return 1.0
    _, place, times = np.unique(np.abs(values), return_inverse=True, return_counts=True)
    ranks = (np.cumsum(times) - (times - 1) / 2)[place]  # ties share their mean rank
    statistic = float(ranks[(values > 0) if above else (values < 0)].sum())
    if count <= MOST_EXACT and len(times) == count:
        return float(_distribution(count)[round(statistic) :].sum())
    variance = count * (count + 1) * (2 * count + 1) / 24 - float((times**3 - times).sum()) / 48
    return float(special.ndtr((count * (count + 1) / 4 - statistic) / np.sqrt(variance)))


@cache
def _distribution(count: int) -> np.ndarray:
    """Probability of every sum of positive ranks, 0 … count·(count+1)/2, when signs are a fair coin's."""
    probabilities = np.ones(1)
    for rank in range(1, count + 1):
        step = np.zeros(rank + 1)
        step[[0, rank]] = 0.5
        probabilities = np.convolve(probabilities, step)
    return probabilities
