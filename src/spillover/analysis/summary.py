"""One matrix in a few figures: its mean, its signs, its profiles, its variance shares."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from spillover.analysis.pgf import TransferArray
from spillover.analysis.profiles import Profile, measure_malleability, measure_transferability
from spillover.analysis.shapes import Cells
from spillover.analysis.variance import VarianceShares, share_variance


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileSummary:
    """Transferability (of sources) or malleability (of targets), by name and on average."""

    positive: dict[str, float]
    negative: dict[str, float]
    average_positive: float
    average_negative: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The figures of one matrix, over the cells that take part."""

    excluded: tuple[str, ...]
    """Targets that were left out."""
    cells: int
    mean: float | None
    """Mean PGF; None where no cell is defined."""
    positive_cells: int
    negative_cells: int
    mean_points: float | None
    """Mean difference of accuracy; None where it is not known."""
    transferability: ProfileSummary
    malleability: ProfileSummary
    transferability_with_diagonal: ProfileSummary
    malleability_with_diagonal: ProfileSummary
    variance: VarianceShares | None
    variance_in_points: VarianceShares | None


def reference_cells(transfers: TransferArray) -> Cells:
    """Mark the cells that sums and averages use: transfers among the tasks that are both source and target.

    Where fewer than two tasks are both, the whole rectangle is used (without a source's own target).

    Complexity: O(cells).
    """
    cells = transfers.transfer_cells
    count = len(transfers.tasks)
    if count >= 2:
        cells = cells.copy()
        cells[count:, :] = False
        cells[:, count:] = False
    return cells


def summarise(transfers: TransferArray, excluded: Collection[str] = ()) -> Summary:
    """Summarise one matrix.

    Sources that are no targets still get a transferability (over the common tasks), and targets that are no sources a
    malleability; averages and everything else use the common tasks alone.

    Args:
        transfers: what to summarise.
        excluded: targets to leave out, such as flagged ones.

    Complexity: O(seeds · cells).

    >>> from spillover.analysis.pgf import example_transfers
    >>> summarise(example_transfers()).positive_cells, summarise(example_transfers()).negative_cells
    (0, 1)
    """
    kept = np.array([target not in excluded for target in transfers.targets])
    cells = reference_cells(transfers) & kept
    mean = transfers.mean
    chosen = mean[cells]
    points = transfers.points.mean(axis=0)[cells]
    return Summary(
        excluded=tuple(name for name in transfers.targets if name in excluded),
        cells=int(cells.sum()),
        mean=float(chosen.mean()) if chosen.size else None,
        positive_cells=int((chosen > 0).sum()),
        negative_cells=int((chosen < 0).sum()),
        mean_points=float(points.mean()) if points.size and not np.isnan(points).any() else None,
        transferability=profile_sources(transfers, transfers.transfer_cells & kept),
        malleability=profile_targets(transfers, transfers.transfer_cells & kept),
        transferability_with_diagonal=profile_sources(transfers, transfers.defined & kept),
        malleability_with_diagonal=profile_targets(transfers, transfers.defined & kept),
        variance=share_variance(transfers.pgf, cells) if cells.any() else None,
        variance_in_points=share_variance(transfers.points, cells) if cells.any() else None,
    )


def profile_sources(transfers: TransferArray, cells: Cells) -> ProfileSummary:
    """Compute the transferability of every source over the common tasks (over all targets where there are none).

    Complexity: O(cells).
    """
    count = len(transfers.tasks)
    width = count if count >= 2 else len(transfers.targets)
    profile = measure_transferability(transfers.mean[:, :width], cells[:, :width])
    return _named(profile, transfers.sources, count if count >= 2 else len(transfers.sources))


def profile_targets(transfers: TransferArray, cells: Cells) -> ProfileSummary:
    """Compute the malleability of every target over the common tasks (over all sources where there are none).

    Complexity: O(cells).
    """
    count = len(transfers.tasks)
    height = count if count >= 2 else len(transfers.sources)
    profile = measure_malleability(transfers.mean[:height], cells[:height])
    return _named(profile, transfers.targets, count if count >= 2 else len(transfers.targets))


def _named(profile: Profile, names: tuple[str, ...], averaged: int) -> ProfileSummary:
    positive, negative = profile.positive.tolist(), profile.negative.tolist()
    return ProfileSummary(
        positive=dict(zip(names, positive, strict=True)),
        negative=dict(zip(names, negative, strict=True)),
        average_positive=float(np.mean(positive[:averaged])),
        average_negative=float(np.mean(negative[:averaged])),
    )
