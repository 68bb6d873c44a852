"""The ways to choose a mixture, from guessing to the robust program: each a function from a problem to shares.

`threshold` and `proportional` are the paper's (Sachdeva et al., CVPR 2026, arXiv 2511.18787); `random`, `best-single`
and `direct` are what they must beat.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from spillover.core.keys import seeded_generator
from spillover.mixture.problem import MixtureError, PerSource, Problem, fill
from spillover.mixture.robust import choose_robust

Strategy = Literal["robust", "threshold", "proportional", "best-single", "random", "direct"]
RANDOM_SOURCES = 3
"""Drawn by `random`, where no number is asked for."""


def choose_shares(problem: Problem, strategy: Strategy) -> PerSource:
    """Choose shares by a strategy; they are at least 0 and sum to 1.

    Raises:
        MixtureError: no mixture is what was asked for.

    Complexity: O(sources log sources), but for `robust`, which is a linear program.

    >>> problem = Problem(sources=("a", "b"), own=frozenset(), mean=np.array([0.3, -0.1]), gains=np.zeros((1, 2)),
    ...                   protected={}, most=np.ones(2))
    >>> choose_shares(problem, "threshold").tolist()
    [1.0, 0.0]
    """
    return CHOOSE[strategy](problem)


def _threshold(problem: Problem) -> PerSource:
    return fill(_best(problem, problem.mean > problem.threshold).astype(float), problem.most)


def _proportional(problem: Problem) -> PerSource:
    return fill(np.where(_best(problem, problem.mean > 0), problem.mean, 0.0), problem.most)


def _best_single(problem: Problem) -> PerSource:
    wanted = np.zeros(len(problem.sources))
    wanted[int(problem.mean.argmax())] = 1.0
    return fill(wanted, np.maximum(problem.most, wanted))


def _random(problem: Problem) -> PerSource:
    count = min(problem.most_sources or RANDOM_SOURCES, len(problem.sources))
    rng = seeded_generator("random mixture", problem.seed)
    wanted = np.zeros(len(problem.sources))
    wanted[rng.choice(len(wanted), count, replace=False)] = 1.0
    return fill(wanted, problem.most)


def _direct(problem: Problem) -> PerSource:
    wanted = np.array([float(source in problem.own) for source in problem.sources])
    if not wanted.any():
        raise MixtureError(
            "the target's own data is not among the sources", hint="leave out --exclude-target-data, or use robust"
        )
    return fill(wanted, np.maximum(problem.most, wanted))


def _best(problem: Problem, eligible: np.ndarray) -> np.ndarray:
    """Keep the best of those eligible, as many as there may be."""
    if not eligible.any():
        best = problem.sources[int(problem.mean.argmax())]
        raise MixtureError(
            f"no source is above the threshold: the best, {best}, has a PGF of {problem.mean.max():+.3f} on the target",
            hint="nothing among these sources helps; --strategy best-single or robust takes the least bad",
        )
    ranked = np.argsort(np.where(eligible, -problem.mean, np.inf), kind="stable")
    kept = np.zeros(len(eligible), dtype=bool)
    kept[ranked[: problem.most_sources]] = True
    return kept & eligible


CHOOSE: dict[Strategy, Callable[[Problem], PerSource]] = {
    "robust": choose_robust,
    "threshold": _threshold,
    "proportional": _proportional,
    "best-single": _best_single,
    "random": _random,
    "direct": _direct,
}
