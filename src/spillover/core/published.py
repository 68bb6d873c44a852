"""Tables without the examples behind them: one PGF, or one accuracy, a source, target and seed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PGFRow:
    """One cell of a published table."""

    seed: int | str
    """As the table names it: a number or a word such as "initial"."""
    source: str
    """The task that was finetuned on."""
    target: str
    """The task that was evaluated."""
    pgf: float
    """Perfection Gap Factor as published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PGFTable:
    """A published table of PGFs of one model."""

    model: str
    rows: tuple[PGFRow, ...]
    examples: dict[str, int]
    """Examples of each target where they are known; a target may be absent."""
    origin: str
    """Where it was read, for the provenance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccuracyRow:
    """How one model did on one target as a whole."""

    source: str
    """The task that was finetuned on, or `core.scores.BASE_SOURCE`."""
    seed: int | None
    """The training seed; None for a base that serves all seeds."""
    target: str
    accuracy: float
    """0 to 1, higher is better."""
    examples: int | None
    """Examples behind it; None where that is not known. Where the accuracy is no count of right answers, as of scores
    between 0 and 1, they bound its noise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccuracyTable:
    """Accuracies of one base model and of what was finetuned from it."""

    model: str
    rows: tuple[AccuracyRow, ...]
    origin: str
    """Where it was read, for the provenance."""
