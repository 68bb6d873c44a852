"""Why a source is in a mixture or out of it, in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spillover.core.numbers import percent, signed
from spillover.mixture.limits import CLOSE
from spillover.mixture.problem import PerSource, Problem, tail_mean
from spillover.mixture.settings import MixtureSettings
from spillover.tasks.mixed import count_examples

SURE = 0.95
"""Share of replicates above 0 from which a gain is called clear, or below 0 a harm."""
SHOWN = 0.0005
"""PGF below which three decimals show nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Otherwise:
    """Shares as they would have been if less had been asked; the chosen ones where that changes nothing."""

    unprotected: PerSource
    """If nothing were protected."""
    unlimited: PerSource
    """If any number of sources were allowed."""


def give_reasons(problem: Problem, shares: PerSource, otherwise: Otherwise, settings: MixtureSettings) -> list[str]:
    """Say of every candidate why it has the share that it has.

    Args:
        problem: the choice.
        shares: as chosen.
        otherwise: as they would have been.
        settings: what was asked for.
    """
    counts = count_examples(shares.tolist(), problem.budget)
    reasons: list[str] = []
    for place, count in enumerate(counts):
        if count:
            reasons.append(_why_in(problem, place, shares, otherwise.unprotected, settings))
        elif shares[place] > 0:
            reasons.append(f"its share, {shares[place]:.1%}, is too small for one of {problem.budget} examples")
        else:
            reasons.append(_why_out(problem, place, shares, otherwise, settings))
    return reasons


def _why_in(problem: Problem, place: int, shares: PerSource, unprotected: PerSource, settings: MixtureSettings) -> str:
    match settings.strategy:
        case "random":
            return "drawn at random"
        case "direct":
            return "the target's own data"
        case "best-single":
            among = f" of those that spare {', '.join(problem.protected)}" if not unprotected[place] else ""
            return f"the largest gain of one source{among}"
        case _:
            pass
    gains = problem.gains[:, place]
    parts = [_how_often(gains)]
    if settings.strategy == "robust":
        parts.append(f"{signed(tail_mean(gains))} in the worst fifth")
    if not unprotected[place]:
        task = _most_harmed(problem, unprotected)
        parts.append(f"in to protect {task} ({signed(float(problem.protected[task][:, place].mean()))} on it)")
    elif problem.mean[place] <= 0 and settings.strategy == "robust":
        parts.append(_why_without_gain(problem, shares))
    if shares[place] >= problem.most[place] - 1e-6 < 1 - 1e-6:
        parts.append("as much as it has" if problem.held[place] <= problem.max_share else "as much as one may have")
    return "; ".join(parts)


def _how_often(gains: np.ndarray) -> str:
    """Say in how many replicates a source gains; how much it gains where they are all the same."""
    if not np.ptp(gains):
        return f"gains {signed(float(gains[0]))}"
    sure = float((gains > 0).mean())
    return "gains in nearly every replicate" if sure >= SURE else f"gains in {percent(sure)} of replicates"


def _most_harmed(problem: Problem, shares: PerSource) -> str:
    """The protected task that does worst under some shares."""
    return min(problem.protected, key=lambda name: tail_mean(problem.protected[name] @ shares))


def _why_without_gain(problem: Problem, shares: PerSource) -> str:
    if (problem.mean <= 0).all():
        return "the least bad, as nothing here helps"
    full = (shares > 0) & (shares >= problem.most - 1e-6)
    return "takes what better sources may not" if full.any() else "loses least where the others lose"


def _why_out(problem: Problem, place: int, shares: PerSource, otherwise: Otherwise, settings: MixtureSettings) -> str:
    match settings.strategy:
        case "random":
            return "not drawn"
        case "direct":
            return "not the target's own data"
        case "best-single" if problem.most[place] < 1 - CLOSE and problem.mean[place] > problem.mean @ shares:
            return f"gains more, but has only {int(problem.available[place])} of {problem.budget} examples"
        case _:
            pass
    if otherwise.unlimited[place] > 0:
        share = percent(float(otherwise.unlimited[place]))
        return f"left out by --max-sources {problem.most_sources}; without it, it would have {share}"
    if otherwise.unprotected[place] > 0:
        return _why_protected_from(problem, place)
    return _why_weaker(problem, place, settings)


def _why_protected_from(problem: Problem, place: int) -> str:
    worst = {name: tail_mean(gains[:, place]) for name, gains in problem.protected.items()}
    task = min(worst, key=lambda name: worst[name])
    if worst[task] < -problem.tolerance:
        return f"left out to protect {task} ({signed(worst[task])} on it in the worst fifth)"
    return f"makes room for what protects {', '.join(problem.protected)}"


def _why_weaker(problem: Problem, place: int, settings: MixtureSettings) -> str:
    gains, mean = problem.gains[:, place], float(problem.mean[place])
    if mean <= -SHOWN and (gains < 0).mean() >= SURE:
        return f"harms the target ({signed(mean)})"
    if mean < SHOWN:
        return "no gain"
    match settings.strategy:
        case "threshold" if mean <= problem.threshold:
            return f"its gain, {signed(mean)}, is not above the threshold of {problem.threshold:g}"
        case "threshold" | "proportional":  # all that gain are in but those beyond --max-sources that harm, too
            return _why_protected_from(problem, place)
        case "robust":
            sure = float((gains > 0).mean())
            often = "gains" if sure >= SURE else f"gains in {percent(sure)} of replicates"
            return f"{often}, but others together gain more in the worst fifth of cases"
        case _:
            return "gains, but others gain more on average"
