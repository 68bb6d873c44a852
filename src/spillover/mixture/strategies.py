"""The ways to choose a mixture, from guessing to the robust program: each a function, and what is to be said of it.

`threshold` and `proportional` are the paper's (Sachdeva et al., CVPR 2026, arXiv 2511.18787); `random`, `best-single`
and `direct` are what they must beat.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from spillover.core.numbers import signed
from spillover.mixture.chance import draw_random
from spillover.mixture.gains import how_often, why_harmful
from spillover.mixture.limits import CLOSE, fill, keep_harmless, require_room
from spillover.mixture.problem import Choice, MixtureError, PerSource, Problem
from spillover.mixture.robust import choose_robust

Strategy = Literal["robust", "threshold", "proportional", "best-single", "random", "direct"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chooser:
    """One strategy."""

    choose: Callable[[Problem], Choice]
    """Raises `MixtureError` where no mixture is what was asked for."""
    what: str
    """What it does, as `docs/mixture.md` has it."""
    why_in: str | None
    """Why it takes a source; None where that is for the source's own gains to say."""
    why_out: Callable[[Problem, int, PerSource], str]
    """Why it leaves the source at a place out, for the shares that it chose; one that gains and that neither a limit
    nor what is protected excludes, unless the strategy is blind."""
    blind: bool = False
    """Whether it looks at no PGF: what is chosen so flatters nobody, and protects nothing."""
    rival: bool = False
    """Whether it is what a chosen mixture must beat, so that a study of it would verify nothing."""
    by_tail: bool = False
    """Whether it chooses by the worst replicates, not by the mean."""


def choose(problem: Problem, strategy: Strategy) -> Choice:
    """Choose shares by a strategy, and say whether they are the best: see `choose_shares`."""
    return STRATEGIES[strategy].choose(problem)


def choose_shares(problem: Problem, strategy: Strategy) -> PerSource:
    """Choose shares by a strategy; they are at least 0, sum to 1 and keep every limit.

    Protected tasks are kept by all strategies but the blind ones.

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
    return Choice(shares=draw_random(problem))


def _direct(problem: Problem) -> Choice:
    wanted = np.array([float(source in problem.own) for source in problem.sources])
    if not wanted.any():
        names = " or ".join(sorted(problem.own))
        unknown = f"use robust; or, where one is {names} under another name, --rename SOURCE={min(problem.own)}"
        raise MixtureError(
            f"the target's own data is not among the sources: none that may be taken is called {names}",
            hint="leave out --exclude-target-data, or use robust" if problem.excluded else unknown,
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


def _not_above(problem: Problem, place: int, shares: PerSource) -> str:
    mean = float(problem.mean[place])
    if mean <= problem.threshold:
        return f"its gain, {signed(mean)}, is not above the threshold of {problem.threshold:g}"
    return _beyond_the_most(problem, place, shares)


def _beyond_the_most(problem: Problem, place: int, _: PerSource) -> str:
    """All that gain are in but those beyond --max-sources that harm, too."""
    return why_harmful(problem, place)


def _weaker_together(problem: Problem, place: int, _: PerSource) -> str:
    often = how_often(problem.gains[:, place], of_seeds=problem.of_seeds)
    return f"{often}, but others together gain more in the worst fifth of cases"


def _weaker_alone(problem: Problem, place: int, shares: PerSource) -> str:
    if problem.most[place] < 1 - CLOSE and problem.mean[place] > problem.mean @ shares:
        return f"gains more, but has only {int(problem.available[place])} of {problem.budget} examples"
    return "gains, but others gain more on average"


STRATEGIES: dict[Strategy, Chooser] = {
    "robust": Chooser(
        choose=choose_robust,
        what="the best mean over the worst fifth of bootstrap replicates: spreads where the evidence is thin",
        why_in=None,
        why_out=_weaker_together,
        by_tail=True,
    ),
    "threshold": Chooser(
        choose=_threshold,
        what="sources above `--threshold`, in equal shares: the paper's",
        why_in=None,
        why_out=_not_above,
    ),
    "proportional": Chooser(
        choose=_proportional,
        what="shares by positive PGF: the paper's",
        why_in=None,
        why_out=_beyond_the_most,
    ),
    "best-single": Chooser(
        choose=_best_single,
        what="the one source that gains most; what a choice has to beat, like the next two",
        why_in="the largest gain of one source",
        why_out=_weaker_alone,
        rival=True,
    ),
    "random": Chooser(
        choose=_random,
        what="three sources drawn by chance, or `--max-sources`, in equal shares",
        why_in="drawn at random",
        why_out=lambda *_: "not drawn",
        blind=True,
        rival=True,
    ),
    "direct": Chooser(
        choose=_direct,
        what="the targets' own data",
        why_in="the target's own data",
        why_out=lambda *_: "not the target's own data",
        blind=True,
        rival=True,
    ),
}
CHOSEN_BLINDLY = tuple(name for name, each in STRATEGIES.items() if each.blind)
