"""What a published PGF still says about the counts it was made of.

With a ceiling of 1, PGF = (base errors − finetuned errors) / base errors: a whole number over the base's error count.
The smallest number that makes a column whole *divides* that count. Which multiple of it the count is, is known only
where one is left: a finetuned model cannot be wrong more often than there are examples, and the counts of many
different models do not all share a factor by chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb, lcm

import numpy as np

from spillover.analysis.shapes import SeedTransfers

CHANCE_OF_FACTOR = 0.001
"""A larger multiple is ruled out where so many different counts would all be multiples by chance less often than this.
Of 15,000 pieces cut from the published tables at random (1 to 6 sources, 1 or 4 seeds) none is then recovered wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Error counts behind the PGFs of every target; where scores lie between 0 and 1, their sums, no whole numbers.

    A mean `p` of scores in 0–1 has a variance of at most `p (1 − p) / examples`, which it has where all are 0 or 1. So
    what takes such sums for counts never takes too little noise for them.
    """

    base_errors: np.ndarray
    """Shape seed × target; 0 where they are not known (see `known`)."""
    gained: np.ndarray
    """More correct answers than the base, shape seed × source × target; 0 where not known."""
    examples: np.ndarray
    """Shape target; 0 where unknown."""
    given: bool = False
    """Whether the counts were given with the data, not recovered from PGFs."""
    possible: tuple[tuple[int, ...], ...] = ()
    """By target: what the base's error count may be, where several counts fit the PGFs; else ()."""

    @property
    def known(self) -> np.ndarray:
        """By target: whether its counts are known in every seed; a count of 0 is known only where counts were given."""
        return np.asarray((self.base_errors > 0).all(axis=0) | (self.given & (self.examples > 0)))

    @property
    def whole(self) -> np.ndarray:
        """By target: whether the counts are whole numbers in all cells."""
        base = (self.base_errors == np.round(self.base_errors)).all(axis=0)
        return np.asarray(base & (self.gained == np.round(self.gained)).all(axis=(0, 1)))

    @property
    def correct(self) -> np.ndarray:
        """Number of correct answers of each finetuned model, shape seed × source × target."""
        return self.examples - self.base_errors[:, None, :] + self.gained


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """What PGFs gave back."""

    counts: Counts
    pgf: SeedTransfers
    """Free of the table's rounding wherever a denominator was found, even one that is only a divisor."""


def recover_counts(pgf: SeedTransfers, examples: np.ndarray) -> Recovery:
    """Recover the base's error count of every seed and target from published PGFs.

    One base that serves all seeds is assumed where it can: where the least common multiple of the seeds' smallest
    denominators is a possible count; a seed whose PGFs say little takes the others' count then. All this needs enough
    decimals: fractions with denominators up to m must be told apart, which is so when a unit of the last decimal times
    m² is below 1.

    Args:
        pgf: as published; NaN where there is none.
        examples: examples of each target, m; 0 where unknown.

    Complexity: O(seeds · targets · m · sources).

    >>> recovery = recover_counts(np.array([[[1 / 3], [-2 / 3], [-1.0]]]), np.array([10]))
    >>> recovery.counts.base_errors.tolist(), recovery.counts.correct.ravel().tolist()
    ([[3]], [8, 5, 4])
    >>> recover_counts(np.array([[[1 / 3], [-2 / 3], [0.0]]]), np.array([11])).counts.possible
    ((3, 6),)
    """
    rounding = 0.5 * 10.0 ** -_decimals(pgf)
    denominators = np.zeros((pgf.shape[0], pgf.shape[2]), dtype=np.int64)
    base_errors, possible = np.zeros_like(denominators), [()] * pgf.shape[2]
    for target, limit in enumerate(examples.tolist()):
        if 2 * rounding * limit**2 >= 1:
            continue
        found = [smallest_denominator(values[np.isfinite(values)], limit, rounding) for values in pgf[:, :, target]]
        if not all(found):
            continue
        denominators[:, target], candidates = _list_candidates(pgf[:, :, target], found, limit)
        if all(len(counts) == 1 for counts in candidates):
            base_errors[:, target] = denominators[:, target]
        else:
            possible[target] = tuple(sorted({count for counts in candidates for count in counts}))
    whole = np.round(np.nan_to_num(pgf) * denominators[:, None, :])
    exact = np.divide(
        whole, denominators[:, None, :], out=pgf.copy(), where=(denominators[:, None, :] > 0) & ~np.isnan(pgf)
    )
    gained = np.where(base_errors[:, None, :] > 0, whole, 0).astype(np.int64)
    counts = Counts(base_errors=base_errors, gained=gained, examples=examples, possible=tuple(possible))
    return Recovery(counts=counts, pgf=exact)


def count_right(accuracy: np.ndarray, examples: int) -> np.ndarray:
    """Count right answers behind accuracies of one target; sums of scores where these are no whole counts.

    Args:
        accuracy: 0–1, of any shape; its decimals say how it is rounded.
        examples: m; 0 where not known.

    Returns:
        Shape of `accuracy`: whole numbers where all may be, by their rounding.

    Complexity: O(values).

    >>> count_right(np.array([0.333, 0.667]), 9).tolist(), count_right(np.array([0.333, 0.667]), 100).round(1).tolist()
    ([3.0, 6.0], [33.3, 66.7])
    """
    right = accuracy * examples
    slack = 0.5 * 10.0 ** -_decimals(np.round(accuracy, 12)) * examples + 1e-9
    return np.round(right) if (np.abs(right - np.round(right)) <= slack).all() else right


def smallest_denominator(values: np.ndarray, limit: int, rounding: float) -> int:
    """Find the smallest g ≤ limit that makes every value whole, 0 where there is none.

    Args:
        values: fractions, rounded.
        limit: the largest denominator that is possible.
        rounding: the largest error of a value.

    Complexity: O(limit · values).

    >>> smallest_denominator(np.array([0.3333, 0.5]), 100, 5e-5)
    6
    """
    if limit < 1 or not values.size:
        return 0
    denominators = np.arange(1, limit + 1)
    products = denominators[:, None] * values
    slack = denominators * rounding + 1e-9
    whole = (np.abs(products - np.round(products)) <= slack[:, None]).all(axis=1)
    return int(denominators[whole.argmax()]) if whole.any() else 0


def _list_candidates(column: np.ndarray, found: list[int], limit: int) -> tuple[list[int], list[list[int]]]:
    """Denominators by seed, and the base error counts that each seed's column allows.

    Args:
        column: PGFs, shape seed × source.
        found: smallest denominator of each seed.
        limit: examples.
    """
    shared = lcm(*found)
    candidates = _multiples(column, shared, limit)
    if candidates:
        return [shared] * len(found), [candidates] * len(found)
    return found, [_multiples(values, own, limit) for values, own in zip(column, found, strict=True)]


def _multiples(values: np.ndarray, divisor: int, limit: int) -> list[int]:
    """Multiples of a divisor that may be the error count behind some PGFs; none where even the divisor is too large."""
    gained = np.round(values[np.isfinite(values)] * divisor).astype(np.int64)
    most = limit // (divisor - min(int(gained.min()), 0))  # no model is wrong more often than there are examples
    different = np.unique(gained[gained != 0])
    span = int(np.ptp([0, *different.tolist()]))
    return [
        factor * divisor
        for factor in range(1, most + 1)
        if factor == 1 or _chance_of_factor(len(different), span, factor) >= CHANCE_OF_FACTOR
    ]


def _chance_of_factor(different: int, span: int, factor: int) -> float:
    """How likely so many different counts in a span are all multiples of a factor, if any are as likely as others."""
    return comb(span, different) / comb(factor * span, different)


def _decimals(values: np.ndarray) -> int:
    """Decimals that the table was written with: the most that any value shows."""
    written = (np.format_float_positional(value, trim="-") for value in values[np.isfinite(values)].ravel().tolist())
    return max((len(text.partition(".")[2]) for text in written), default=0)
