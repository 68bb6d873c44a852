"""Joint replicates of a whole matrix: what another sample of examples and of seeds might have shown.

Example weights are shared within a target (base and every finetuned model saw the same questions); seeds are drawn
independently for every source, and their deviations rescaled by √(K/(K−1)), because K resampled seeds spread less than
K new ones (Davison and Hinkley, Bootstrap Methods and their Application, 1997, §3.8). No Python loop runs over
replicates: a target's replicates are one product of a weight matrix and a score matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from spillover.analysis.cube import ScoreCube, TargetBlock
from spillover.analysis.null_noise import prepare_null
from spillover.analysis.pgf import ZERO
from spillover.analysis.shapes import Matrices, PerTarget, SeedMatrices
from spillover.analysis.tables import TableTransfers

PIECE_VALUES = 4_000_000
"""PGFs held at once: about 32 MB an array, whatever the size of the study."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replicates:
    """Some replicates of a matrix, shape replicate × seed × source × target; NaN where a base leaves no gap."""

    pgf: SeedMatrices
    """Other examples and other seeds."""
    same_seeds: SeedMatrices
    """Other examples, the same seeds: what the sampling of examples alone does."""
    null: Matrices | None = None
    """Mean PGFs that noise alone makes where nothing transfers; None where that is how `pgf` deviates from the data."""


DrawItems = Callable[[np.random.Generator, int], SeedMatrices]
"""Draws so many replicates over examples, for every seed as it is."""


def replicate_cube(cube: ScoreCube, ceiling: PerTarget, count: int, rng: np.random.Generator) -> Iterator[Replicates]:
    """Draw replicates of a cube's PGFs, in pieces that fit into memory.

    Two cubes of the same shape, given equal generators, get the same examples and seeds: their differences are paired.

    Args:
        cube: the scores.
        ceiling: by target.
        count: replicates in all.
        rng: source of the draws.

    Complexity: O(count · seeds · sources · examples) multiplications over all targets, in BLAS.

    >>> from spillover.analysis.cube import example_cube
    >>> pieces = list(replicate_cube(example_cube(), np.ones(2), 100, np.random.default_rng(0)))
    >>> [piece.pgf.shape for piece in pieces]
    [(100, 1, 2, 2)]
    """
    return _in_pieces(
        sample_examples(cube, ceiling), (len(cube.seeds), len(cube.sources), len(cube.targets)), count, rng
    )


def sample_examples(cube: ScoreCube, ceiling: PerTarget) -> DrawItems:
    """Prepare to draw replicates over examples, for every seed as it is.

    Complexity: O(seeds · sources · examples) to prepare; a draw multiplies a weight matrix with it for every target.

    >>> from spillover.analysis.cube import example_cube
    >>> sample_examples(example_cube(), np.ones(2))(np.random.default_rng(0), 5).shape
    (5, 1, 2, 2)
    """
    shape = (len(cube.seeds), len(cube.sources), len(cube.targets))
    columns = [_prepare(block, limit) for block, limit in zip(cube.blocks, ceiling.tolist(), strict=True)]

    def draw(generator: np.random.Generator, size: int) -> SeedMatrices:
        pgf = np.empty((shape[2], size, *shape[:2]))  # one target after the other in memory, as they are written
        for column, prepared in enumerate(columns):
            pgf[column] = _resample_examples(prepared, generator, size).reshape(size, *shape[:2])
        return np.moveaxis(pgf, 0, -1)

    return draw


def replicate_table(table: TableTransfers, count: int, rng: np.random.Generator) -> Iterator[Replicates]:
    """Draw replicates of a published table: binomial counts where they are recovered, and resampled seeds.

    A target's base is drawn once for its whole column. Base and finetuned counts are drawn independently, which is too
    wide rather than too narrow (see `counted`), and too high for a noise floor (see `null_noise`).

    Complexity: O(count · seeds · cells).

    >>> from spillover.analysis.tables import example_table, lay_out_table
    >>> pieces = replicate_table(lay_out_table(example_table()), 10, np.random.default_rng(0))
    >>> [piece.pgf.shape for piece in pieces]
    [(10, 2, 2, 2)]
    """
    counts, transfers = table.counts, table.transfers
    known = np.flatnonzero(counts.known)
    examples = counts.examples[known]
    base_rate = counts.base_errors[:, None, known] / examples
    rate = base_rate - counts.gained[:, :, known] / examples
    base_mean, mean = base_rate.mean(axis=(0, 1)), np.clip(rate.mean(axis=0), 0, 1)

    def draw(generator: np.random.Generator, size: int) -> SeedMatrices:
        pgf = np.broadcast_to(transfers.pgf, (size, *transfers.pgf.shape)).copy()
        base_shift = generator.binomial(examples, base_mean, (size, len(known))) / examples - base_mean
        shift = generator.binomial(examples, mean, (size, *mean.shape)) / examples - mean
        gap = base_rate + base_shift[:, None, None, :]
        pgf[..., known] = _over_gap(gap - rate - shift[:, None], gap)
        pgf[:, :, ~transfers.defined] = np.nan
        return pgf

    draw_null = prepare_null(table)
    for piece in _in_pieces(draw, transfers.pgf.shape, count, rng):
        yield replace(piece, null=draw_null(rng, len(piece.pgf)))


def _in_pieces(draw: DrawItems, shape: tuple[int, ...], count: int, rng: np.random.Generator) -> Iterator[Replicates]:
    size = max(1, min(count, PIECE_VALUES // int(np.prod(shape))))
    for start in range(0, count, size):
        pgf = draw(rng, min(size, count - start))
        yield Replicates(pgf=_resample_seeds(pgf, rng), same_seeds=pgf)


@dataclass(frozen=True, slots=True)
class _Column:
    """One target's scores as the right-hand side of a product with example weights."""

    change: np.ndarray
    """finetuned − base, shape example × (seed · source)."""
    gap: np.ndarray
    """ceiling − base, shape example × 1 or × (seed · source)."""


def _prepare(block: TargetBlock, ceiling: float) -> _Column:
    seeds, sources, examples = block.scores.shape
    change = block.scores - block.base[:, None]
    gap = ceiling - block.base
    if len(gap) > 1:
        gap = np.repeat(gap, sources, axis=0)
    # whole numbers up to 2²⁴ are exact in single precision, and twice as fast
    kind = np.float32 if block.exact and ceiling == 1 else np.float64
    return _Column(change.reshape(seeds * sources, examples).T.astype(kind), gap.T.astype(kind))


def _resample_examples(column: _Column, rng: np.random.Generator, size: int) -> np.ndarray:
    """PGFs of one target under resampled examples, shape replicate × (seed · source)."""
    weights = draw_weights(len(column.change), size, rng).astype(column.change.dtype)
    return _over_gap((weights @ column.change).astype(float), (weights @ column.gap).astype(float))


def draw_weights(examples: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """Draw how often each example is in each of `size` bootstrap samples.

    Complexity: O(size · examples).

    >>> draw_weights(5, 3, np.random.default_rng(0)).sum(axis=1).tolist()
    [5, 5, 5]
    """
    narrow = np.uint16 if examples < 2**16 else np.int64  # narrow integers are drawn twice as fast
    picks = rng.integers(examples, size=(size, examples), dtype=narrow)
    places = picks + np.arange(0, size * examples, examples)[:, None]
    return np.bincount(places.ravel(), minlength=size * examples).reshape(size, examples)


def _over_gap(change: np.ndarray, gap: np.ndarray) -> np.ndarray:
    if gap.size and gap.min() > ZERO:
        return change / gap
    gap = np.broadcast_to(gap, change.shape)
    return np.divide(change, gap, out=np.full(change.shape, np.nan), where=gap > ZERO)


def _resample_seeds(pgf: SeedMatrices, rng: np.random.Generator) -> SeedMatrices:
    """Draw seeds with replacement, for every source on its own."""
    size, seeds, sources, _ = pgf.shape
    if seeds == 1:
        return pgf
    picks = rng.integers(seeds, size=(size, seeds, sources))
    mean = pgf.mean(axis=1, keepdims=True)
    drawn = np.take_along_axis(pgf, picks[..., None], axis=1)
    return mean + np.sqrt(seeds / (seeds - 1)) * (drawn - mean)
