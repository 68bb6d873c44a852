"""What a published PGF still says about the counts it was made of.

With a ceiling of 1, PGF = (base errors − finetuned errors) / base errors: a whole number over the base's error count.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spillover.analysis.shapes import SeedTransfers


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Error counts behind the PGFs of one target; recovered ones are divisors of the true counts."""

    base_errors: np.ndarray
    """Shape seed × target; 0 where they could not be recovered."""
    gained: np.ndarray
    """More correct answers than the base, shape seed × source × target; 0 where not recovered."""
    examples: np.ndarray
    """Shape target; 0 where unknown."""
    given: bool = False
    """Whether the counts were given with the data, not recovered from PGFs."""

    @property
    def recovered(self) -> np.ndarray:
        """Whether the counts of each seed and target are known."""
        return self.base_errors > 0

    @property
    def correct(self) -> np.ndarray:
        """Number of correct answers of each finetuned model, shape seed × source × target."""
        return self.examples - self.base_errors[:, None, :] + self.gained


def recover_counts(pgf: SeedTransfers, examples: np.ndarray) -> Counts:
    """Recover the base's error count of every seed and target from published PGFs.

    The smallest g ≤ m for which every value of the (seed, target) column times g is whole divides the true count, and
    is it unless all counts of the column share a factor. This needs enough decimals: values of the table must be told
    apart from other fractions with denominators up to m, which is so when half a unit of the last decimal times m² is
    below 1.

    Args:
        pgf: as published.
        examples: examples of each target, m; 0 where unknown.

    Complexity: O(seeds · targets · m · sources).

    >>> counts = recover_counts(np.array([[[0.25], [-0.5], [0.0]]]), np.array([10]))
    >>> counts.base_errors.tolist(), counts.correct.ravel().tolist()
    ([[4]], [7, 4, 6])
    """
    rounding = 0.5 * 10.0 ** -_decimals(pgf)
    seeds, _, targets = pgf.shape
    base_errors = np.zeros((seeds, targets), dtype=np.int64)
    for target in range(targets):
        limit = int(examples[target])
        if rounding * limit**2 >= 1:
            continue
        for seed in range(seeds):
            base_errors[seed, target] = smallest_denominator(pgf[seed, :, target], limit, rounding)
    gained = np.round(np.nan_to_num(pgf) * base_errors[:, None, :]).astype(np.int64)
    return Counts(base_errors=base_errors, gained=gained, examples=examples)


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
    if limit < 1 or not np.isfinite(values).all():
        return 0
    denominators = np.arange(1, limit + 1)
    products = denominators[:, None] * values
    slack = denominators * rounding + 1e-9
    whole = (np.abs(products - np.round(products)) <= slack[:, None]).all(axis=1)
    return int(denominators[whole.argmax()]) if whole.any() else 0


def _decimals(values: np.ndarray) -> int:
    """Decimals that the table was written with: the most that any value shows."""
    written = (np.format_float_positional(value, trim="-") for value in values[np.isfinite(values)].ravel().tolist())
    return max((len(text.partition(".")[2]) for text in written), default=0)
