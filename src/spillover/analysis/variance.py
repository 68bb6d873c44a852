"""Generic or specific? How much of the spread of PGFs belongs to targets, sources, their meeting, and chance.

A large target share means that *any* finetune moves that target: answer format, letter prior, verbosity rather than
perception. Ours, in the manner of a two-way analysis of variance (Scheffé, 1959, chapter 4) with unequal cells.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spillover.analysis.shapes import Cells, SeedMatrices, Transfers


@dataclass(frozen=True, slots=True, kw_only=True)
class VarianceShares:
    """Shares of the total sum of squares about the grand mean; each of shape `*batch`."""

    target: np.ndarray
    source_given_target: np.ndarray
    interaction: np.ndarray
    seed_noise: np.ndarray
    corrected_target: np.ndarray
    """Corrected shares leave out the seed noise: `SS_f − df_f · MSE`, floored at 0, normalised over three factors."""
    corrected_source: np.ndarray
    corrected_interaction: np.ndarray


@dataclass(frozen=True, slots=True)
class _Squares:
    """Sums of squares, and the degrees of freedom that belong to them."""

    target: np.ndarray
    source: np.ndarray
    interaction: np.ndarray
    noise: np.ndarray
    freedom: tuple[int, int, int, int]


def share_variance(pgf: SeedMatrices, cells: Cells) -> VarianceShares | None:
    """Split the variance of PGF[k, s, t] = μ + source_s + target_t + interaction_st + noise.

    Least squares on the given cells, target entered first, then source; seeds are replicates.

    Args:
        pgf: leading axes (bootstrap replicates) are carried along.
        cells: the cells that take part, without the diagonal; all must be defined.

    Returns:
        The shares; None where fewer than two sources or targets take part. Without a second seed noise and
        interaction cannot be told apart: then `seed_noise` is 0 and the corrected shares are NaN.

    Complexity: O(batch · seeds · cells + sources³).

    >>> pgf = np.array([[[0.0, 1.0, 2.0], [0.0, 1.0, 2.0], [0.0, 1.0, 2.0]]])
    >>> float(share_variance(pgf, ~np.eye(3, dtype=bool)).target)
    1.0
    """
    cells = cells & cells.any(axis=1, keepdims=True) & cells.any(axis=0, keepdims=True)
    if min(cells.any(axis=1).sum(), cells.any(axis=0).sum()) < 2:
        return None
    squares = _sums_of_squares(pgf, cells)
    parts = (squares.target, squares.source, squares.interaction)
    total = squares.target + squares.source + squares.interaction + squares.noise
    mean_square = squares.noise / squares.freedom[3] if squares.freedom[3] else np.full(total.shape, np.nan)
    corrected = [
        np.maximum(part - freedom * mean_square, 0.0) for part, freedom in zip(parts, squares.freedom[:3], strict=True)
    ]
    whole = corrected[0] + corrected[1] + corrected[2]
    shares = [_divide(part, total) for part in (*parts, squares.noise)]
    return VarianceShares(
        target=shares[0],
        source_given_target=shares[1],
        interaction=shares[2],
        seed_noise=shares[3],
        corrected_target=_divide(corrected[0], whole),
        corrected_source=_divide(corrected[1], whole),
        corrected_interaction=_divide(corrected[2], whole),
    )


def _divide(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Zero spread has no shares: NaN, undefined."""
    return np.divide(part, whole, out=np.full(np.shape(part), np.nan), where=whole > 0)


def _sums_of_squares(pgf: SeedMatrices, cells: Cells) -> _Squares:
    seeds, count = pgf.shape[-3], int(cells.sum())
    values = np.where(cells, pgf, 0.0)
    means = values.mean(axis=-3)
    grand = means.sum(axis=(-2, -1)) / count
    by_target = cells.sum(axis=0)
    target_means = means.sum(axis=-2) / np.maximum(by_target, 1)
    target = seeds * ((target_means - grand[..., None]) ** 2 * by_target).sum(axis=-1)
    within = np.where(cells, means - target_means[..., None, :], 0.0)
    rows = within.sum(axis=-1)
    source = seeds * ((rows @ _row_solver(cells)) * rows).sum(axis=-1)
    interaction = seeds * (within**2).sum(axis=(-2, -1)) - source
    noise = ((values - means[..., None, :, :]) ** 2).sum(axis=(-3, -2, -1))
    sources, targets = int(cells.any(axis=1).sum()), int(cells.any(axis=0).sum())
    freedom = (targets - 1, sources - 1, count - sources - targets + 1, count * (seeds - 1))
    return _Squares(target, source, np.maximum(interaction, 0.0), noise, freedom)


def _row_solver(cells: Cells) -> np.ndarray:
    """Inverse of the normal equations of source effects once targets are swept out."""
    weights = cells.astype(float)
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
    >>> np.nanmax(np.abs(specific_transfers(mean, ~np.eye(3, dtype=bool)))).round(9)
    np.float64(0.0)
    """
    by_target = np.maximum(cells.sum(axis=0), 1)
    values = np.where(cells, mean, 0.0)
    within = np.where(cells, values - values.sum(axis=0) / by_target, 0.0)
    source = _row_solver(cells) @ within.sum(axis=1)
    target = (np.where(cells, values - source[:, None], 0.0)).sum(axis=0) / by_target
    return np.where(cells, values - source[:, None] - target, np.nan)


def squares_by_target(pgf: SeedMatrices, cells: Cells) -> np.ndarray:
    """Compute each target's share of the total sum of squares about the grand mean.

    One nearly saturated target can rule every other figure (PGF's range is not symmetric).

    >>> squares_by_target(np.array([[[0.0, 1.0], [0.5, 0.0]]]), ~np.eye(2, dtype=bool)).tolist()
    [0.5, 0.5]
    """
    values = pgf - pgf[..., cells].mean(axis=(-2, -1))[..., None, None, None]
    squares = np.where(cells, values**2, 0.0).sum(axis=(-3, -2))
    return _divide(squares, squares.sum(axis=-1, keepdims=True) * np.ones_like(squares))
