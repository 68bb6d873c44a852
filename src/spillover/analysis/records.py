"""What is recorded of the base on every target, from examples or from a published table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spillover.analysis.answers import balance_accuracy, share_letters
from spillover.analysis.context import Context
from spillover.analysis.cube import UNPARSED, ScoreCube, TargetBlock
from spillover.analysis.tables import TableTransfers


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseRecord:
    """How the base does on one target before any finetuning."""

    accuracy: float | None
    """None where only PGFs are known and counts could not be recovered."""
    calibrated: float | None
    """After letter-prior calibration; None where log-probabilities are not known."""
    examples: int | None
    ceiling: float
    """The score at which nothing is left to gain, 0–1."""
    chance: float | None
    unparsed: float | None
    """Share of replies from which no answer could be read."""
    letters: dict[str, float]
    """How often each option was answered, as shares."""
    balanced: float | None = None
    """Accuracy with every right letter counted equally; None for open questions."""
    labels: dict[str, float]
    """How often each option is the right answer, as shares."""
    possible_errors: tuple[int, ...] = ()
    """What the number of wrong answers may be, where several numbers fit the published PGFs."""


def record_base(cube: ScoreCube, calibrated: ScoreCube | None, context: Context) -> dict[str, BaseRecord]:
    """Record the base of every target of a cube.

    Complexity: O(examples · letters).

    >>> from spillover.analysis.context import example_context
    >>> from spillover.analysis.cube import example_cube
    >>> record_base(example_cube(), None, example_context())["Counting"].accuracy
    0.25
    """
    others = calibrated.blocks if calibrated else (None,) * len(cube.blocks)
    return {block.target: _record(block, other, context) for block, other in zip(cube.blocks, others, strict=True)}


def _record(block: TargetBlock, calibrated: TargetBlock | None, context: Context) -> BaseRecord:
    balanced = float(balance_accuracy(block.base, block.answers).mean())
    return BaseRecord(
        accuracy=float(block.base.mean()),
        calibrated=None if calibrated is None else float(calibrated.base.mean()),
        examples=len(block.examples),
        ceiling=context.ceilings[block.target],
        chance=block.chance if block.chance is not None else context.facts[block.target].chance,
        unparsed=float((block.base_given == UNPARSED).mean()),
        letters=share_letters(block, block.base_given),
        balanced=None if np.isnan(balanced) else balanced,
        labels=share_letters(block, block.answers),
    )


def record_table_base(table: TableTransfers, context: Context) -> dict[str, BaseRecord]:
    """Record what a published table still says of the base.

    Complexity: O(seeds · targets).

    >>> from spillover.analysis.context import example_context
    >>> from spillover.analysis.tables import example_table, lay_out_table
    >>> record_table_base(lay_out_table(example_table()), example_context())["a"].accuracy
    0.26
    """
    counts = table.counts
    records: dict[str, BaseRecord] = {}
    for column, target in enumerate(table.transfers.targets):
        examples = int(counts.examples[column])
        known = bool(counts.known[column])
        records[target] = BaseRecord(
            accuracy=1 - float(counts.base_errors[:, column].mean()) / examples if known else _given(table, column),
            calibrated=None,
            examples=examples or None,
            ceiling=1.0,  # of PGFs as they were published nothing else can be said
            chance=context.facts[target].chance,
            unparsed=None,
            letters={},
            labels={},
            possible_errors=counts.possible[column] if counts.possible else (),
        )
    return records


def _given(table: TableTransfers, column: int) -> float | None:
    return None if table.base_accuracy is None else float(table.base_accuracy[column])
