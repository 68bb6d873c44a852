"""Intervals and tests of one cell: Fieller's theorem with crossed examples × seeds.

PGF is a ratio of means, mean(d) / mean(g), with `d = finetuned − base` and `g = ceiling − base` of every example. For a
candidate θ the ratio becomes a mean again: `e(θ) = d − θ·g` must have mean 0 (Fieller, J. R. Stat. Soc. B 16, 1954).
Which θ a t test accepts is the interval (see `accepted`); no denominator is ever divided by.

Two things are not in the test. Where no answer differs there is no variance, so the interval around a change that it
does not tell from none reaches at least as far as the rule of three (`reach_unseen`). And no model is better than
perfect: with a ceiling of 1 a PGF is at most 1, and intervals end there, which takes nothing from their coverage. The
least possible PGF, −b / (U − b), is no such end: the base's own accuracy b is but estimated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from spillover.analysis.accepted import find_accepted
from spillover.analysis.crossed_layout import CrossedLayout
from spillover.analysis.unseen import limit_unseen, reach_at_least

NO_ERROR = 1e-6
"""A smaller standard error is the rounding noise of a variance of 0, under a root."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellInference:
    """Estimate, interval and test of cells."""

    estimate: np.ndarray
    low: np.ndarray
    """−∞ where the interval is unbounded; NaN where there is none."""
    high: np.ndarray
    pieces: np.ndarray
    """Objects: all that is accepted, as intervals in order, where that is more than one; else ()."""
    unseen: np.ndarray
    """Whether an end is the rule of three's: so few answers differ that their spread alone says less than that."""
    p: np.ndarray
    """Two-sided, of no change; NaN where it cannot be tested."""
    standard_error: np.ndarray
    """Of the estimate, from the variance at the estimate."""
    change_low: np.ndarray
    """Of the mean change of scores itself, which p tests; NaN where it cannot be tested."""
    change_high: np.ndarray


def infer_cells(layout: CrossedLayout, confidence: float, most: float = np.inf) -> CellInference:
    """Compute Fieller's interval {θ : ē(θ)² ≤ t²·V(θ)} and the dual t test of no change, for many cells at once.

    Args:
        layout: means and mean squares by cell.
        confidence: coverage, for example 0.95.
        most: the largest ratio that is possible; the interval ends there.

    Returns:
        An interval that excludes 0 exactly where p is below 1 − confidence: the hull of the set, or of its part on the
        estimate's side of 0 where 0 is not in it. A set in several pieces is listed beside it.

    Complexity: O(cells), about 200 evaluations of the test each.

    >>> from spillover.analysis.crossed_layout import Quadratic
    >>> zero = Quadratic(np.zeros(1), np.zeros(1), np.zeros(1))
    >>> items = Quadratic(np.array([0.25]), np.zeros(1), np.zeros(1))
    >>> layout = CrossedLayout(change=np.array([0.1]), gap=np.array([0.5]), items=items, seeds=zero, residual=zero,
    ...                        examples=100, seed_count=1)
    >>> result = infer_cells(layout, 0.95)
    >>> result.low.round(4).tolist(), result.high.round(4).tolist(), result.p.round(4).tolist()
    ([0.0016], [0.3984], [0.0482])
    """
    testable = (layout.gap > 0) & (layout.examples > 1 or layout.seed_count > 1)
    estimate = np.divide(layout.change, layout.gap, out=np.full(layout.change.shape, np.nan), where=testable)
    centre = np.where(testable, estimate, 0.0)
    variance, _ = layout.variance(centre)
    error = np.sqrt(variance) / np.where(testable, layout.gap, np.nan)
    p = compute_change_p(layout)
    unchanged, freedom = layout.variance(np.zeros_like(layout.change))
    half = special.stdtrit(freedom, 0.5 + confidence / 2) * np.sqrt(unchanged)
    found = find_accepted(layout, centre, np.nan_to_num(error), p >= 1 - confidence, confidence, most)
    pieces = np.empty(testable.shape, dtype=object)
    pieces[:] = [kept if ours else () for kept, ours in zip(found.pieces, testable, strict=True)]
    return CellInference(
        estimate=estimate,
        low=np.where(testable, found.low, np.nan),
        high=np.where(testable, found.high, np.nan),
        pieces=pieces,
        unseen=np.zeros(testable.shape, dtype=bool),
        p=np.where(testable, p, np.nan),
        standard_error=error,
        change_low=np.where(testable, layout.change - half, np.nan),
        change_high=np.where(testable, layout.change + half, np.nan),
    )


def reach_unseen(found: CellInference, layout: CrossedLayout, confidence: float, most: float = np.inf) -> CellInference:
    """Widen intervals to what may hide behind answers that do not differ, the rule of three (see `unseen`).

    An interval that holds 0 reaches at least `limit_unseen(m) / gap` to both sides of its estimate, about
    3 / (m · gap) for m examples. So does one without any variance, as where every answer is right after finetuning: it
    then excludes 0 still. Others that exclude 0 are left as they are, so intervals stay dual to the test.

    Args:
        found: of the layout, by Fieller's theorem.
        layout: means and mean squares by cell.
        confidence: for example 0.95.
        most: the largest ratio that is possible; the interval ends there.

    Complexity: O(cells).

    >>> from spillover.analysis.crossed_layout import Quadratic
    >>> zero = Quadratic(np.zeros(1), np.zeros(1), np.zeros(1))
    >>> layout = CrossedLayout(change=np.zeros(1), gap=np.array([0.5]), items=zero, seeds=zero, residual=zero,
    ...                        examples=100, seed_count=1)
    >>> result = reach_unseen(infer_cells(layout, 0.95), layout, 0.95)
    >>> result.low.round(4).tolist(), result.high.round(4).tolist(), result.unseen.tolist()
    ([-0.059], [0.059], [True])
    """
    share = limit_unseen(layout.examples, confidence)
    reach = share / np.where(layout.gap > 0, layout.gap, np.nan)
    low, high = reach_at_least((found.low, found.high), found.estimate, reach, found.standard_error < NO_ERROR)
    high = np.minimum(high, most)
    change_low, change_high = reach_at_least((found.change_low, found.change_high), layout.change, share)
    unseen = (low < found.low) | (high > found.high)
    return replace(found, low=low, high=high, unseen=unseen, change_low=change_low, change_high=change_high)


def compute_change_p(layout: CrossedLayout) -> np.ndarray:
    """Compute the two-sided p of the crossed t test at θ = 0: no denominator is involved.

    Complexity: O(cells).

    >>> from spillover.analysis.crossed_layout import Quadratic
    >>> zero = Quadratic(np.zeros(1), np.zeros(1), np.zeros(1))
    >>> compute_change_p(CrossedLayout(change=np.zeros(1), gap=np.ones(1), items=zero, seeds=zero, residual=zero,
    ...                               examples=9, seed_count=1)).tolist()
    [1.0]
    """
    variance, freedom = layout.variance(np.zeros_like(layout.change))
    some = variance > 0
    t = np.divide(layout.change, np.sqrt(variance), out=np.zeros_like(layout.change), where=some)
    p = 2 * special.stdtr(freedom, -np.abs(t))
    return np.where(some, p, np.where(layout.change == 0, 1.0, 0.0))
