"""The mixture that is best in the worst fifth of what the evidence allows.

The mean of the worst share α of outcomes (conditional value at risk) is a linear program in the shares: maximise
`η − Σ_r u_r / (α R)` with `u_r ≥ η − gain_r(w)` and `u_r ≥ 0` (Rockafellar and Uryasev, Journal of Risk 2, 2000). The
same form bounds the harm to protected tasks from below. HiGHS solves it, through scipy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, eye_array, hstack, vstack

from spillover.mixture.limits import require_room
from spillover.mixture.problem import TAIL, Gains, MixtureError, PerSource, Problem

TIME_LIMIT_S = 60.0
"""For the search over which sources, where their number is limited."""


def choose_robust(problem: Problem) -> PerSource:
    """Choose shares that maximise the tail mean of the gain and keep every protected task's above −tolerance.

    Among shares that are equally good in the tail the one with the larger mean is taken.

    Raises:
        MixtureError: the protections or limits cannot be met; it names them and says by how much.

    Complexity: a linear program of sources + replicates · (1 + protected) variables; with a limit on the number of
    sources a mixed-integer one.

    >>> gains = np.array([[0.4, 0.1], [0.0, 0.1], [0.4, 0.1], [0.4, 0.1], [0.4, 0.1]])
    >>> problem = Problem(sources=("wild", "steady"), own=frozenset(), mean=gains.mean(axis=0), gains=gains,
    ...                   protected={}, budget=100, available=np.full(2, np.inf))
    >>> choose_robust(problem).round(3).tolist()
    [0.0, 1.0]
    """
    require_room(problem, _roomiest(problem))
    shares, _ = _solve(problem, slack=False)
    if shares is not None:
        return shares
    shares, short = _solve(problem, slack=True)
    if shares is None:
        raise MixtureError(
            f"no mixture of {problem.most_sources} sources was found in {TIME_LIMIT_S:g} s",
            hint="leave --max-sources out, or take --strategy threshold",
        )
    missed = [
        f"{name} by {amount:.3f} PGF" for name, amount in zip(problem.protected, short, strict=True) if amount > 1e-6
    ]
    raise MixtureError(
        f"no mixture protects these tasks to within {problem.tolerance:g} PGF in the worst fifth of cases; "
        f"the closest misses {', '.join(missed)}",
        hint=f"allow --tolerance {problem.tolerance + max(short) + 0.001:.3f}, or protect fewer tasks",
    )


def _roomiest(problem: Problem) -> np.ndarray:
    """Of every source, whether it is among those that can take most, as many as there may be."""
    taken = np.zeros(len(problem.sources), dtype=bool)
    taken[np.argsort(-problem.most, kind="stable")[: problem.most_sources]] = True
    return taken


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the variables stand: shares, chosen (0/1), then for each outcome η and its shortfalls, then slacks."""

    sources: int
    replicates: int
    outcomes: int
    slacks: int

    @property
    def size(self) -> int:
        return 2 * self.sources + self.outcomes * (1 + self.replicates) + self.slacks

    def threshold(self, outcome: int) -> int:
        return 2 * self.sources + outcome * (1 + self.replicates)

    def slack(self, index: int) -> int:
        return self.size - self.slacks + index


def _solve(problem: Problem, *, slack: bool) -> tuple[PerSource | None, list[float]]:
    outcomes = [problem.gains, *problem.protected.values()]
    count, sources = problem.gains.shape
    slacks = len(problem.protected) if slack else 0
    layout = _Layout(sources=sources, replicates=count, outcomes=len(outcomes), slacks=slacks)
    rows = [_shortfalls(layout, index, gains) for index, gains in enumerate(outcomes)]
    low = [np.zeros(count) for _ in outcomes]
    high = [np.full(count, np.inf) for _ in outcomes]
    for index in range(1, len(outcomes)):
        row = _tail_row(layout, index)
        if slack:
            row[layout.slack(index - 1)] = 1.0
        rows.append(csr_array(row[None]))
        low.append(np.array([-problem.tolerance]))
        high.append(np.array([np.inf]))
    limits, limit_low, limit_high = _limits(layout, problem)
    constraints = LinearConstraint(
        vstack([*rows, limits], format="csr"),
        np.concatenate([*low, limit_low]),  # pyright: ignore[reportArgumentType] (the stubs know one number only)
        np.concatenate([*high, limit_high]),  # pyright: ignore[reportArgumentType] (as above)
    )
    cost = np.zeros(layout.size)
    if slack:
        cost[layout.size - slacks :] = 1.0
    else:
        cost -= _tail_row(layout, 0)
        cost[:sources] -= 1e-6 * problem.mean
    solved = milp(
        cost,
        integrality=_integrality(layout, problem),
        bounds=_bounds(layout, problem),
        constraints=constraints,
        options={"time_limit": TIME_LIMIT_S},
    )
    if solved.x is None:
        return None, []
    shares = np.clip(solved.x[:sources], 0.0, None)
    shares[shares < 1e-6] = 0.0
    return shares / shares.sum(), solved.x[layout.size - slacks :].tolist() if slacks else []


def _shortfalls(layout: _Layout, outcome: int, gains: Gains) -> csr_array:
    """`u_r + gain_r(w) − η ≥ 0` for every replicate."""
    count = layout.replicates
    start = layout.threshold(outcome)
    before = start - layout.sources
    parts = [
        csr_array(gains),
        csr_array((count, before)),
        csr_array(-np.ones((count, 1))),
        eye_array(count, format="csr"),
        csr_array((count, layout.size - start - 1 - count)),
    ]
    return csr_array(hstack(parts, format="csr"))


def _tail_row(layout: _Layout, outcome: int) -> np.ndarray:
    """`η − Σ u_r / (α R)`."""
    row = np.zeros(layout.size)
    start = layout.threshold(outcome)
    row[start] = 1.0
    row[start + 1 : start + 1 + layout.replicates] = -1 / (TAIL * layout.replicates)
    return row


def _limits(layout: _Layout, problem: Problem) -> tuple[csr_array, np.ndarray, np.ndarray]:
    """Shares sum to 1; a source has a share only if it is chosen; no more are chosen than may be."""
    sources = layout.sources
    whole = np.zeros((2 + sources, layout.size))
    whole[0, :sources] = 1.0
    whole[1, sources : 2 * sources] = 1.0
    whole[2:, :sources] = np.eye(sources)
    whole[2:, sources : 2 * sources] = -np.diag(np.minimum(problem.most, 1.0))
    low = np.concatenate([[1.0, 0.0], np.full(sources, -np.inf)])
    high = np.concatenate([[1.0, float(problem.most_sources or sources)], np.zeros(sources)])
    return csr_array(whole), low, high


def _integrality(layout: _Layout, problem: Problem) -> np.ndarray:
    kinds = np.zeros(layout.size)
    if problem.most_sources is not None and problem.most_sources < layout.sources:
        kinds[layout.sources : 2 * layout.sources] = 1
    return kinds


def _bounds(layout: _Layout, problem: Problem) -> Bounds:
    low, high = np.zeros(layout.size), np.full(layout.size, np.inf)
    high[: layout.sources] = np.minimum(problem.most, 1.0)
    high[layout.sources : 2 * layout.sources] = 1.0
    for outcome in range(layout.outcomes):
        low[layout.threshold(outcome)] = -np.inf
    return Bounds(low, high)  # pyright: ignore[reportArgumentType] (the stubs know one number only)
