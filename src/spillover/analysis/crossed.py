"""Uncertainty of cells from examples: means and mean squares of a crossed layout, and the exact test beside them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from spillover.analysis.crossed_layout import CrossedLayout, Quadratic
from spillover.analysis.cube import ScoreCube, TargetBlock
from spillover.analysis.fieller import CellInference, infer_cells, reach_unseen
from spillover.analysis.shapes import PerTarget, SeedScores


@dataclass(frozen=True, slots=True)
class _MeanSquares:
    items: np.ndarray
    seeds: np.ndarray
    residual: np.ndarray


def infer_cube(cube: ScoreCube, ceiling: PerTarget, confidence: float) -> CellInference:
    """Compute interval and test of every cell of a cube, shape source × target.

    Estimand: the population of examples × the population of training seeds, the base model fixed. With one seed it is
    the population of examples only. No PGF is above 1 with a ceiling of 1, so intervals end there; with a lower ceiling
    the largest PGF hangs on the base's own accuracy, and they do not.

    Complexity: O(seeds · sources · examples) a target.

    >>> from spillover.analysis.cube import example_cube
    >>> infer_cube(example_cube(), np.ones(2), 0.95).p.round(3).tolist()
    [[0.391, 1.0], [0.391, 0.182]]
    """
    columns: list[CellInference] = []
    for block, limit in zip(cube.blocks, ceiling.tolist(), strict=True):
        layout = lay_out_cells(block.scores - block.base[:, None], limit - block.base[:, None])
        most = 1.0 if limit >= 1 else np.inf
        columns.append(reach_unseen(infer_cells(layout, confidence, most), layout, confidence, most))
    return stack_columns(columns)


def stack_columns(columns: list[CellInference]) -> CellInference:
    """Put the inferences of single targets side by side: shape source × target.

    Complexity: O(cells).

    >>> from spillover.analysis.cube import example_cube
    >>> stack_columns([infer_cube(example_cube(), np.ones(2), 0.95)]).p.shape
    (2, 2, 1)
    """

    def stack(name: str) -> np.ndarray:
        return np.stack([getattr(column, name) for column in columns], axis=-1)

    return CellInference(
        estimate=stack("estimate"),
        low=stack("low"),
        high=stack("high"),
        pieces=stack("pieces"),
        unseen=stack("unseen"),
        p=stack("p"),
        standard_error=stack("standard_error"),
        change_low=stack("change_low"),
        change_high=stack("change_high"),
    )


def lay_out_cells(difference: SeedScores, gap: np.ndarray) -> CrossedLayout:
    """Compute means and two-way mean squares of `difference − θ·gap` for every source.

    Args:
        difference: d[k, s, x], for example finetuned − base.
        gap: g = ceiling − base, with axes of length 1 where seeds or sources share it.

    Complexity: O(seeds · sources · examples).

    >>> layout = lay_out_cells(np.array([[[1.0, 0.0, 0.0]]]), np.array([[[0.0, 1.0, 1.0]]]))
    >>> layout.change.round(3).tolist(), layout.gap.round(3).tolist()
    ([0.333], [0.667])
    """
    seeds, sources, examples = difference.shape
    d = np.moveaxis(difference, 1, 0)
    g = np.moveaxis(np.broadcast_to(gap, (seeds, gap.shape[1], examples)), 1, 0)
    products = [_mean_squares(left, right) for left, right in ((d, d), (d, g), (g, g))]

    def quadratic(name: str) -> Quadratic:
        return Quadratic(*(np.broadcast_to(getattr(part, name), (sources,)) for part in products))

    return CrossedLayout(
        change=d.mean(axis=(1, 2)),
        gap=np.broadcast_to(g.mean(axis=(1, 2)), (sources,)),
        items=quadratic("items"),
        seeds=quadratic("seeds"),
        residual=quadratic("residual"),
        examples=examples,
        seed_count=seeds,
    )


def _mean_squares(left: np.ndarray, right: np.ndarray) -> _MeanSquares:
    """Two-way mean products of two arrays of shape cell × seed × example."""
    seeds, examples = left.shape[1:]
    left, right = (part - part.mean(axis=(1, 2), keepdims=True) for part in (left, right))
    items = seeds * (left.mean(axis=1) * right.mean(axis=1)).sum(axis=-1) / max(examples - 1, 1)
    if seeds == 1:
        return _MeanSquares(items, np.zeros_like(items), np.zeros_like(items))
    by_seed = examples * (left.mean(axis=2) * right.mean(axis=2)).sum(axis=-1)
    total = np.einsum("ckx,ckx->c", *np.broadcast_arrays(left, right))
    residual = total - items * max(examples - 1, 1) - by_seed
    return _MeanSquares(items, by_seed / (seeds - 1), residual / ((seeds - 1) * max(examples - 1, 1)))


def compute_mcnemar_p(block: TargetBlock) -> np.ndarray | None:
    """Compute McNemar's exact two-sided p for every seed and source: a cross-check, never pooled over seeds.

    Under no change, of the examples that only one of base and finetuned model gets right, each is equally likely to
    favour either (McNemar, Psychometrika 12, 1947).

    Returns:
        Shape seed × source; None where scores are not right or wrong.

    Complexity: O(seeds · sources · examples).

    >>> from spillover.analysis.cube import example_cube
    >>> compute_mcnemar_p(example_cube().blocks[0]).tolist()
    [[1.0, 1.0]]
    """
    if not block.exact:
        return None
    base = block.base[:, None]
    gained = ((block.scores == 1) & (base == 0)).sum(axis=-1)
    lost = ((block.scores == 0) & (base == 1)).sum(axis=-1)
    return np.minimum(1.0, 2 * special.bdtr(np.minimum(gained, lost), gained + lost, 0.5))
