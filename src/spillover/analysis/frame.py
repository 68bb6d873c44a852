"""Which cells take part, and the quantities derived from them: the same code for the data and for its replicates."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np

from spillover.analysis.pgf import TransferArray
from spillover.analysis.profiles import Profile, measure_malleability, measure_transferability, tell_signs
from spillover.analysis.shapes import Cells, Matrices, Scalars


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The cells of a matrix that take part."""

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    common: int
    """Tasks that are both source and target and stand first in both; 0 where fewer than two are."""
    excluded: tuple[str, ...]
    """Targets left out."""
    transfer: Cells
    """Defined cells of transfer to *other* tasks."""
    defined: Cells
    """Those, and the diagonal."""

    @property
    def rows(self) -> int:
        """Sources that averages are taken over, from the first."""
        return self.common or len(self.sources)

    @property
    def columns(self) -> int:
        """Targets that averages are taken over, from the first."""
        return self.common or len(self.targets)

    @property
    def reference(self) -> Cells:
        """The transfers that means, variance and counts are taken over: among the common tasks, where there are any."""
        cells = self.transfer.copy()
        cells[self.rows :, :] = False
        cells[:, self.columns :] = False
        return cells


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """Quantities of one matrix, or of many: every array has the leading axes of the matrices."""

    mean: Scalars
    """Mean PGF over the reference cells; NaN where there is none."""
    transferability: Profile
    malleability: Profile
    transferability_with_diagonal: Profile
    malleability_with_diagonal: Profile

    def map(self, change: Callable[[np.ndarray], np.ndarray]) -> Derived:
        """Apply a function to every array, such as a percentile over replicates."""

        def both(profile: Profile) -> Profile:
            return Profile(change(profile.positive), change(profile.negative))

        return Derived(
            mean=change(self.mean),
            transferability=both(self.transferability),
            malleability=both(self.malleability),
            transferability_with_diagonal=both(self.transferability_with_diagonal),
            malleability_with_diagonal=both(self.malleability_with_diagonal),
        )


def frame_transfers(
    transfers: TransferArray, excluded: Collection[str] = (), excluded_sources: Collection[str] = ()
) -> Frame:
    """Find the cells that take part.

    Where fewer than two tasks are both source and target, the whole rectangle is used (without a source's own target).

    Args:
        transfers: the matrix.
        excluded: targets to leave out, such as flagged ones.
        excluded_sources: sources to leave out.

    Complexity: O(cells).

    >>> from spillover.analysis.pgf import example_transfers
    >>> int(frame_transfers(example_transfers()).reference.sum())
    2
    """
    kept = np.array([target not in excluded for target in transfers.targets])
    kept = kept & np.array([source not in excluded_sources for source in transfers.sources], dtype=bool)[:, None]
    count = len(transfers.tasks)
    return Frame(
        sources=transfers.sources,
        targets=transfers.targets,
        common=count if count >= 2 else 0,
        excluded=tuple(name for name in transfers.targets if name in excluded),
        transfer=transfers.transfer_cells & kept,
        defined=transfers.defined & kept,
    )


def derive(pgf: Matrices, frame: Frame) -> Derived:
    """Compute mean, transferability and malleability of one matrix or of many replicates at once.

    Sources that are no targets still get a transferability (over the common tasks), and targets that are no sources a
    malleability; averages use the common tasks alone.

    Args:
        pgf: means over seeds; a NaN (a replicate whose base leaves no gap) takes no part.
        frame: the cells that take part.

    Complexity: O(batch · cells).

    >>> from spillover.analysis.pgf import example_transfers
    >>> transfers = example_transfers()
    >>> float(derive(transfers.mean, frame_transfers(transfers)).mean)
    -0.25
    """
    signed = tell_signs(pgf)
    wide, tall = np.arange(pgf.shape[-1]) < frame.columns, np.arange(pgf.shape[-2])[:, None] < frame.rows
    return Derived(
        mean=mean_of_cells(pgf, frame.reference),
        transferability=measure_transferability(signed, frame.transfer & wide),
        malleability=measure_malleability(signed, frame.transfer & tall),
        transferability_with_diagonal=measure_transferability(signed, frame.defined & wide),
        malleability_with_diagonal=measure_malleability(signed, frame.defined & tall),
    )


def mean_of_cells(pgf: Matrices, cells: Cells) -> Scalars:
    """Mean over chosen cells, those without a PGF left out; NaN where none is left.

    Complexity: O(batch · cells).

    >>> float(mean_of_cells(np.array([[1.0, np.nan]]), np.array([[True, True]])))
    1.0
    """
    present = cells & ~np.isnan(pgf)
    count = np.count_nonzero(present, axis=(-2, -1))
    total = np.where(present, pgf, 0.0).sum(axis=(-2, -1))
    return np.divide(total, count, out=np.full(np.shape(total), np.nan), where=count > 0)
