"""The linear program of the robust choice: the best mean of the worst fifth that the limits allow.

The mean of the worst share α of outcomes (conditional value at risk) is a linear program in the shares: maximise
`η − Σ_r u_r / (α R)` with `u_r ≥ η − gain_r(w)` and `u_r ≥ 0` (Rockafellar and Uryasev, Journal of Risk 2, 2000). The
same form bounds the harm to protected tasks from below. HiGHS solves it, through scipy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, eye_array, hstack, vstack

from spillover.mixture.problem import TAIL, Gains, PerSource, Problem

TIE_BREAK = 1e-6
"""Weight of the mean gain: of shares that are equally good in the tail the one with the larger mean is taken."""
OUT_OF_TIME = 1
"""As scipy's `milp` numbers its outcomes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """What the solver came to."""

    shares: PerSource | None
    """At least 0, summing to 1; None where none was found."""
    short: tuple[float, ...] = ()
    """With slack: by how much each protected task misses the tolerance, PGF."""
    value: float = -np.inf
    """What was maximised: the tail mean of the gain and the tie-break, or less the slack."""
    bound: float = np.inf
    """No mixture has a larger one."""
    out_of_time: bool = False
    """Whether the solver stopped early: what is missing may be there, what is found may not be the best."""


def solve_program(problem: Problem, *, time_limit_s: float, slack: bool = False) -> Solution:
    """Find the shares with the best tail mean of the gain, every protected task's above −tolerance.

    Args:
        problem: the choice; with a limit on the number of sources it becomes a mixed-integer program.
        time_limit_s: the solver stops at, with the best that it has.
        slack: miss the tolerances by as little as can be, in all, whatever the gain.
    """
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
    cost = np.zeros(layout.size)
    if slack:
        cost[layout.size - slacks :] = 1.0
    else:
        cost -= _tail_row(layout, 0)
        cost[:sources] -= TIE_BREAK * problem.mean
    solved = milp(
        cost,
        integrality=_integrality(layout, problem),
        bounds=_bounds(layout, problem),
        constraints=LinearConstraint(
            vstack([*rows, limits], format="csr"),
            np.concatenate([*low, limit_low]),  # pyright: ignore[reportArgumentType] (the stubs know one number only)
            np.concatenate([*high, limit_high]),  # pyright: ignore[reportArgumentType] (as above)
        ),
        options={"time_limit": time_limit_s},
    )
    out_of_time = solved.status == OUT_OF_TIME
    bound = -solved.mip_dual_bound if out_of_time and solved.mip_dual_bound is not None else np.inf
    if solved.x is None:
        return Solution(shares=None, bound=bound, out_of_time=out_of_time)
    shares = np.clip(solved.x[:sources], 0.0, None)
    shares[shares < 1e-6] = 0.0
    return Solution(
        shares=shares / shares.sum(),
        short=tuple(solved.x[layout.size - slacks :].tolist()) if slacks else (),
        value=-solved.fun,
        bound=bound if out_of_time else -solved.fun,
        out_of_time=out_of_time,
    )


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
    whole[2:, sources : 2 * sources] = -np.diag(problem.most)
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
    high[: layout.sources] = problem.most
    high[layout.sources : 2 * layout.sources] = 1.0
    for outcome in range(layout.outcomes):
        low[layout.threshold(outcome)] = -np.inf
    return Bounds(low, high)  # pyright: ignore[reportArgumentType] (the stubs know one number only)
