"""Differences between two matrices of the same runs: raw and calibrated, generate and letters, source and control."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from spillover.analysis.bootstrap import replicate_cube
from spillover.analysis.context import Context
from spillover.analysis.crossed import lay_out_cells, stack_columns
from spillover.analysis.cube import ScoreCube
from spillover.analysis.fieller import infer_cells, reach_unseen
from spillover.analysis.frame import frame_transfers, mean_of_cells
from spillover.analysis.matrix import TransferMatrix
from spillover.analysis.pgf import clear_rounding, transfers_of_cube
from spillover.analysis.restrict import align_cubes
from spillover.analysis.shapes import Cells, Transfers
from spillover.analysis.spread import percentile
from spillover.analysis.unseen import limit_pgf, reach_at_least


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixContrast:
    """A difference of PGFs, cell by cell, with intervals."""

    matrix: TransferMatrix
    low: Transfers
    high: Transfers
    mean: float
    """Over transfers to other tasks; NaN where none is defined."""
    mean_low: float
    mean_high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlContrast:
    """What the source adds to its control: same examples, format and letter balance, no perception."""

    kind: str
    """`shuffled` or `own`."""
    control: TransferMatrix
    """PGF of the control itself."""
    difference: MatrixContrast
    """PGF(source) − PGF(control), over the common gap to the base."""
    points: TransferMatrix
    """Accuracy of the source's model minus that of its control."""
    p: Transfers
    """Two-sided crossed test of no difference, paired by example and seed."""


def contrast_scorings(first: ScoreCube, second: ScoreCube, title: str, context: Context) -> MatrixContrast | None:
    """Subtract the PGFs of two ways of scoring the same runs: first − second.

    Both are replicated with the same examples and the same seeds, so the difference is paired. Cells get their
    bootstrap standard error and a normal interval, the mean a percentile interval; those that hold 0 reach at least as
    far as the rule of three (see `unseen`): an example on which the two ways differ both before and after finetuning
    moves the difference by `1 + |1 − PGF|` times as much as one does a PGF.

    Returns:
        None where the two share no runs.

    Complexity: O(replicates · seeds · sources · examples) a target.

    >>> from spillover.analysis.cube import example_cube
    >>> from spillover.analysis.context import example_context
    >>> difference = contrast_scorings(example_cube(), example_cube(), "none", example_context())
    >>> difference.mean, round(difference.mean_low, 2), round(difference.mean_high, 2)  # four examples each
    (0.0, -1.32, 1.32)
    """
    aligned = align_cubes(first, second)
    if aligned is None:
        return None
    one, other = (transfers_of_cube(cube, context.ceiling(cube.targets)) for cube in aligned)
    difference = clear_rounding(one.mean - other.mean)
    replicates = _replicate_difference(aligned, difference, context)
    width = special.ndtri(0.5 + context.settings.confidence / 2) * replicates.error
    matrix = context.show(title, one, difference)
    reach = _limit_cells(aligned[0], context) * (1 + np.abs(1 - one.mean))
    return _contrast(matrix, (difference - width, difference + width), reach, replicates, context)


def contrast_control(cube: ScoreCube, control: ScoreCube, context: Context) -> ControlContrast | None:
    """Compare sources with their controls, paired by seed and example.

    `acc(source) − acc(control)`, and that difference over the common gap `U − acc(base)`, by Fieller's theorem: never
    the PGF of one model over another.

    Returns:
        None where source and control share no source, target, seed or example.

    Complexity: O(seeds · sources · examples) a target, and the replicates of the mean.

    >>> from spillover.analysis.cube import example_cube
    >>> from spillover.analysis.context import example_context
    >>> contrast_control(example_cube(), example_cube(), example_context()).p.tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    aligned = align_cubes(cube, control)
    if aligned is None:
        return None
    source, other = aligned
    ceiling = context.ceiling(source.targets)
    layouts = [
        lay_out_cells(ours.scores - theirs.scores, limit - ours.base[:, None])
        for ours, theirs, limit in zip(source.blocks, other.blocks, ceiling, strict=True)
    ]
    confidence = context.settings.confidence
    columns = [reach_unseen(infer_cells(layout, confidence), layout, confidence) for layout in layouts]
    inference = stack_columns(columns)
    own, theirs = transfers_of_cube(source, ceiling), transfers_of_cube(other, ceiling)
    kind = control.control or "control"
    difference = clear_rounding(own.mean - theirs.mean)
    matrix = context.show(f"PGF over {kind}", own, difference)
    replicates = _replicate_difference(aligned, difference, context)
    points = (own.points - theirs.points).mean(axis=0)
    return ControlContrast(
        kind=kind,
        control=context.show(f"PGF of {kind}", theirs, theirs.mean),
        difference=_contrast(
            matrix, (inference.low, inference.high), _limit_cells(source, context), replicates, context
        ),
        points=context.show(f"accuracy over {kind}", own, clear_rounding(points)),
        p=inference.p,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Replicated:
    cells: Cells
    """Transfers to other tasks that both cubes define."""
    error: Transfers
    """Standard error of every cell's difference."""
    means: np.ndarray
    """The mean difference in every replicate."""


def _replicate_difference(cubes: tuple[ScoreCube, ScoreCube], data: Transfers, context: Context) -> _Replicated:
    """Draw both with the same examples and seeds; a replicate without a PGF counts as no deviation from the data."""
    ceiling, count = context.ceiling(cubes[0].targets), context.settings.replicates
    cells = np.logical_and.reduce([frame_transfers(transfers_of_cube(cube, ceiling)).reference for cube in cubes])
    total, squares, means = np.zeros(cells.shape), np.zeros(cells.shape), [np.zeros(0)]
    streams = [replicate_cube(cube, ceiling, count, context.generator("contrast")) for cube in cubes]
    for first, second in zip(*streams, strict=True):
        difference = (first.pgf - second.pgf).mean(axis=1)
        clean = np.nan_to_num(difference - data)
        total += clean.sum(axis=0)
        squares += np.square(clean).sum(axis=0)
        means.append(mean_of_cells(difference, cells))
    if not count:
        return _Replicated(cells=cells, error=np.full(cells.shape, np.nan), means=np.array([np.nan]))
    error = np.sqrt(np.maximum(squares / count - (total / count) ** 2, 0.0))
    return _Replicated(cells=cells, error=error, means=np.concatenate(means))


def _limit_cells(cube: ScoreCube, context: Context) -> Transfers:
    """The largest PGF that may hide where no answer differs, in every cell."""
    gap = context.ceiling(cube.targets) - cube.base_accuracy.mean(axis=0)[0]
    limits = limit_pgf(cube.examples, gap, context.settings.confidence)
    return np.broadcast_to(limits, (len(cube.sources), len(cube.targets)))


def _contrast(
    matrix: TransferMatrix,
    interval: tuple[Transfers, Transfers],
    reach: Transfers,
    replicates: _Replicated,
    context: Context,
) -> MatrixContrast:
    tail, cells = 50 * (1 - context.settings.confidence), replicates.cells
    low, high = reach_at_least(interval, matrix.values, reach)
    mean = mean_of_cells(matrix.values, cells)
    ends = percentile(replicates.means, tail), percentile(replicates.means, 100 - tail)
    by_target = np.where(cells, np.nan_to_num(reach), 0.0).sum(axis=0) / max(int(cells.sum()), 1)
    mean_low, mean_high = reach_at_least(ends, mean, by_target.max(initial=0.0))
    return MatrixContrast(
        matrix=matrix, low=low, high=high, mean=float(mean), mean_low=float(mean_low), mean_high=float(mean_high)
    )
