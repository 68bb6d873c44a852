"""The analysis of one model under one protocol, step by step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spillover.analysis.calibration import calibrate_cube
from spillover.analysis.controls import contrast_control
from spillover.analysis.cube import OTHER, UNPARSED, ScoreCube, TargetBlock
from spillover.analysis.facts import Facts
from spillover.analysis.findings import BaseRecord, CalibratedFindings, ModelFindings
from spillover.analysis.matrix import TransferMatrix
from spillover.analysis.pgf import TransferArray, resolve_ceilings, transfers_of_cube
from spillover.analysis.settings import AnalysisSettings, require_known_targets
from spillover.analysis.shapes import Transfers
from spillover.analysis.summary import reference_cells, summarise
from spillover.analysis.tables import TableTransfers, lay_out_table
from spillover.analysis.variance import specific_transfers
from spillover.core.errors import AnalysisError
from spillover.core.published import PGFTable


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStudy:
    """Everything that was scored of one model under one protocol."""

    cube: ScoreCube
    """The sources at the end of their training."""
    controls: tuple[ScoreCube, ...] = ()
    checkpoints: tuple[ScoreCube, ...] = ()
    """The sources earlier in their training."""


def analyze_study(study: ModelStudy, settings: AnalysisSettings, facts: Facts) -> ModelFindings:
    """Analyse one model from its examples.

    Raises:
        AnalysisError: the settings ask for what the data does not have.
    """
    cube = study.cube
    require_known_targets(settings, cube.targets)
    ceiling = resolve_ceilings(settings, cube.targets, facts, _best_scores(study))
    transfers = transfers_of_cube(cube, ceiling)
    short = {name: task.abbreviation for name, task in facts.items()}
    calibrated_cube = calibrate_cube(cube)
    calibrated = None if calibrated_cube is None else transfers_of_cube(calibrated_cube, ceiling)
    contrasts = [contrast_control(cube, control, ceiling, short) for control in study.controls]
    return ModelFindings(
        transfers=transfers,
        matrix=_matrix("PGF", transfers, transfers.mean, short),
        points=_matrix("accuracy points", transfers, transfers.points.mean(axis=0), short),
        specific=_specific(transfers, short),
        summary=summarise(transfers),
        base=_base_records(cube, calibrated_cube, facts),
        calibrated=None
        if calibrated is None
        else CalibratedFindings(
            matrix=_matrix("calibrated PGF", calibrated, calibrated.mean, short), summary=summarise(calibrated)
        ),
        controls=tuple(contrast for contrast in contrasts if contrast is not None),
        warnings=(),
    )


def analyze_table(table: PGFTable, settings: AnalysisSettings, facts: Facts) -> ModelFindings:
    """Analyse one model from a published table of PGFs.

    Raises:
        AnalysisError: the table does not fill the matrix, or another ceiling than 1 is asked for.
    """
    laid_out = lay_out_table(table)
    transfers = laid_out.transfers
    require_known_targets(settings, transfers.targets)
    if any(settings.ceiling_of(target) != 1 for target in transfers.targets):
        raise AnalysisError(
            "a published table holds PGFs with a ceiling of 1: another ceiling cannot be applied",
            where=table.origin,
            hint="leave ceiling at 1, or give scores instead of PGFs",
        )
    short = {name: task.abbreviation for name, task in facts.items()}
    return ModelFindings(
        transfers=transfers,
        matrix=_matrix("PGF", transfers, transfers.mean, short),
        points=_matrix("accuracy points", transfers, transfers.points.mean(axis=0), short),
        specific=_specific(transfers, short),
        summary=summarise(transfers),
        base=_table_records(laid_out, facts),
        calibrated=None,
        controls=(),
        warnings=(),
    )


def _best_scores(study: ModelStudy) -> dict[str, float]:
    best: dict[str, float] = {}
    for cube in (study.cube, *study.controls, *study.checkpoints):
        top = np.maximum(cube.accuracy.mean(axis=0).max(axis=0), cube.base_accuracy.mean(axis=0)[0])
        for target, value in zip(cube.targets, top.tolist(), strict=True):
            best[target] = max(best.get(target, 0.0), value)
    return best


def _matrix(title: str, transfers: TransferArray, values: Transfers, short: dict[str, str]) -> TransferMatrix:
    return TransferMatrix(
        title=title,
        sources=transfers.sources,
        targets=transfers.targets,
        abbreviations=short,
        values=values,
        undefined=transfers.undefined,
    )


def _specific(transfers: TransferArray, short: dict[str, str]) -> TransferMatrix:
    cells = reference_cells(transfers)
    values = specific_transfers(transfers.mean, cells) if cells.any() else np.full(cells.shape, np.nan)
    return _matrix("specific PGF", transfers, values, short)


def _base_records(cube: ScoreCube, calibrated: ScoreCube | None, facts: Facts) -> dict[str, BaseRecord]:
    calibrated_blocks = calibrated.blocks if calibrated else (None,) * len(cube.blocks)
    return {
        block.target: BaseRecord(
            accuracy=float(block.base.mean()),
            calibrated=None if other is None else float(other.base.mean()),
            examples=len(block.examples),
            chance=block.chance if block.chance is not None else facts[block.target].chance,
            unparsed=float((block.base_given == UNPARSED).mean()),
            letters=letter_shares(block, block.base_given),
        )
        for block, other in zip(cube.blocks, calibrated_blocks, strict=True)
    }


def letter_shares(block: TargetBlock, given: np.ndarray) -> dict[str, float]:
    """How often each option was answered, as shares of all replies; `other` for answers outside the options.

    >>> from spillover.analysis.cube import example_cube
    >>> block = example_cube().blocks[0]
    >>> letter_shares(block, block.base_given)
    {'(A)': 0.5, '(B)': 0.5}
    """
    shares = {letter: float((given == code).mean()) for code, letter in enumerate(block.letters)}
    other = float((given == OTHER).mean())
    return shares | ({"other": other} if other and block.letters else {})


def _table_records(table: TableTransfers, facts: Facts) -> dict[str, BaseRecord]:
    counts = table.counts
    records: dict[str, BaseRecord] = {}
    for column, target in enumerate(table.transfers.targets):
        examples = int(counts.examples[column])
        known = bool(counts.recovered[:, column].all())
        accuracy = 1 - float(counts.base_errors[:, column].mean()) / examples if known else None
        records[target] = BaseRecord(
            accuracy=accuracy,
            calibrated=None,
            examples=examples or None,
            chance=facts[target].chance,
            unparsed=None,
            letters={},
        )
    return records
