"""What shares a choice may have: no source more than it has or than is allowed, no protected task harmed."""

from __future__ import annotations

from math import ceil

import numpy as np

from spillover.mixture.problem import MixtureError, PerSource, Problem, tail_mean

CLOSE = 1e-9
"""Rounding that no limit is about."""


def fill(problem: Problem, wanted: PerSource) -> PerSource:
    """Give shares in proportion to what is wanted, no source more than it may have, 1 in all.

    What a full source cannot take goes to the others in proportion.

    Args:
        problem: whose limits are kept.
        wanted: at least 0; sources at 0 get nothing.

    Raises:
        MixtureError: the wanted sources together cannot hold the budget.

    Complexity: O(sources²).

    >>> problem = Problem(sources=("a", "b", "c"), own=frozenset(), mean=np.zeros(3), gains=np.zeros((1, 3)),
    ...                   protected={}, budget=100, available=np.array([50.0, np.inf, np.inf]))
    >>> fill(problem, np.array([3.0, 1.0, 0.0])).tolist()
    [0.5, 0.5, 0.0]
    """
    require_room(problem, wanted > 0)
    return pour(wanted, problem.most)


def require_room(problem: Problem, taken: np.ndarray) -> None:
    """Refuse sources that together cannot hold the budget.

    Args:
        problem: whose limits are kept.
        taken: of every source, whether it may be used.

    Raises:
        MixtureError: they cannot; it names the limit and says what would do.
    """
    room = float(problem.most[taken].sum())
    if room >= 1 - CLOSE:
        return
    names = [name for name, one in zip(problem.sources, taken.tolist(), strict=True) if one]
    alone = len(names) == 1
    who = f"{names[0]} alone" if alone else f"the {len(names)} sources that may be taken together"
    held = problem.held[taken]
    if held.sum() < 1 - CLOSE:
        total = int(problem.available[taken].sum())
        repeat = f"let more be taken: --available {names[0] if alone else 'SOURCE'}=N, which repeats them"
        raise MixtureError(
            f"{who} can give {total} examples, and the budget is {problem.budget}",
            hint=", or ".join([f"lower --budget to {total}", *_ways_to_more(problem, taken), repeat]),
        )
    enough = ceil(1000 * float(pour(np.ones(len(held)), held).max())) / 1000
    raise MixtureError(
        f"{who} can hold {room:.0%} of the budget, since --max-share is {problem.max_share:g}",
        hint=", or ".join([f"raise --max-share to {enough:g}", *_ways_to_more(problem, taken)]),
    )


def _ways_to_more(problem: Problem, taken: np.ndarray) -> list[str]:
    """Options that keep sources from being among those that may be used."""
    count = int(taken.sum())
    ways = [f"raise --max-sources above {count}"] if problem.most_sources == count and not taken.all() else []
    below = (problem.mean > 0) & (problem.mean <= problem.threshold)
    return ways + (["lower --threshold"] if below.any() else [])


def pour(wanted: PerSource, most: PerSource) -> PerSource:
    """Give shares in proportion to what is wanted up to a limit for each, 1 in all; less where the limits allow less.

    Args:
        wanted: at least 0; sources at 0 get nothing.
        most: the largest share of each.
    """
    shares = np.zeros(len(wanted))
    open_sources = wanted > 0
    while open_sources.any() and shares.sum() < 1 - 1e-12:
        left = 1 - shares.sum()
        part = np.where(open_sources, wanted, 0.0)
        shares = np.minimum(shares + left * part / part.sum(), most)
        open_sources &= shares < most - 1e-12
    return shares


def keep_harmless(problem: Problem, eligible: np.ndarray) -> np.ndarray:
    """Keep the sources that harm no protected task by more than is accepted, in the mean of the worst fifth of cases.

    A mixture of such sources keeps the tolerance too, since the tail mean of a sum is at least the sum of tail means
    (Artzner et al., Mathematical Finance 9, 1999). Mixtures that set one source's harm off against what another gives
    are left to `robust`.

    Args:
        problem: the choice.
        eligible: of every source, whether it might be taken; at least one.

    Raises:
        MixtureError: none is left.
    """
    if not problem.protected:
        return eligible
    worst = np.array([[tail_mean(gains) for gains in of_task.T] for of_task in problem.protected.values()])
    kept = eligible & (worst >= -problem.tolerance - CLOSE).all(axis=0)
    if kept.any():
        return kept
    place = int(np.where(eligible, worst.min(axis=0), -np.inf).argmax())
    task = list(problem.protected)[int(worst[:, place].argmin())]
    harm = -float(worst[:, place].min())
    raise MixtureError(
        f"every source that might be taken harms a protected task by more than {problem.tolerance:g} PGF in the worst "
        f"fifth of cases; the least harmful, {problem.sources[place]}, takes {harm:.3f} from {task}",
        hint=f"allow --tolerance {harm + 0.001:.3f}, protect fewer tasks, or take --strategy robust, which sets what "
        "one source takes off against what another gives",
    )
