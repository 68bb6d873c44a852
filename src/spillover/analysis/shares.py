"""Variance shares with what the sampling of examples puts into them taken out, and their intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spillover.analysis.bootstrap import Replicates
from spillover.analysis.pgf import TransferArray
from spillover.analysis.shapes import Cells
from spillover.analysis.variance import SumsOfSquares, VarianceShares, form_shares, has_two_ways, sum_squares

FEWEST_FOR_SHARES = 100
"""Fewer replicates in which every cell has a PGF give no interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SquaresPiece:
    """Sums of squares of some replicates."""

    drawn: SumsOfSquares
    """Of other examples and other seeds."""
    from_examples: SumsOfSquares
    """Of the deviations that other examples alone make."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SharesSpread:
    """Intervals of variance shares, and the shares corrected for examples."""

    low: VarianceShares
    high: VarianceShares
    without_examples: VarianceShares | None
    """Its corrected shares leave out seeds *and* the sampling of examples; None where it cannot be told."""
    low_without_examples: VarianceShares | None
    high_without_examples: VarianceShares | None


def square_piece(piece: Replicates, transfers: TransferArray, cells: Cells) -> SquaresPiece | None:
    """Compute the sums of squares of the replicates in which every cell that takes part has a PGF.

    Complexity: O(replicates · seeds · cells).

    >>> from spillover.analysis.pgf import example_transfers
    >>> piece = Replicates(pgf=np.zeros((5, 1, 2, 2)), same_seeds=np.zeros((5, 1, 2, 2)))
    >>> square_piece(piece, example_transfers(), np.ones((2, 2), dtype=bool)).drawn.target.shape
    (5,)
    """
    if not has_two_ways(cells):
        return None
    columns = cells.any(axis=0)
    whole = ~np.isnan(piece.pgf[:, :, :, columns]).any(axis=(1, 2, 3))
    if not whole.any():
        return None
    pgf, same_seeds = (piece.pgf, piece.same_seeds) if whole.all() else (piece.pgf[whole], piece.same_seeds[whole])
    return SquaresPiece(drawn=sum_squares(pgf, cells), from_examples=sum_squares(same_seeds - transfers.pgf, cells))


def spread_shares(
    pieces: list[SquaresPiece], transfers: TransferArray, cells: Cells, tail: float
) -> SharesSpread | None:
    """Turn sums of squares of replicates into corrected shares and percentile intervals.

    What example sampling puts into a factor is the mean sum of squares of the deviations that resampled examples make
    (the base is shared in a column, so most of it falls on targets), less its part that already counts as noise of
    seeds. A replicate holds noise twice, once from the data and once from its own draw, so its sums of squares are too
    large, and not alike: of the published 3B table the noise of seeds would have a share of 7 % and an interval of 2 to
    5 %. So they are moved back to the data's first. In simulation the intervals then cover more often than they say.

    Args:
        pieces: from `square_piece`.
        transfers: the data.
        cells: the cells that take part.
        tail: percent left out on each side.

    Returns:
        None where fewer than `FEWEST_FOR_SHARES` are there.

    Complexity: O(replicates).

    >>> from spillover.analysis.pgf import example_transfers
    >>> spread_shares([], example_transfers(), np.ones((2, 2), dtype=bool), 2.5) is None
    True
    """
    if sum(len(piece.drawn.target) for piece in pieces) < FEWEST_FOR_SHARES:
        return None
    raw = sum_squares(transfers.pgf, cells)
    drawn = _recentre(_join([piece.drawn for piece in pieces]), raw)
    shares = form_shares(drawn)
    low, high = _percentile(shares, tail), _percentile(shares, 100 - tail)
    if len(transfers.seeds) == 1:  # seeds cannot be told apart from the interaction: nothing to correct
        return SharesSpread(
            low=low, high=high, without_examples=None, low_without_examples=None, high_without_examples=None
        )
    by_examples = _join([piece.from_examples for piece in pieces])
    target, source, interaction = (float(part.mean()) for part in by_examples.without_noise)
    corrected = form_shares(drawn, (target, source, interaction))
    return SharesSpread(
        low=low,
        high=high,
        without_examples=form_shares(raw, (target, source, interaction)),
        low_without_examples=_percentile(corrected, tail),
        high_without_examples=_percentile(corrected, 100 - tail),
    )


def _recentre(drawn: SumsOfSquares, data: SumsOfSquares) -> SumsOfSquares:
    """Move the median of each sum of squares to the data's: a mean would follow a nearly saturated target's tail."""

    def move(values: np.ndarray, own: np.ndarray) -> np.ndarray:
        return np.maximum(values - np.median(values) + own, 0.0)

    return SumsOfSquares(
        target=move(drawn.target, data.target),
        source=move(drawn.source, data.source),
        interaction=move(drawn.interaction, data.interaction),
        noise=move(drawn.noise, data.noise),
        freedom=drawn.freedom,
    )


def _percentile(shares: VarianceShares, percent: float) -> VarianceShares:
    def pick(values: np.ndarray) -> np.ndarray:
        present = values[~np.isnan(values)]
        return np.asarray(np.percentile(present, percent) if present.size else np.nan)

    return VarianceShares(
        target=pick(shares.target),
        source_given_target=pick(shares.source_given_target),
        interaction=pick(shares.interaction),
        seed_noise=pick(shares.seed_noise),
        corrected_target=pick(shares.corrected_target),
        corrected_source=pick(shares.corrected_source),
        corrected_interaction=pick(shares.corrected_interaction),
    )


def _join(parts: list[SumsOfSquares]) -> SumsOfSquares:
    return SumsOfSquares(
        target=np.concatenate([part.target for part in parts]),
        source=np.concatenate([part.source for part in parts]),
        interaction=np.concatenate([part.interaction for part in parts]),
        noise=np.concatenate([part.noise for part in parts]),
        freedom=parts[0].freedom,
    )
