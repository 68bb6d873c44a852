"""The ways to choose a mixture, from guessing to the robust program: each a function from a problem to a choice.

`threshold` and `proportional` are the paper's (Sachdeva et al., CVPR 2026, arXiv 2511.18787); `random`, `best-single`
and `direct` are what they must beat.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Literal

import numpy as np

from spillover.core.keys import seeded_generator
from spillover.core.numbers import signed
from spillover.mixture.limits import CLOSE, fill, keep_harmless, require_room
from spillover.mixture.problem import Choice, MixtureError, PerSource, Problem
from spillover.mixture.robust import choose_robust

Strategy = Literal["robust", "threshold", "proportional", "best-single", "random", "direct"]
CHOSEN_BLINDLY: tuple[Strategy, ...] = ("random", "direct")
"""They look at no PGF: what is chosen so flatters nobody, and protects nothing."""
RANDOM_SOURCES = 3
"""Drawn by `random`, where no number is asked for."""


def choose(problem: Problem, strategy: Strategy) -> Choice:
    """Choose shares by a strategy, and say whether they are the best: see `choose_shares`."""
    return CHOOSE[strategy](problem)


def choose_shares(problem: Problem, strategy: Strategy) -> PerSource:
    """Choose shares by a strategy; they are at least 0, sum to 1 and keep every limit.

    Protected tasks are kept by all strategies but those of `CHOSEN_BLINDLY`.

    Raises:
        MixtureError: no mixture is what was asked for.

    Complexity: O(sources log sources), but for `robust`, which is a linear program.

    >>> problem = Problem(sources=("a", "b"), own=frozenset(), mean=np.array([0.3, -0.1]), gains=np.zeros((1, 2)),
    ...                   protected={}, budget=100, available=np.full(2, np.inf))
    >>> choose_shares(problem, "threshold").tolist()
    [1.0, 0.0]
    """
    return choose(problem, strategy).shares


def _threshold(problem: Problem) -> Choice:
    return Choice(shares=fill(problem, _best(problem, problem.threshold).astype(float)))


def _proportional(problem: Problem) -> Choice:
    return Choice(shares=fill(problem, np.where(_best(problem, 0.0), problem.mean, 0.0)))


def _best_single(problem: Problem) -> Choice:
    """The best of those that hold the whole budget alone."""
    most = problem.most
    require_room(problem, _only(problem, int(most.argmax())))
    eligible = keep_harmless(problem, most >= 1 - CLOSE)
    return Choice(
        shares=fill(problem, _only(problem, int(np.where(eligible, problem.mean, -np.inf).argmax())).astype(float))
    )


def _random(problem: Problem) -> Choice:
    needed = ceil(1 / problem.max_share - CLOSE)
    count = min(problem.most_sources or max(RANDOM_SOURCES, needed), len(problem.sources))
    rng = seeded_generator("random mixture", problem.seed)
    wanted = np.zeros(len(problem.sources))
    wanted[rng.choice(len(wanted), count, replace=False)] = 1.0
    return Choice(shares=fill(problem, wanted))


def _direct(problem: Problem) -> Choice:
    wanted = np.array([float(source in problem.own) for source in problem.sources])
    if not wanted.any():
        raise MixtureError(
            "the target's own data is not among the sources", hint="leave out --exclude-target-data, or use robust"
        )
    count = int(wanted.sum())
    if problem.most_sources is not None and count > problem.most_sources:
        raise MixtureError(
            f"the targets' own data are {count} sources, and --max-sources is {problem.most_sources}",
            hint=f"raise --max-sources to {count}, or name fewer targets",
        )
    return Choice(shares=fill(problem, wanted))


def _only(problem: Problem, place: int) -> np.ndarray:
    return np.arange(len(problem.sources)) == place


def _best(problem: Problem, threshold: float) -> np.ndarray:
    """Keep the best of those above a threshold that harm no protected task, as many as there may be."""
    above = problem.mean > threshold
    if not above.any():
        best, most = problem.sources[int(problem.mean.argmax())], float(problem.mean.max())
        least_bad = "nothing among these sources helps; --strategy best-single or robust takes the least bad"
        raise MixtureError(
            f"no source has a PGF above {threshold:g} on the target: the best, {best}, has {signed(most)}",
            hint=f"lower --threshold below {most:.3f}" if most > 0 else least_bad,
        )
    eligible = keep_harmless(problem, above)
    ranked = np.argsort(np.where(eligible, -problem.mean, np.inf), kind="stable")
    kept = np.zeros(len(eligible), dtype=bool)
    kept[ranked[: problem.most_sources]] = True
    return kept & eligible


CHOOSE: dict[Strategy, Callable[[Problem], Choice]] = {
    "robust": choose_robust,
    "threshold": _threshold,
    "proportional": _proportional,
    "best-single": _best_single,
    "random": _random,
    "direct": _direct,
}
