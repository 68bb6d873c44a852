"""Tables that others published: one PGF a source, target and seed, without the examples behind it."""

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
