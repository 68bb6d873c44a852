"""PGFs as an analysis holds them, of nothing but numbers."""

from __future__ import annotations

import numpy as np

from spillover.analysis.pgf import TransferArray


def transfers_of(pgf: np.ndarray) -> TransferArray:
    """Name the tasks of a square matrix `t0`, `t1`, …; shape two seeds × source × target."""
    names = tuple(f"t{index}" for index in range(pgf.shape[1]))
    return TransferArray(
        model="m", protocol="p", sources=names, targets=names, seeds=(0, 1), pgf=pgf, points=np.full(pgf.shape, np.nan)
    )
