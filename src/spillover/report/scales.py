"""Axes on round numbers, and labels that do not overlap: shared by the page's charts of verified mixtures."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor

import numpy as np
from scipy.optimize import isotonic_regression

from spillover.analysis.paired import Estimate

FARTHEST = 1.0
"""Whiskers end so far beyond the farthest estimates, PGF: an interval may be endless."""


def find_range(estimates: Sequence[Estimate]) -> tuple[float, float]:
    """Go from the lowest end to the highest, 0 in between, on round numbers.

    >>> find_range([Estimate(pgf=0.1, low=-0.03, high=0.23)])
    (-0.05, 0.25)
    """
    heights = [0.0, *(estimate.pgf for estimate in estimates)]
    low = min([0.0, *(max(estimate.low, min(heights) - FARTHEST) for estimate in estimates)])
    high = max([0.0, *(min(estimate.high, max(heights) + FARTHEST) for estimate in estimates)])
    step = _step(max(high - low, 0.1))
    return floor(low / step) * step, max(ceil(high / step), 1) * step


def find_ticks(bottom: float, top: float) -> list[float]:
    """Place the lines across a range on round numbers: at most six or so.

    >>> find_ticks(0.0, 0.2)
    [0.0, 0.05, 0.1, 0.15000000000000002, 0.2]
    """
    step = _step(top - bottom)
    return [step * number for number in range(round(bottom / step), round(top / step) + 1)]


def _step(span: float) -> float:
    return next((step for step in (0.02, 0.05, 0.1, 0.2, 0.5) if span <= 6 * step), 1.0)


def spread_apart(places: Sequence[float], least: float) -> list[float]:
    """Move places as little as possible, in squares, so that no two are nearer than `least`; their order stays.

    >>> spread_apart([5.0, 0.0, 5.0], 2.0)
    [4.0, 0.0, 6.0]
    """
    order = np.argsort(places, kind="stable")
    steps = least * np.arange(len(order))
    moved = np.empty(len(order))
    moved[order] = isotonic_regression(np.asarray(places, dtype=float)[order] - steps).x + steps
    return moved.tolist()
