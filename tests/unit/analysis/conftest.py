"""Small studies with known answers, as tables of scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from spillover.analysis.cube import ScoreCube, TargetBlock
from spillover.core.scores import Score, table_from_scores

LETTERS = ("(A)", "(B)")
TASKS = ("Jigsaw", "Counting", "Relative_Depth")


def draw_scores(
    tasks: tuple[str, ...] = TASKS,
    *,
    seeds: tuple[int | None, ...] = (0, 1),
    examples: int = 30,
    rng_seed: int = 0,
    **fixed: Any,
) -> Iterator[Score]:
    """A base and a finetuned model a task and seed; the right letter is drawn by a model-specific skill."""
    rng = np.random.default_rng(rng_seed)
    runs: list[tuple[str, int | None]] = [("base", None), *product(tasks, seeds)]
    for target, (source, seed) in product(tasks, runs):
        skill = 0.5 if source == "base" else 0.7 if source == target else 0.55
        for index in range(examples):
            answer = LETTERS[index % 2]
            right = bool(rng.random() < skill)
            given = answer if right else LETTERS[1 - index % 2]
            confident = np.log(0.6 + 0.3 * rng.random())
            other = np.log1p(-np.exp(confident))
            score = Score(
                model="tiny",
                adapter_key="bare" if source == "base" else f"{source}-{seed}",
                source=source,
                seed=seed,
                protocol="letters",
                target=target,
                target_key=f"{target}-key",
                example=f"{target}_{index}",
                score=float(right),
                answer=answer,
                answer_given=given,
                options=LETTERS,
                option_log_probabilities=tuple(confident if letter == given else other for letter in LETTERS),
            )
            yield replace(score, **fixed)


@pytest.fixture
def scores() -> Callable[..., list[Score]]:
    """Rows of a small study; keyword arguments override columns."""
    return lambda *args, **kwargs: list(draw_scores(*args, **kwargs))


@pytest.fixture
def table() -> pa.Table:
    """A small study: three tasks, two seeds, thirty examples."""
    return table_from_scores(draw_scores())


def cube_of(scores: np.ndarray, base: np.ndarray, *, sources: tuple[str, ...], targets: tuple[str, ...]) -> ScoreCube:
    """A cube from arrays: scores of shape seed × source × target × example, base of shape base × target × example."""
    blocks = [
        TargetBlock(
            target=target,
            examples=tuple(str(index) for index in range(scores.shape[-1])),
            letters=LETTERS,
            answers=np.arange(scores.shape[-1]) % 2,
            option_counts=np.full(scores.shape[-1], 2),
            base=base[:, column],
            scores=scores[:, :, column],
            base_given=np.where(base[:, column] == 1, 1, 0) * (np.arange(scores.shape[-1]) % 2),
            given=np.where(scores[:, :, column] == 1, 1, 0) * (np.arange(scores.shape[-1]) % 2),
            base_log_probabilities=None,
            log_probabilities=None,
        )
        for column, target in enumerate(targets)
    ]
    return ScoreCube(
        model="made",
        protocol="letters",
        sources=sources,
        targets=targets,
        seeds=tuple(range(len(scores))),
        blocks=tuple(blocks),
    )


@pytest.fixture
def make_cube() -> Callable[..., ScoreCube]:
    """Build a cube from arrays."""
    return cube_of


@pytest.fixture
def random_cube() -> Callable[..., ScoreCube]:
    """A cube of random right and wrong answers."""

    def build(seeds: int = 3, tasks: int = 4, examples: int = 40, rng_seed: int = 0) -> ScoreCube:
        rng = np.random.default_rng(rng_seed)
        names = tuple(f"task_{index}" for index in range(tasks))
        difficulty = rng.normal(size=(tasks, examples))
        scores = (difficulty + rng.normal(size=(seeds, tasks, tasks, examples)) > -0.3).astype(float)
        base = (difficulty + rng.normal(size=(1, tasks, examples)) > 0).astype(float)
        return cube_of(scores, base, sources=names, targets=names)

    return build
