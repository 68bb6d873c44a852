"""Random mixtures, what a choice is held against: a few sources drawn by chance, in equal shares as far as they hold.

Which sources together hold the budget depends on the limits; all such sets are equally likely.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from math import comb

import numpy as np

from spillover.core.keys import seeded_generator
from spillover.mixture.limits import CLOSE, pour, require_room
from spillover.mixture.problem import PerSource, Problem

RANDOM_SOURCES = 3
"""Of a random mixture, where no number is asked for; more where so few cannot hold the budget."""
MOST_SETS = 2000
"""Sets that are looked at, one by one where there are no more: to meet one that holds the budget, and to average."""


def draw_random(problem: Problem) -> PerSource:
    """Draw the shares of a random mixture by the problem's seed.

    Raises:
        MixtureError: no set of so many sources can hold the budget.
    """
    count, roomiest = _count(problem), _roomiest(problem)
    require_room(problem, roomiest)
    rng = seeded_generator("random mixture", problem.seed)
    for _ in range(MOST_SETS):
        if (shares := _share(problem, rng.choice(len(problem.sources), count, replace=False))) is not None:
            return shares
    return pour(roomiest.astype(float), problem.most)


def average_random(problem: Problem) -> PerSource:
    """Average the shares of all random mixtures, or of 2,000 of them where there are more.

    Effects are linear in the shares, so that what a random mixture does on average is what these shares do: equal ones
    where no limit is in the way.

    Raises:
        MixtureError: no set of so many sources can hold the budget.

    Complexity: O(sets · sources), but where no limit is in the way.

    >>> problem = Problem(sources=("a", "b", "c", "d"), own=frozenset(), mean=np.zeros(4), gains=np.zeros((1, 4)),
    ...                   protected={}, budget=100, available=np.array([10.0, np.inf, np.inf, np.inf]))
    >>> average_random(problem).round(4).tolist()
    [0.075, 0.3083, 0.3083, 0.3083]
    """
    count = _count(problem)
    if (problem.most >= 1 / count - CLOSE).all():
        return np.full(len(problem.sources), 1 / len(problem.sources))
    held = [shares for taken in _sets(problem, count) if (shares := _share(problem, taken)) is not None]
    return np.mean(held, axis=0) if held else draw_random(problem)


def count_random(problem: Problem) -> int:
    """Count the random mixtures of different sources that there are; up to 2,000.

    Complexity: O(sets · sources).

    >>> problem = Problem(sources=("a", "b", "c"), own=frozenset(), mean=np.zeros(3), gains=np.zeros((1, 3)),
    ...                   protected={}, budget=100, available=np.full(3, np.inf), most_sources=2)
    >>> count_random(problem)
    3
    """
    held = (taken for taken in _sets(problem, _count(problem)) if _share(problem, taken) is not None)
    return len({frozenset(taken.tolist()) for taken in held})


def _sets(problem: Problem, count: int) -> Iterator[np.ndarray]:
    sources = len(problem.sources)
    if comb(sources, count) <= MOST_SETS:
        yield from map(np.array, combinations(range(sources), count))
    else:
        rng = seeded_generator("average random mixture", problem.seed)
        for _ in range(MOST_SETS):
            yield rng.choice(sources, count, replace=False)


def _count(problem: Problem) -> int:
    """Sources of a random mixture: as many as are asked for, else 3, or the fewest that can hold the budget."""
    room = np.cumsum(np.sort(problem.most)[::-1])
    needed = int((room < 1 - CLOSE).sum()) + 1
    return min(problem.most_sources or max(RANDOM_SOURCES, needed), len(problem.sources))


def _roomiest(problem: Problem) -> np.ndarray:
    """Of every source, whether it is among those that hold most, as many as a random mixture has."""
    taken = np.zeros(len(problem.sources), dtype=bool)
    taken[np.argsort(-problem.most, kind="stable")[: _count(problem)]] = True
    return taken


def _share(problem: Problem, taken: np.ndarray) -> PerSource | None:
    """Equal shares as far as each may have them; None where these sources cannot hold the budget."""
    wanted = np.zeros(len(problem.sources))
    wanted[taken] = 1.0
    return pour(wanted, problem.most) if problem.most[taken].sum() >= 1 - CLOSE else None
