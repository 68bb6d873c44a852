"""Personas: donors and pirates among sources, sponges and sieves among targets.

donor: its row is above 0 · pirate: its row is below 0 · sponge: its column is above 0 · sieve: its column is below 0.
Sachdeva et al., CVPR 2026 (arXiv 2511.18787), section on personas. Three kinds are told apart: the paper's *raw* ones,
which are descriptive; *calibrated* ones, which are tested; and *specific* ones, from the interaction alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spillover.analysis.cube import ScoreCube
from spillover.analysis.discoveries import adjust_p
from spillover.analysis.frame import Frame
from spillover.analysis.nested import infer_columns
from spillover.analysis.pgf import TransferArray
from spillover.analysis.shapes import Transfers
from spillover.analysis.signed_rank import signed_rank_p

PERSONAS = ("donor", "pirate", "sponge", "sieve")


@dataclass(frozen=True, slots=True, kw_only=True)
class Personas:
    """Which tasks hold which persona."""

    donor: tuple[str, ...]
    pirate: tuple[str, ...]
    sponge: tuple[str, ...]
    sieve: tuple[str, ...]

    def and_also(self, other: Personas) -> Personas:
        """Keep what holds in both.

        >>> both = Personas(donor=("a", "b"), pirate=(), sponge=(), sieve=())
        >>> both.and_also(Personas(donor=("b",), pirate=("a",), sponge=(), sieve=())).donor
        ('b',)
        """
        return Personas(
            donor=tuple(task for task in self.donor if task in other.donor),
            pirate=tuple(task for task in self.pirate if task in other.pirate),
            sponge=tuple(task for task in self.sponge if task in other.sponge),
            sieve=tuple(task for task in self.sieve if task in other.sieve),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AllPersonas:
    """The three kinds of personas of one model."""

    raw: Personas
    """As in the paper: pools dependent values, so descriptive and never to be printed as significant."""
    calibrated: Personas
    specific: Personas
    without_flagged: Personas
    """The calibrated ones once flagged targets are left out."""
    columns_tested: bool
    """False from a published table: without examples the shared base rules out a test of columns."""


def assign_raw(transfers: TransferArray, frame: Frame, rate: float) -> Personas:
    """Assign the paper's personas: signed-rank over PGFs pooled over seeds, Benjamini-Hochberg within each kind.

    Pooling counts dependent values as independent: under pure noise about 9 of 13 tasks come out as sponge or sieve.

    Args:
        transfers: seed-level PGFs.
        frame: the cells that take part.
        rate: level of Benjamini-Hochberg.

    Complexity: O(seeds · cells · log).

    >>> from spillover.analysis.pgf import example_transfers
    >>> from spillover.analysis.frame import frame_transfers
    >>> assign_raw(example_transfers(), frame_transfers(example_transfers()), 0.05).donor
    ()
    """
    p = _signed_rank_rows_and_columns(transfers.pgf, frame)
    adjusted = np.array([adjust_p(kind, np.ones(len(kind), dtype=bool)) for kind in p])
    return _name(adjusted <= rate, _tasks(frame))


def assign_calibrated(transfers: TransferArray, frame: Frame, rate: float, cube: ScoreCube | None) -> Personas:
    """Assign personas by tests that respect what is independent of what.

    Rows by signed-rank on the seed means (targets are the sample); columns by the crossed test on the mean over sources
    (sources fixed, seeds nested in sources); Benjamini-Hochberg over all 4n tests, without a cube over the 2n of rows.

    Args:
        transfers: seed-level PGFs.
        frame: the cells that take part.
        rate: level of Benjamini-Hochberg.
        cube: the examples; without them columns cannot be tested, because all cells of one share its base.

    Complexity: O(cells · log) and, with a cube, O(seeds · sources · examples) a target.

    >>> from spillover.analysis.pgf import example_transfers
    >>> from spillover.analysis.frame import frame_transfers
    >>> assign_calibrated(example_transfers(), frame_transfers(example_transfers()), 0.05, None).sieve
    ()
    """
    p = _signed_rank_rows_and_columns(transfers.mean[None], frame)
    p[2:] = np.nan if cube is None else infer_columns(cube, frame)
    return _name(adjust_p(p, np.ones(p.shape, dtype=bool)) <= rate, _tasks(frame))


def assign_specific(specific: Transfers, frame: Frame, rate: float) -> Personas:
    """Assign personas from the interaction alone: signed-rank on it, Benjamini-Hochberg over all 4n tests.

    The interaction sums to 0 over every row and column, so this is relative: it says where most of a task's specific
    transfers lean, and is never evidence of absolute help or harm.

    Args:
        specific: from `specific_transfers`.
        frame: the cells that take part.
        rate: level of Benjamini-Hochberg.

    Complexity: O(cells · log).

    >>> from spillover.analysis.pgf import example_transfers
    >>> from spillover.analysis.frame import frame_transfers
    >>> assign_specific(np.zeros((2, 2)), frame_transfers(example_transfers()), 0.05).pirate
    ()
    """
    p = _signed_rank_rows_and_columns(specific[None], frame)
    return _name(adjust_p(p, np.ones(p.shape, dtype=bool)) <= rate, _tasks(frame))


def find_consistent(personas: Sequence[Personas]) -> Personas:
    """Keep the personas that hold for every model.

    Complexity: O(models · tasks²).

    >>> one = Personas(donor=("a",), pirate=(), sponge=(), sieve=())
    >>> find_consistent([one, one]).donor
    ('a',)
    """
    first, *others = personas
    for other in others:
        first = first.and_also(other)
    return first


def _tasks(frame: Frame) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return frame.sources[: frame.rows], frame.targets[: frame.columns]


def _signed_rank_rows_and_columns(pgf: np.ndarray, frame: Frame) -> np.ndarray:
    """One-sided p of donor, pirate, sponge and sieve; NaN without cells or beyond the rows or columns."""
    cells = frame.reference
    p = np.full((4, max(frame.rows, frame.columns)), np.nan)
    for row in np.flatnonzero(cells[: frame.rows].any(axis=1)).tolist():
        for kind, above in ((0, True), (1, False)):
            p[kind, row] = signed_rank_p(pgf[:, row, cells[row]].ravel(), above=above)
    for column in np.flatnonzero(cells[:, : frame.columns].any(axis=0)).tolist():
        for kind, above in ((2, True), (3, False)):
            p[kind, column] = signed_rank_p(pgf[:, cells[:, column], column].ravel(), above=above)
    return p


def _name(held: np.ndarray, tasks: tuple[tuple[str, ...], tuple[str, ...]]) -> Personas:
    rows, columns = tasks

    def pick(names: tuple[str, ...], kind: int) -> tuple[str, ...]:
        return tuple(name for name, holds in zip(names, held[kind].tolist(), strict=False) if holds)

    return Personas(donor=pick(rows, 0), pirate=pick(rows, 1), sponge=pick(columns, 2), sieve=pick(columns, 3))
