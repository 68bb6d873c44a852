"""How far the derived quantities of a matrix would move with other examples and other seeds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from spillover.analysis.bootstrap import Replicates
from spillover.analysis.frame import Derived, Frame, derive, mean_of_cells
from spillover.analysis.pgf import ZERO, TransferArray
from spillover.analysis.profiles import Profile, mean_present
from spillover.analysis.shapes import Matrices, PerTarget, Transfers
from spillover.analysis.shares import SharesSpread, SquaresPiece, spread_shares, square_piece
from spillover.analysis.unseen import derive_reach, widen_derived, widen_profile


@dataclass(frozen=True, slots=True, kw_only=True)
class CliquePairs:
    """A clique to look for in every replicate."""

    pairs: np.ndarray
    """Its ordered pairs, as places in the flattened matrix."""
    positive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Bootstrap results of one matrix."""

    replicates: Derived
    """Leading axis: replicates."""
    low: Derived
    high: Derived
    unseen: PerTarget
    """The largest PGF that may hide where no answer differs, by target (see `unseen`); NaN where not known."""
    noise: Derived
    """What each quantity would be if there were no transfer at all: from centred replicates, or from a table's own
    noise (see `null_noise`). Leading axis: replicates."""
    standard_error: Transfers
    """Of every cell's mean PGF; NaN where undefined."""
    shares: SharesSpread | None
    membership: tuple[float, ...]
    """Share of replicates in which each clique holds."""
    tail: float
    """Percent left out on each side of an interval."""
    unsampled: tuple[str, ...] = ()
    """Targets with transfers whose counts of right answers are not known: replicates draw no other examples of them, so
    every interval that they are in is too narrow, and every noise floor too low."""

    def withhold(self, unsampled: tuple[str, ...], frozen: np.ndarray) -> Spread:
        """Take back what replicates cannot say.

        Args:
            unsampled: targets of which no other examples were drawn.
            frozen: targets, as true or false, that are alike in all replicates, for no other seeds were drawn either.
        """

        def forget(derived: Derived) -> Derived:
            def hide(profile: Profile) -> Profile:
                return Profile(*(np.where(frozen, np.nan, side) for side in (profile.positive, profile.negative)))

            return replace(
                derived,
                malleability=hide(derived.malleability),
                malleability_with_diagonal=hide(derived.malleability_with_diagonal),
            )

        return replace(
            self,
            low=forget(self.low),
            high=forget(self.high),
            noise=forget(self.noise),
            standard_error=np.where(frozen, np.nan, self.standard_error),
            shares=None,
            unsampled=unsampled,
        )

    @property
    def floor(self) -> Derived:
        """What each quantity would be, on average, if there were no transfer at all."""
        return self.noise.map(lambda values: mean_present(values, 0))

    def average_intervals(self, frame: Frame) -> dict[str, dict[str, list[float]]]:
        """Intervals of the *averages* over tasks, which the ends of the single tasks' intervals do not give."""
        reach = derive_reach(self.unseen, frame)
        found: dict[str, dict[str, list[float]]] = {}
        for name in ("transferability", "malleability"):
            for kind in (name, f"{name}_with_diagonal"):
                of_sources = name == "transferability"
                count = frame.rows if of_sources else frame.columns
                averages = getattr(self.replicates, kind).average(count)
                low, high = (
                    Profile(*(percentile(side[:, None], at) for side in averages))
                    for at in (self.tail, 100 - self.tail)
                )
                limits = getattr(reach, kind).positive[:count]
                # all that goes unseen is on one target
                far = np.array([limits.mean() if of_sources else limits.max() / count])
                low, high = widen_profile(low, high, Profile(far, -far))
                found[kind] = {
                    side: [getattr(low, side).item(), getattr(high, side).item()] for side in ("positive", "negative")
                }
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Digest:
    """What is kept of one piece of replicates."""

    derived: Derived
    noise: Derived
    deviations: Transfers
    """Sum over replicates of the deviation from the data; a replicate without a PGF counts as none."""
    squared_deviations: Transfers
    squares: SquaresPiece | None
    held: np.ndarray


def summarise_replicates(
    pieces: Iterable[Replicates],
    transfers: TransferArray,
    frame: Frame,
    confidence: float,
    members: Sequence[CliquePairs] = (),
    unseen: PerTarget | None = None,
) -> Spread | None:
    """Turn replicates into intervals, noise floors, standard errors and membership probabilities.

    Intervals are percentiles. Δ and Θ of a noisy matrix lie further from 0 than the truth (see `Spread.floor`), and
    those of its replicates twice as far, so an interval may lie beyond its estimate: read it against the floor. Where
    no answer differs all replicates are alike; there, the interval of the mean, and of a Δ or Θ that is 0 in all of
    them, reaches as far as the rule of three allows (see `unseen`).

    Args:
        pieces: replicates, piece by piece.
        transfers: the data.
        frame: the cells that take part.
        confidence: coverage.
        members: cliques whose membership is counted.
        unseen: the largest PGF that may hide where no answer differs, by target; None where it is known of none.

    Returns:
        None where there are no replicates.

    Complexity: O(replicates · seeds · cells).

    >>> from spillover.analysis.cube import example_cube
    >>> from spillover.analysis.pgf import example_transfers
    >>> from spillover.analysis.bootstrap import replicate_cube
    >>> from spillover.analysis.frame import frame_transfers
    >>> pieces = replicate_cube(example_cube(), np.ones(2), 200, np.random.default_rng(0))
    >>> spread = summarise_replicates(pieces, example_transfers(), frame_transfers(example_transfers()), 0.95)
    >>> bool(spread.low.mean < -0.25 < spread.high.mean)
    True
    """
    parts = [_digest(piece, transfers, frame, members) for piece in pieces]
    if not parts:
        return None
    derived = _join([part.derived for part in parts])
    count, tail = len(derived.mean), 50 * (1 - confidence)
    shift = np.sum([part.deviations for part in parts], axis=0) / count
    square = np.sum([part.squared_deviations for part in parts], axis=0) / count
    pieces_of_squares = [part.squares for part in parts if part.squares is not None]
    unseen = np.full(len(frame.targets), np.nan) if unseen is None else unseen
    ends = (
        derived.map(lambda values: percentile(values, tail)),
        derived.map(lambda values: percentile(values, 100 - tail)),
    )
    low, high = widen_derived(ends, mean_of_cells(transfers.mean, frame.reference), derive_reach(unseen, frame))
    return Spread(
        replicates=derived,
        low=low,
        high=high,
        unseen=unseen,
        noise=_join([part.noise for part in parts]),
        standard_error=np.where(transfers.defined, np.sqrt(np.maximum(square - shift**2, 0.0)), np.nan),
        shares=spread_shares(pieces_of_squares, transfers, frame.reference, tail),
        tail=tail,
        membership=tuple((np.sum([part.held for part in parts], axis=0) / count).tolist()) if members else (),
    )


def percentile(values: np.ndarray, percent: float | tuple[float, ...]) -> np.ndarray:
    """Percentile over the leading axis, replicates without a value left out; NaN where none has one.

    Several percentiles come along a new leading axis.

    Complexity: O(values).

    >>> percentile(np.array([1.0, 3.0, np.nan]), 50).tolist()
    2.0
    """
    lines = np.ascontiguousarray(values.reshape(len(values), -1).T)  # selection is twice as fast along lines of memory
    shape = np.shape(percent)
    result = np.full((*shape, len(lines)), np.nan)
    holes = np.isnan(lines).any(axis=1)
    result[..., ~holes] = np.percentile(lines if not holes.any() else lines[~holes], percent, axis=1)
    for index in np.flatnonzero(holes):
        present = lines[index][~np.isnan(lines[index])]
        result[..., index] = np.percentile(present, percent) if present.size else np.nan
    return result.reshape((*shape, *values.shape[1:]))


def _digest(piece: Replicates, transfers: TransferArray, frame: Frame, members: Sequence[CliquePairs]) -> _Digest:
    mean = piece.pgf.mean(axis=1)
    deviation = mean - transfers.mean
    clean = np.nan_to_num(deviation)
    return _Digest(
        derived=derive(mean, frame),
        noise=derive(deviation if piece.null is None else piece.null, frame),
        deviations=clean.sum(axis=0),
        squared_deviations=np.square(clean).sum(axis=0),
        squares=square_piece(piece, transfers, frame.reference),
        held=_count_held(mean, members),
    )


def _count_held(mean: Matrices, members: Sequence[CliquePairs]) -> np.ndarray:
    """In how many replicates all pairs of each clique have its sign."""
    flat = mean.reshape(len(mean), -1)
    sides = {True: flat > ZERO, False: flat < -ZERO}
    return np.array([sides[member.positive][:, member.pairs].all(axis=1).sum() for member in members], dtype=float)


def _join(parts: list[Derived]) -> Derived:
    def profile(name: str) -> Profile:
        sides = [getattr(part, name) for part in parts]
        return Profile(
            np.concatenate([side.positive for side in sides]), np.concatenate([side.negative for side in sides])
        )

    return Derived(
        mean=np.concatenate([part.mean for part in parts]),
        transferability=profile("transferability"),
        malleability=profile("malleability"),
        transferability_with_diagonal=profile("transferability_with_diagonal"),
        malleability_with_diagonal=profile("malleability_with_diagonal"),
    )
