"""Does finetuning, on whatever, move a target? The crossed test of a column's mean.

The mean over sources of `finetuned − base` is tested with examples as a sample, sources fixed, and seeds nested in
sources (every finetune has seeds of its own).
"""

from __future__ import annotations

import numpy as np
from scipy import special

from spillover.analysis.cube import ScoreCube
from spillover.analysis.frame import Frame
from spillover.analysis.shapes import SeedScores


def infer_columns(cube: ScoreCube, frame: Frame) -> np.ndarray:
    """Compute the one-sided p of each target that its column lies above, and below, 0.

    Returns:
        Shape 2 × the larger number of reference sources and targets; NaN where a target has no defined cell.

    Complexity: O(seeds · sources · examples) a target.

    >>> from spillover.analysis.cube import example_cube
    >>> from spillover.analysis.pgf import example_transfers
    >>> from spillover.analysis.frame import frame_transfers
    >>> infer_columns(example_cube(), frame_transfers(example_transfers())).round(3).tolist()
    [[0.804, 0.5], [0.196, 0.5]]
    """
    p = np.full((2, max(frame.rows, frame.columns)), np.nan)
    cells = frame.reference
    for column in range(frame.columns):
        block = cube.blocks[column]
        if cells[:, column].any():
            above = infer_column(block.scores[:, cells[:, column]] - block.base[:, None])
            p[:, column] = above, 1 - above
    return p


def infer_column(difference: SeedScores) -> float:
    """Compute the one-sided p that the mean over sources of a paired difference lies above 0.

    `V = mean over sources of the seeds' variance / (K·S) + item variance / m`, the items' part less what their own
    noise in each run puts into it, the seeds' part no less than that; Satterthwaite's degrees of freedom. With one
    seed, examples only.

    Args:
        difference: finetuned − base, by seed, source and example.

    Complexity: O(seeds · sources · examples).

    >>> infer_column(np.zeros((2, 3, 5)))
    0.5
    """
    seeds, sources, examples = difference.shape
    runs = seeds * sources
    mean = difference.mean()
    by_example = difference.mean(axis=(0, 1))
    item = by_example.var(ddof=1) / examples if examples > 1 else 0.0
    seed, seed_freedom = 0.0, 1
    if seeds > 1:
        residual = _residual(difference) / (runs * examples)
        by_run = difference.mean(axis=2)
        seed, seed_freedom = max(by_run.var(axis=0, ddof=1).mean() / runs, residual), sources * (seeds - 1)
        item = max(0.0, item - residual)
    variance = seed + item
    if variance <= 0:
        return 0.5 if mean == 0 else float(mean < 0)
    freedom = variance**2 / (seed**2 / seed_freedom + item**2 / max(examples - 1, 1))
    return float(special.stdtr(freedom, -mean / np.sqrt(variance)))


def _residual(difference: SeedScores) -> float:
    """Mean square of example × seed within sources: the noise of one answer."""
    seeds, sources, examples = difference.shape
    within = difference - difference.mean(axis=0) - difference.mean(axis=2, keepdims=True)
    within += difference.mean(axis=(0, 2))[:, None]
    return float(np.square(within).sum() / (sources * (seeds - 1) * max(examples - 1, 1)))
