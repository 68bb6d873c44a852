"""Generic or specific? How much of the spread of PGFs belongs to targets, sources, their meeting, and chance.

A large target share means that *any* finetune moves that target: answer format, letter prior, verbosity rather than
perception. Ours, in the manner of a two-way analysis of variance with unequal cells (Scheffé, The Analysis of Variance,
1959, chapter 4).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from spillover.analysis.pgf import ZERO
from spillover.analysis.shapes import Cells, Scalars, SeedMatrices, Transfers

Parts = tuple[Scalars, Scalars, Scalars]
"""One value each for target, source and interaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SumsOfSquares:
    """Sums of squares about the grand mean, each of shape `*batch`, and their degrees of freedom."""

    target: Scalars
    source: Scalars
    interaction: Scalars
    noise: Scalars
    freedom: tuple[int, int, int, int]

    @property
    def without_noise(self) -> Parts:
        """`SS_f − df_f · MSE` of target, source and interaction; NaN with a single seed."""
        mean_square = self.noise / self.freedom[3] if self.freedom[3] else np.full(np.shape(self.noise), np.nan)
        return (
            np.asarray(self.target - self.freedom[0] * mean_square),
            np.asarray(self.source - self.freedom[1] * mean_square),
            np.asarray(self.interaction - self.freedom[2] * mean_square),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class VarianceShares:
    """Shares of the total sum of squares about the grand mean; each of shape `*batch`.

    NaN where nothing varies but rounding: nothing has no shares.
    """

    target: Scalars
    source_given_target: Scalars
    interaction: Scalars
    """With one seed the noise of seeds is in it."""
    seed_noise: Scalars
    """NaN with one seed, where it cannot be told."""
    corrected_target: Scalars
    """Corrected shares leave out the noise: `SS_f − df_f · MSE`, floored at 0, normalised over three factors."""
    corrected_source: Scalars
    corrected_interaction: Scalars


def share_variance(pgf: SeedMatrices, cells: Cells) -> VarianceShares | None:
    """Split the variance of PGF[k, s, t] = μ + source_s + target_t + interaction_st + noise.

    Least squares on the given cells, target entered first, then source; seeds are replicates.

    Args:
        pgf: leading axes (bootstrap replicates) are carried along.
        cells: the cells that take part, without the diagonal; all must be defined.

    Returns:
        The shares; None where fewer than two sources or targets take part. With one seed, noise and interaction cannot
        be told apart: then `seed_noise` and the corrected shares are NaN.

    Complexity: O(batch · seeds · cells + sources³).

    >>> pgf = np.array([[[0.0, 1.0, 2.0], [0.0, 1.0, 2.0], [0.0, 1.0, 2.0]]])
    >>> float(share_variance(pgf, ~np.eye(3, dtype=bool)).target)
    1.0
    """
    return form_shares(sum_squares(pgf, cells)) if has_two_ways(cells) else None


def has_two_ways(cells: Cells) -> bool:
    """Whether sources, targets and their pairs can be told apart: at least two of each, and cells left over.

    Complexity: O(cells).

    >>> has_two_ways(np.array([[True, True], [False, False]]))
    False
    """
    sources, targets = int(cells.any(axis=1).sum()), int(cells.any(axis=0).sum())
    return min(sources, targets) >= 2 and int(cells.sum()) > sources + targets - 1


def form_shares(squares: SumsOfSquares, from_examples: tuple[float, float, float] | None = None) -> VarianceShares:
    """Turn sums of squares into shares.

    Args:
        squares: of the data.
        from_examples: what the sampling of examples puts into target, source and interaction; subtracted from the
            corrected shares where given.

    Complexity: O(batch).

    >>> ones = np.ones(1)
    >>> squares = SumsOfSquares(target=ones, source=ones, interaction=ones, noise=ones, freedom=(1, 1, 1, 4))
    >>> form_shares(squares).target.tolist()
    [0.25]
    """
    total = np.asarray(squares.target + squares.source + squares.interaction + squares.noise)
    subtracted = from_examples or (0.0, 0.0, 0.0)
    remains = [np.maximum(part - extra, 0.0) for part, extra in zip(squares.without_noise, subtracted, strict=True)]
    whole = remains[0] + remains[1] + remains[2]
    left = np.where(whole > ZERO * total, whole, 0.0)
    noise = _divide(squares.noise, total)
    return VarianceShares(
        target=_divide(squares.target, total),
        source_given_target=_divide(squares.source, total),
        interaction=_divide(squares.interaction, total),
        seed_noise=noise if squares.freedom[3] else np.full_like(noise, np.nan),
        corrected_target=_divide(remains[0], left),
        corrected_source=_divide(remains[1], left),
        corrected_interaction=_divide(remains[2], left),
    )


def _divide(part: np.ndarray | float, whole: np.ndarray | float) -> np.ndarray:
    """Zero spread has no shares: NaN, undefined. Values that differ by `ZERO` at most make no more than its square."""
    return np.divide(part, whole, out=np.full(np.shape(part), np.nan), where=np.asarray(whole) > ZERO**2)


def sum_squares(pgf: SeedMatrices, cells: Cells) -> SumsOfSquares:
    """Compute the sums of squares of the two-way layout, target first, then source.

    Complexity: O(batch · seeds · cells + sources³).

    >>> sum_squares(np.array([[[0.0, 1.0], [0.5, 0.0]]]), ~np.eye(2, dtype=bool)).target.tolist()
    0.125
    """
    seeds, count = pgf.shape[-3], int(cells.sum())
    values = np.where(cells, pgf, 0.0)
    means = values.mean(axis=-3)
    by_target = cells.sum(axis=0)
    grand = means.sum(axis=(-2, -1)) / count
    target_means = means.sum(axis=-2) / np.maximum(by_target, 1)
    target = seeds * ((target_means - grand[..., None]) ** 2 * by_target).sum(axis=-1)
    within = np.where(cells, means - target_means[..., None, :], 0.0)
    rows = within.sum(axis=-1)
    source = seeds * ((rows @ _row_solver(cells)) * rows).sum(axis=-1)
    interaction = seeds * np.square(within).sum(axis=(-2, -1)) - source
    np.subtract(values, means[..., None, :, :], out=values)
    noise = np.square(values, out=values).sum(axis=(-3, -2, -1))
    sources, targets = int(cells.any(axis=1).sum()), int(cells.any(axis=0).sum())
    freedom = (targets - 1, sources - 1, max(count - sources - targets + 1, 0), count * (seeds - 1))
    return SumsOfSquares(
        target=np.asarray(target),
        source=np.asarray(source),
        interaction=np.asarray(np.maximum(interaction, 0.0)),
        noise=np.asarray(noise),
        freedom=freedom,
    )


def _row_solver(cells: Cells) -> np.ndarray:
    """Inverse of the normal equations of source effects once targets are swept out: one for all replicates."""
    return _solve_rows(cells.tobytes(), cells.shape)


@lru_cache(maxsize=8)
def _solve_rows(cells: bytes, shape: tuple[int, ...]) -> np.ndarray:
    weights = np.frombuffer(cells, dtype=bool).reshape(shape).astype(float)
    by_target = np.maximum(weights.sum(axis=0), 1)
    normal = np.diag(weights.sum(axis=1)) - (weights / by_target) @ weights.T
    return np.linalg.pinv(normal, hermitian=True)


def specific_transfers(mean: Transfers, cells: Cells) -> Transfers:
    """Compute what remains of each cell once its source's and target's generic effects are taken out.

    The interaction of the two-way layout; it sums to 0 over every row and column, so it is relative: never evidence of
    absolute help or harm.

    Args:
        mean: means over seeds.
        cells: the cells that take part; the others are NaN in the result.

    Complexity: O(cells + sources³).

    >>> mean = np.array([[0.0, 1.0, 2.0], [0.0, 1.0, 2.0], [0.0, 1.0, 2.0]])
    >>> float(np.nanmax(np.abs(specific_transfers(mean, ~np.eye(3, dtype=bool)))).round(9))
    0.0
    """
    by_target = np.maximum(cells.sum(axis=0), 1)
    values = np.where(cells, mean, 0.0)
    within = np.where(cells, values - values.sum(axis=0) / by_target, 0.0)
    source = _row_solver(cells) @ within.sum(axis=1)
    target = np.where(cells, values - source[:, None], 0.0).sum(axis=0) / by_target
    return np.where(cells, values - source[:, None] - target, np.nan)


def share_squares_by_target(mean: Transfers, cells: Cells) -> np.ndarray:
    """Compute each target's share of the sum of squares of the seed means about their grand mean.

    One nearly saturated target can rule every other figure, because PGF's range is not symmetric.

    Complexity: O(cells).

    >>> share_squares_by_target(np.array([[0.0, 1.0], [0.5, 0.0]]), ~np.eye(2, dtype=bool)).tolist()
    [0.5, 0.5]
    """
    squares = np.where(cells, (mean - mean[cells].mean()) ** 2, 0.0).sum(axis=0)
    return _divide(squares, np.broadcast_to(squares.sum(), squares.shape))
