"""Why a source is in a mixture or out of it, in words."""

from __future__ import annotations

from dataclasses import dataclass

from spillover.core.numbers import percent, signed
from spillover.mixture.gains import SHOWN, SURE, how_often, why_harmful
from spillover.mixture.problem import PerSource, Problem, tail_mean
from spillover.mixture.settings import MixtureSettings
from spillover.mixture.strategies import STRATEGIES
from spillover.tasks.mixed import count_examples


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
    chooser = STRATEGIES[settings.strategy]
    if chooser.why_in is not None:
        among = f" of those that spare {', '.join(problem.protected)}" if not unprotected[place] else ""
        return f"{chooser.why_in}{among}"
    gains = problem.gains[:, place]
    parts = [how_often(gains, of_seeds=problem.of_seeds)]
    if chooser.by_tail:
        parts.append(f"{signed(tail_mean(gains))} in the worst fifth")
    if not unprotected[place]:
        task = _most_harmed(problem, unprotected)
        parts.append(f"in to protect {task} ({signed(float(problem.protected[task][:, place].mean()))} on it)")
    elif problem.mean[place] <= 0 and chooser.by_tail:
        parts.append(_why_without_gain(problem, shares))
    if shares[place] >= problem.most[place] - 1e-6 < 1 - 1e-6:
        parts.append("as much as it has" if problem.held[place] <= problem.max_share else "as much as one may have")
    return "; ".join(parts)


def _most_harmed(problem: Problem, shares: PerSource) -> str:
    """The protected task that does worst under some shares."""
    return min(problem.protected, key=lambda name: tail_mean(problem.protected[name] @ shares))


def _why_without_gain(problem: Problem, shares: PerSource) -> str:
    if (problem.mean <= 0).all():
        return "the least bad, as nothing here helps"
    full = (shares > 0) & (shares >= problem.most - 1e-6)
    return "takes what better sources may not" if full.any() else "loses least where the others lose"


def _why_out(problem: Problem, place: int, shares: PerSource, otherwise: Otherwise, settings: MixtureSettings) -> str:
    chooser = STRATEGIES[settings.strategy]
    excluded = None if chooser.blind else _why_excluded(problem, place, otherwise)
    return chooser.why_out(problem, place, shares) if excluded is None else excluded


def _why_excluded(problem: Problem, place: int, otherwise: Otherwise) -> str | None:
    """Say which limit or protection keeps a source out, or that it has no gain; None where nothing does."""
    if otherwise.unlimited[place] > 0:
        share = percent(float(otherwise.unlimited[place]))
        return f"left out by --max-sources {problem.most_sources}; without it, it would have {share}"
    if otherwise.unprotected[place] > 0:
        return why_harmful(problem, place)
    mean = float(problem.mean[place])
    if mean <= -SHOWN and (problem.gains[:, place] < 0).mean() >= SURE:
        return f"harms the target ({signed(mean)})"
    return "no gain" if mean < SHOWN else None
