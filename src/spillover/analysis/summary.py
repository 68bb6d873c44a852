"""One matrix in a few figures: its mean, its signs, its profiles, its variance shares, and how sure they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spillover.analysis.frame import Derived, Frame, derive, mean_of_cells
from spillover.analysis.pgf import TransferArray
from spillover.analysis.profiles import Profile
from spillover.analysis.shapes import PerTarget
from spillover.analysis.spread import Spread
from spillover.analysis.variance import VarianceShares, share_squares_by_target, share_variance


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedProfile:
    """Transferability (of sources) or malleability (of targets), by name and on average."""

    positive: dict[str, float]
    """Tasks without a defined cell are not in it."""
    negative: dict[str, float]
    average_positive: float
    """Over the common tasks; over all where fewer than two are common."""
    average_negative: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The figures of one matrix, over the cells of its frame."""

    frame: Frame
    derived: Derived
    cells: int
    positive_cells: int
    negative_cells: int
    mean_points: float
    """Mean difference of accuracy; NaN where it is not known."""
    variance: VarianceShares | None
    variance_in_points: VarianceShares | None
    squares_by_target: PerTarget
    """Each target's share of the sum of squares of the seed means about their mean; NaN where nothing varies."""
    spread: Spread | None = None

    @property
    def mean(self) -> float | None:
        """Mean PGF of transfers to other tasks; None where no cell is defined."""
        return float(self.derived.mean) if self.cells else None

    @property
    def transferability(self) -> NamedProfile:
        """Δ⁺ and Δ⁻ of every source."""
        return name_profile(self.derived.transferability, self.frame.sources, self.frame.rows)

    @property
    def malleability(self) -> NamedProfile:
        """Θ⁺ and Θ⁻ of every target."""
        return name_profile(self.derived.malleability, self.frame.targets, self.frame.columns)


def name_profile(profile: Profile, names: tuple[str, ...], averaged: int) -> NamedProfile:
    """Put names to a profile of one matrix, and average its first tasks.

    Complexity: O(tasks).

    >>> name_profile(Profile(np.array([0.1, 0.3, 9.0]), np.zeros(3)), ("a", "b", "c"), 2).average_positive
    0.2
    """
    positive, negative = profile.average(averaged)

    def name(values: np.ndarray) -> dict[str, float]:
        return {task: value for task, value in zip(names, values.tolist(), strict=True) if not np.isnan(value)}

    return NamedProfile(
        positive=name(profile.positive),
        negative=name(profile.negative),
        average_positive=float(positive),
        average_negative=float(negative),
    )


def summarise(transfers: TransferArray, frame: Frame, spread: Spread | None = None) -> Summary:
    """Summarise one matrix.

    Args:
        transfers: what to summarise.
        frame: the cells that take part.
        spread: bootstrap results of the same cells.

    Complexity: O(seeds · cells).

    >>> from spillover.analysis.frame import frame_transfers
    >>> from spillover.analysis.pgf import example_transfers
    >>> transfers = example_transfers()
    >>> summary = summarise(transfers, frame_transfers(transfers))
    >>> summary.positive_cells, summary.negative_cells, summary.mean
    (0, 1, -0.25)
    """
    cells, mean = frame.reference, transfers.mean
    chosen = mean[cells]
    by_target = share_squares_by_target(mean, cells) if chosen.size else np.full(len(frame.targets), np.nan)
    known = ~np.isnan(transfers.points).any(axis=0)
    return Summary(
        frame=frame,
        derived=derive(mean, frame),
        cells=chosen.size,
        positive_cells=int((chosen > 0).sum()),
        negative_cells=int((chosen < 0).sum()),
        mean_points=float(mean_of_cells(transfers.points.mean(axis=0), cells)),
        variance=share_variance(transfers.pgf, cells),
        variance_in_points=share_variance(transfers.points, cells & known),
        squares_by_target=by_target,
        spread=spread,
    )
