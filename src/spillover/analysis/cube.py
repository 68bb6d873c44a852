"""Aligned scores: every finetuned model on every target, example by example, beside the base.

A cube has no holes. Where a cell is missing, building it is an error that lists the jobs (see `alignment`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from spillover.analysis.settings import VerificationSettings
from spillover.analysis.shapes import (
    Answers,
    BaseAccuracies,
    BaseAnswers,
    BaseOptions,
    BaseScores,
    PerTarget,
    SeedAnswers,
    SeedOptions,
    SeedScores,
    SeedTransfers,
)
from spillover.tasks.settings import Recipe

UNPARSED = -1
"""Code of an answer that could not be read from the reply."""
OTHER = -2
"""Code of an answer that was read but is none of the options."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetBlock:
    """All answers to the examples of one target."""

    target: str
    examples: tuple[str, ...]
    """Ids, in the order of every `example` axis here."""
    letters: tuple[str, ...]
    """The options that occur, such as "(A)" and "(B)"; empty for open questions."""
    answers: Answers
    """The right answer of each example, an index into `letters` or a negative code."""
    option_counts: Answers
    """Options of each example; 0 for open questions."""
    base: BaseScores
    scores: SeedScores
    base_given: BaseAnswers
    """Answers of the base, shape base × example: indices into `letters` or negative codes."""
    given: SeedAnswers
    """Answers of the finetuned models, shape seed × source × example."""
    base_log_probabilities: BaseOptions | None
    """Shape base × example × option, NaN beyond an example's options; None where they are not known."""
    log_probabilities: SeedOptions | None
    """Shape seed × source × example × option."""

    @property
    def exact(self) -> bool:
        """Whether every score is right or wrong, so that counts and exact tests make sense."""
        return all(bool(((scores == 0) | (scores == 1)).all()) for scores in (self.base, self.scores))

    @property
    def chance(self) -> float | None:
        """Expected score of a blind guess among the options; None for open questions."""
        if not self.option_counts.size or self.option_counts.min() < 1:
            return None
        return float((1 / self.option_counts).mean())


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreCube:
    """The scores of one model under one protocol; sources, targets and seeds are those of every block."""

    model: str
    protocol: str
    control: str | None = None
    """The kind of control that the sources are (`shuffled`, `own`); None for real sources."""
    fraction: float = 1.0
    """How much of the training had been done."""
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    seeds: tuple[int, ...]
    blocks: tuple[TargetBlock, ...]
    """One a target, in the order of `targets`."""
    mixtures: Mapping[str, Recipe] = field(default_factory=dict[str, Recipe])
    """Which of the sources are mixtures of tasks, and what is in them; it may name others, too."""
    verifications: tuple[VerificationSettings, ...] = ()
    """Which sources are a chosen mixture and its rivals."""

    @property
    def accuracy(self) -> SeedTransfers:
        """Mean score of each finetuned model, shape seed × source × target.

        >>> example_cube().accuracy.shape
        (1, 2, 2)
        """
        return np.stack([block.scores.mean(axis=-1) for block in self.blocks], axis=-1)

    @property
    def base_accuracy(self) -> BaseAccuracies:
        """Mean score of the base, shape (1 or seed) × 1 × target."""
        widest = max(len(block.base) for block in self.blocks)
        columns = [np.broadcast_to(block.base.mean(axis=-1), (widest,)) for block in self.blocks]
        return np.stack(columns, axis=-1)[:, None, :]

    @property
    def examples(self) -> PerTarget:
        """Number of examples of each target."""
        return np.array([len(block.examples) for block in self.blocks], dtype=float)


def example_cube() -> ScoreCube:
    """Build a tiny cube of two tasks and four examples, for doctests and first steps.

    Complexity: O(1).

    >>> example_cube().base_accuracy.round(2).tolist()
    [[[0.5, 0.25]]]
    """
    outcomes = {
        "Jigsaw": ([1, 1, 0, 0], [[1, 1, 1, 0], [1, 0, 0, 0]]),
        "Counting": ([1, 0, 0, 0], [[1, 0, 0, 0], [1, 1, 1, 0]]),
    }
    blocks = [_example_block(target, *rows) for target, rows in outcomes.items()]
    names = tuple(outcomes)
    return ScoreCube(model="tiny", protocol="letters", sources=names, targets=names, seeds=(0,), blocks=tuple(blocks))


def _example_block(target: str, base: list[int], finetuned: list[list[int]]) -> TargetBlock:
    scores = np.array([finetuned], dtype=float)
    right = np.zeros(len(base), dtype=int)
    return TargetBlock(
        target=target,
        examples=tuple(f"{target}_{index}" for index in range(len(base))),
        letters=("(A)", "(B)"),
        answers=right,
        option_counts=np.full(len(base), 2),
        base=np.array([base], dtype=float),
        scores=scores,
        base_given=1 - np.array([base]),
        given=1 - scores.astype(int),
        base_log_probabilities=None,
        log_probabilities=None,
    )
