"""Why a source is in a mixture or out of it, in words."""

from __future__ import annotations

from spillover.mixture.problem import PerSource, Problem
from spillover.mixture.robust import tail_mean
from spillover.mixture.settings import MixtureSettings

SURE = 0.95
"""Share of replicates above 0 from which a gain is called clear."""


def give_reasons(problem: Problem, shares: PerSource, unprotected: PerSource, settings: MixtureSettings) -> list[str]:
    """Say of every candidate why it has the share that it has.

    Args:
        problem: the choice.
        shares: as chosen.
        unprotected: as they would have been without protected tasks.
        settings: what was asked for.
    """
    return [
        _why_in(problem, place, shares, settings)
        if shares[place] > 0
        else _why_out(problem, place, unprotected, settings)
        for place in range(len(problem.sources))
    ]


def _why_in(problem: Problem, place: int, shares: PerSource, settings: MixtureSettings) -> str:
    match settings.strategy:
        case "random":
            return "drawn at random"
        case "direct":
            return "the target's own data"
        case "best-single":
            return "the largest gain of one source"
        case _:
            pass
    gains = problem.gains[:, place]
    sure = float((gains > 0).mean())
    text = "gains in nearly every replicate" if sure >= SURE else f"gains in {sure:.0%} of replicates"
    if settings.strategy == "robust":
        worst = tail_mean(gains)
        text += f"; {worst:+.3f} in the worst fifth"
        if problem.mean[place] <= 0:
            text += "; the least bad, as nothing here helps"
    if shares[place] >= problem.most[place] - 1e-6 < 1 - 1e-6:
        text += "; as much as it has" if problem.sources[place] in settings.available else "; as much as one may have"
    return text


def _why_out(problem: Problem, place: int, unprotected: PerSource, settings: MixtureSettings) -> str:
    match settings.strategy:
        case "random":
            return "not drawn"
        case "direct":
            return "not the target's own data"
        case _:
            pass
    if unprotected[place] > 0:
        harmed = min(problem.protected, key=lambda name: float(problem.protected[name][:, place].mean()))
        harm = float(problem.protected[harmed][:, place].mean())
        return f"left out to protect {harmed} ({harm:+.3f} from it)"
    return _why_weaker(problem, place, "in the worst fifth of cases" if settings.strategy == "robust" else "on average")


def _why_weaker(problem: Problem, place: int, case: str) -> str:
    sure = float((problem.gains[:, place] > 0).mean())
    if sure <= 1 - SURE:
        return f"harms the target ({problem.mean[place]:+.3f})"
    if problem.mean[place] <= 0:
        return "no gain"
    if sure < SURE:
        return f"a gain that noise explains: above 0 in {sure:.0%} of replicates"
    return f"gains, but others gain more {case}"
