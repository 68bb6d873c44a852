"""What is known of one model before its findings are assembled: the same form from examples and from a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from spillover.analysis.answers import TargetAnswers, describe_answers
from spillover.analysis.bootstrap import Replicates, replicate_cube, replicate_table
from spillover.analysis.calibration import calibrate_cube
from spillover.analysis.context import Context
from spillover.analysis.counted import infer_table, name_basis
from spillover.analysis.crossed import compute_mcnemar_p, infer_cube
from spillover.analysis.cube import ScoreCube
from spillover.analysis.fieller import CellInference
from spillover.analysis.pgf import TransferArray, transfers_of_cube
from spillover.analysis.records import BaseRecord, record_base, record_table_base
from spillover.analysis.shapes import PerTarget
from spillover.analysis.tables import TableTransfers
from spillover.analysis.unseen import limit_pgf

Draw = Callable[[np.random.Generator], Iterable[Replicates]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Transfers of one model with everything that findings are made of."""

    transfers: TransferArray
    inference: CellInference
    basis: tuple[str, ...]
    """By target: what intervals rest on."""
    draw: Draw
    """Draws bootstrap replicates; none where neither examples nor seeds can be drawn."""
    unsampled: np.ndarray
    """Targets, as true or false, of which replicates cannot draw other examples."""
    unseen: PerTarget
    """The largest PGF that may hide where no answer differs; NaN where examples are not known (see `unseen`)."""
    base: dict[str, BaseRecord]
    gap: PerTarget
    """Answers between base and ceiling; NaN where counts are not known."""
    correct: tuple[np.ndarray | None, ...]
    """Number correct by target, shape seed × source; None where not known."""
    accuracy: np.ndarray
    """Shape source × target, mean over seeds; NaN where not known."""
    mcnemar: tuple[np.ndarray | None, ...]
    answers: tuple[TargetAnswers, ...]
    cube: ScoreCube | None
    calibrated: ScoreCube | None


def gather_cube(cube: ScoreCube, context: Context) -> Material:
    """Gather what a cube of scores says.

    Complexity: O(seeds · sources · examples) a target.

    >>> from spillover.analysis.cube import example_cube
    >>> from spillover.analysis.context import example_context
    >>> gather_cube(example_cube(), example_context()).gap.tolist()
    [2.0, 3.0]
    """
    ceiling = context.ceiling(cube.targets)
    calibrated = calibrate_cube(cube)
    answers = describe_answers(cube)
    basis = "examples × seeds" if len(cube.seeds) > 1 else "examples only: one seed"
    gap = ceiling - cube.base_accuracy.mean(axis=0)[0]
    return Material(
        transfers=transfers_of_cube(cube, ceiling),
        inference=infer_cube(cube, ceiling, context.settings.confidence),
        basis=(basis,) * len(cube.targets),
        draw=lambda rng: replicate_cube(cube, ceiling, context.settings.replicates, rng),
        unsampled=np.zeros(len(cube.targets), dtype=bool),
        unseen=limit_pgf(cube.examples, gap, context.settings.confidence),
        base=record_base(cube, calibrated, context),
        gap=np.round(gap * cube.examples, 9),
        correct=tuple(answer.correct for answer in answers),
        accuracy=cube.accuracy.mean(axis=0),
        mcnemar=tuple(compute_mcnemar_p(block) for block in cube.blocks),
        answers=answers,
        cube=cube,
        calibrated=calibrated,
    )


def gather_table(table: TableTransfers, context: Context) -> Material:
    """Gather what a published table says.

    Complexity: O(seeds · cells).

    >>> from spillover.analysis.context import example_context
    >>> from spillover.analysis.tables import example_table, lay_out_table
    >>> gather_table(lay_out_table(example_table()), example_context()).gap.tolist()
    [37.0, nan]
    """
    counts, transfers = table.counts, table.transfers
    known = counts.known
    something_varies = len(transfers.seeds) > 1 or bool((known & transfers.defined.any(axis=0)).any())
    accuracy = np.full(transfers.pgf.shape[1:], np.nan) if table.accuracy is None else table.accuracy.copy()
    accuracy[:, known] = counts.correct.mean(axis=0)[:, known] / counts.examples[known]
    if table.accuracy is None:
        accuracy[~transfers.defined] = np.nan
    errors = np.where(known, counts.base_errors.mean(axis=0), np.nan)
    examples = np.where(known, counts.examples, 0)
    return Material(
        transfers=transfers,
        inference=infer_table(table, context.settings.confidence),
        basis=tuple(name_basis(table, column) for column in range(len(transfers.targets))),
        draw=lambda rng: replicate_table(table, context.settings.replicates if something_varies else 0, rng),
        unsampled=~known,
        unseen=limit_pgf(examples, errors / np.maximum(examples, 1), context.settings.confidence),
        base=record_table_base(table, context),
        gap=errors,
        correct=tuple(counts.correct[:, :, column] if known[column] else None for column in range(len(known))),
        accuracy=accuracy,
        mcnemar=(None,) * len(known),
        answers=(),
        cube=None,
        calibrated=None,
    )
