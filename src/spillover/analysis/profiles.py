"""Transferability of sources (rows) and malleability of targets (columns).

Sachdeva et al., CVPR 2026 (arXiv 2511.18787), section on transferability and malleability.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spillover.analysis.pgf import ZERO
from spillover.analysis.shapes import Cells, ManyCells, Matrices, PerTask, Scalars


@dataclass(frozen=True, slots=True)
class Profile:
    """How much a task gives (or takes in), apart for gains and harms."""

    positive: PerTask
    """≥ 0, by task; NaN for a task without a defined cell."""
    negative: PerTask
    """≤ 0, by task; NaN for a task without a defined cell."""

    def average(self, count: int) -> tuple[Scalars, Scalars]:
        """Average both sides over the first tasks, those without a value left out; NaN where none has one.

        >>> float(Profile(np.array([0.1, 0.3, np.nan, 9.0]), np.zeros(4)).average(3)[0])
        0.2
        """
        return mean_present(self.positive[..., :count], -1), mean_present(self.negative[..., :count], -1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """Gains and harms of matrices, told apart once for every sum that follows."""

    gains: Matrices
    harms: Matrices
    is_gain: ManyCells
    is_harm: ManyCells
    present: ManyCells | None
    """Which cells have a PGF; None where all have."""


def tell_signs(pgf: Matrices) -> Signed:
    """Tell gains from harms.

    Complexity: O(cells).

    >>> tell_signs(np.array([[0.5, -0.2]])).is_harm.tolist()
    [[False, True]]
    """
    is_gain, is_harm, present = pgf > ZERO, pgf < -ZERO, ~np.isnan(pgf)
    return Signed(
        gains=np.where(is_gain, pgf, 0.0),
        harms=np.where(is_harm, pgf, 0.0),
        is_gain=is_gain,
        is_harm=is_harm,
        present=None if present.all() else present,
    )


def measure_transferability(pgf: Matrices | Signed, cells: Cells) -> Profile:
    """Compute Δ⁺ and Δ⁻ of every source.

    Δ⁺(s) = ((1 − e^(−p/N)) / p) · Σ PGF[s, t] over the p targets with PGF > 0, of N defined ones; Δ⁻ likewise over
    PGF < 0. Exact zeros count in N only; p = 0 gives 0. Source: arXiv 2511.18787.

    Args:
        pgf: means over seeds; leading axes (replicates) are carried along.
        cells: which cells take part: without the diagonal for transfer to *other* tasks.

    Complexity: O(cells).

    >>> pgf = np.array([[0.5, 0.2], [-0.1, 0.3]])
    >>> measure_transferability(pgf, ~np.eye(2, dtype=bool)).positive.round(4).tolist()
    [0.1264, 0.0]
    """
    return _profile(pgf if isinstance(pgf, Signed) else tell_signs(pgf), cells, -1)


def measure_malleability(pgf: Matrices | Signed, cells: Cells) -> Profile:
    """Compute Θ⁺ and Θ⁻ of every target: `measure_transferability` with rows and columns exchanged.

    Complexity: O(cells).

    >>> pgf = np.array([[0.5, 0.2], [-0.1, 0.3]])
    >>> measure_malleability(pgf, ~np.eye(2, dtype=bool)).negative.round(4).tolist()
    [-0.0632, 0.0]
    """
    return _profile(pgf if isinstance(pgf, Signed) else tell_signs(pgf), cells, -2)


def mean_present(values: np.ndarray, axis: int) -> np.ndarray:
    """Average what is not NaN along an axis; NaN where nothing is.

    Complexity: O(values).

    >>> mean_present(np.array([[1.0, np.nan], [np.nan, np.nan]]), 1).tolist()
    [1.0, nan]
    """
    present = ~np.isnan(values)
    count = present.sum(axis=axis)
    total = np.where(present, values, 0.0).sum(axis=axis)
    return np.divide(total, count, out=np.full(np.shape(total), np.nan), where=count > 0)


def _profile(signed: Signed, cells: Cells, axis: int) -> Profile:
    present = cells if signed.present is None else signed.present & cells
    counted = np.count_nonzero(present, axis=axis)
    sums = "...st,st->...s" if axis == -1 else "...st,st->...t"
    weights = cells.astype(float)

    def damp(values: Matrices, chosen: ManyCells) -> PerTask:
        count = np.count_nonzero(chosen & cells, axis=axis)
        damping = (1 - np.exp(-count / np.maximum(counted, 1))) / np.maximum(count, 1)
        return np.where(counted > 0, damping * np.einsum(sums, values, weights), np.nan)

    return Profile(damp(signed.gains, signed.is_gain), damp(signed.harms, signed.is_harm))
