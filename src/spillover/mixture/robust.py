"""The mixture that is best in the worst fifth of what the evidence allows, from no more sources than there may be.

Which sources, where their number is limited, is a search that may take longer than anybody waits. It is left out where
the best mixture of all sources has few enough, and else starts from what remains when the least used are dropped.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spillover.core.numbers import counted
from spillover.mixture.limits import pour, require_room
from spillover.mixture.problem import Choice, MixtureError, PerSource, Problem, tail_mean
from spillover.mixture.program import Solution, solve_program

TIME_LIMIT_S = 60.0
"""For a program without a limit on the number of sources; it takes a second."""
CLOSE_ENOUGH = 0.0005
"""PGF that three decimals do not show: a mixture that is so close to the best possible one is not searched further."""
EQUAL_DECIMALS = 9
"""To which two sources' gains must agree, replicate by replicate, to be called equal."""


def choose_robust(problem: Problem) -> Choice:
    """Choose shares that maximise the tail mean of the gain and keep every protected task's above −tolerance.

    Among shares that are equally good in the tail the one with the larger mean is taken, and sources whose gains are
    the same share evenly. The order of the sources changes nothing.

    Raises:
        MixtureError: the protections or limits cannot be met; it names them and says by how much. Or no mixture was
            found in time.

    Complexity: a linear program of sources + replicates · (1 + protected) variables; with a limit on the number of
    sources as many of them as there are sources too many, then a mixed-integer one for up to `problem.search_s`.

    >>> gains = np.array([[0.4, 0.1], [0.0, 0.1], [0.4, 0.1], [0.4, 0.1], [0.4, 0.1]])
    >>> problem = Problem(sources=("wild", "steady"), own=frozenset(), mean=gains.mean(axis=0), gains=gains,
    ...                   protected={}, budget=100, available=np.full(2, np.inf))
    >>> choose_robust(problem).shares.round(3).tolist()
    [0.0, 1.0]
    """
    require_room(problem, _roomiest(problem))
    order = np.argsort(problem.sources)
    by_name = _only(problem, order)
    solution = _solve_within(by_name)
    if solution.shares is None:
        raise _why_none(by_name, out_of_time=solution.out_of_time)
    shares = np.zeros(len(order))
    shares[order] = _share_evenly(by_name, solution.shares)
    gap = solution.bound - solution.value
    return Choice(shares=shares, gap=gap if gap > CLOSE_ENOUGH else 0.0)


def _roomiest(problem: Problem) -> np.ndarray:
    """Of every source, whether it is among those that can take most, as many as there may be."""
    taken = np.zeros(len(problem.sources), dtype=bool)
    taken[np.argsort(-problem.most, kind="stable")[: problem.most_sources]] = True
    return taken


def _only(problem: Problem, places: np.ndarray) -> Problem:
    """The same choice from some of its sources, in the order given."""
    return replace(
        problem,
        sources=tuple(problem.sources[place] for place in places.tolist()),
        mean=problem.mean[places],
        gains=problem.gains[:, places],
        protected={name: gains[:, places] for name, gains in problem.protected.items()},
        available=problem.available[places],
    )


def _solve_within(problem: Problem) -> Solution:
    """Find the best mixture of no more sources than there may be, and how much better another could be."""
    most = problem.most_sources
    best = solve_program(replace(problem, most_sources=None), time_limit_s=TIME_LIMIT_S)
    if most is None or best.shares is None or (best.shares > 0).sum() <= most:
        return best
    dropped = _drop_least(problem, best.shares, most)
    if problem.search_s <= 0 or best.bound - dropped.value <= CLOSE_ENOUGH:
        searched = Solution(shares=None, out_of_time=True)
    else:
        searched = solve_program(problem, time_limit_s=problem.search_s)
    found = max(dropped, searched, key=lambda solution: solution.value)
    return replace(found, bound=min(best.bound, searched.bound), out_of_time=searched.out_of_time)


def _drop_least(problem: Problem, shares: PerSource, most: int) -> Solution:
    """Drop the source with the least share, mix what is left anew, and so on until there are few enough."""
    left = np.flatnonzero(shares > 0)
    while True:
        least_first = np.argsort(shares[left], kind="stable")
        left = np.sort(left[least_first[1:]])
        part = solve_program(replace(_only(problem, left), most_sources=None), time_limit_s=TIME_LIMIT_S)
        if part.shares is None:
            return part
        shares = np.zeros(len(shares))
        shares[left] = part.shares
        left = np.flatnonzero(shares > 0)
        if len(left) <= most:
            return replace(part, shares=shares)


def _share_evenly(problem: Problem, shares: PerSource) -> PerSource:
    """Split evenly among sources with the same gains what they have together, where that spares what is protected."""
    for told_apart_by in ([problem.gains], [problem.gains, *problem.protected.values()]):
        figures = np.round(np.concatenate(told_apart_by), EQUAL_DECIMALS) + 0.0
        kinds = np.unique(figures, axis=1, return_inverse=True)[1].ravel()  # of two axes in NumPy 2.0
        even = shares
        for kind in np.unique(kinds[shares > 0]):
            even = _even_out(problem, even, np.flatnonzero(kinds == kind))
        if all(tail_mean(gains @ even) >= -problem.tolerance - 1e-6 for gains in problem.protected.values()):
            return even
    return shares


def _even_out(problem: Problem, shares: PerSource, equals: np.ndarray) -> PerSource:
    """Even out some sources' shares, over more of them than now as far as there may be more."""
    others = np.delete(shares, equals)
    free = len(equals) if problem.most_sources is None else problem.most_sources - int((others > 0).sum())
    equals = equals[np.argsort(-shares[equals], kind="stable")][:free]
    total = float(shares[equals].sum())
    even = shares.copy()
    even[equals] = total * pour(np.ones(len(equals)), problem.most[equals] / total)
    return even


def _why_none(problem: Problem, *, out_of_time: bool) -> MixtureError:
    """Say why there is no mixture: the time, or by how much the closest one misses what is protected."""
    most = problem.most_sources
    which = "no mixture" if most is None else f"no mixture of at most {counted(most, 'source')}"
    hint = "take --strategy threshold" if most is None else f"raise --max-sources above {most}"
    if out_of_time:
        return MixtureError(
            f"{which} was found in the time that there is for it; whether there is one is not known", hint=hint
        )
    closest = solve_program(problem, time_limit_s=max(problem.search_s, 1.0), slack=True)
    missed = [
        f"{name} by {amount:.3f} PGF"
        for name, amount in zip(problem.protected, closest.short, strict=closest.shares is not None)
        if amount > 1e-6
    ]
    message = f"{which} protects these tasks to within {problem.tolerance:g} PGF in the worst fifth of cases"
    if not missed:
        return MixtureError(f"{message}: {', '.join(problem.protected)}", hint=f"{hint}, or allow a larger --tolerance")
    return MixtureError(
        f"{message}; the closest {'found ' if closest.out_of_time else ''}misses {', '.join(missed)}",
        hint=f"allow --tolerance {problem.tolerance + max(closest.short) + 0.001:.3f}, or protect fewer tasks",
    )
