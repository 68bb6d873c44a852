"""What came of a mixture that was verified, in plain words: better, worse or open, by the difference's interval."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite

from spillover.analysis.additivity import FEWEST, Additivity, Agreement, Dose
from spillover.analysis.dose_curve import DoseCurve
from spillover.analysis.paired import Estimate, Kept
from spillover.analysis.verdict import ArmContrast, ArmName, Guarded, Verdict
from spillover.core.numbers import fixed, interval, number, percent, signed

CALLED: dict[ArmName, str] = {
    "chosen": "chosen mixture",
    "random": "random mixtures",
    "best single": "best single source",
    "direct": "own data",
}
"""Names of the ways to choose, short enough for a column."""
MOST_LISTED = 3
"""Targets that every sentence names; more are named once."""
OUTCOMES = {"better": "is better than", "worse": "is worse than", "open": "cannot be told from"}
PROMISES: dict[Kept, str] = {
    "consistent": "the prediction is not refuted",
    "less": "it did less than predicted",
    "more": "it did more than predicted",
}
DOSES: dict[Kept, str] = {
    "consistent": "linearity is not refuted",
    "less": "it did less than linear",
    "more": "it did more than linear",
}
GUARDED: dict[Guarded, str] = {
    "held": "is not harmed beyond",
    "harmed": "is harmed beyond",
    "undecided": "may or may not be harmed beyond",
}


def sum_up(verdict: Verdict) -> str:
    """Give the verdict in a sentence without figures, and what is harmed in another.

    Complexity: O(rivals + protected tasks).
    """
    told = [
        f"{OUTCOMES[outcome]} {_and([_called(each, verdict) for each in verdict.contrasts if each.outcome == outcome])}"
        for outcome in OUTCOMES
        if any(each.outcome == outcome for each in verdict.contrasts)
    ]
    told += [f"is itself {_called(each, verdict)}" for each in verdict.contrasts if each.outcome == "same"]
    text = f"The mixture chosen for {', '.join(verdict.settings.targets)} {_and(told)}."
    harmed, open_ = (
        [each.task for each in verdict.protected if each.outcome == outcome] for outcome in ("harmed", "undecided")
    )
    if harmed:
        text += f" It harms {_and(harmed)}, which it must not."
    if open_:
        text += f" Whether it harms {_and(open_)} is open."
    if verdict.protected and not harmed and not open_:
        text += f" It harms nothing that it must not: {_and([each.task for each in verdict.protected])}."
    return text


def _and(parts: Sequence[str]) -> str:
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last


def say_verdict(verdict: Verdict) -> Iterator[str]:
    """Say how a chosen mixture did against each of its rivals and its promises, and what that does not cover.

    Complexity: O(rivals + protected tasks).
    """
    asked, chosen = verdict.settings, verdict.arms[0]
    listed, count = ", ".join(asked.targets), len(asked.targets)
    purpose = listed if count <= MOST_LISTED else f"its {count} targets"
    own = f"the mixture chosen for {listed} ({asked.chosen}) has a PGF of {_shown(chosen.overall)}"
    prior = ", the answer prior taken out" if asked.measure == "calibrated" else ""
    yield f"{own} on {'it' if count == 1 else 'average'}{prior}."
    for contrast in verdict.contrasts:
        yield _compare(contrast, verdict, purpose)
    if verdict.promise is not None:
        promise = verdict.promise
        basis = "what choosing flatters taken off" if promise.discounted else "the effects of its parts added up"
        if (dose := promise.other_dose) is not None:
            basis += (
                f", from sources trained on {dose.measured_with:,} examples where it trained on {dose.trained_on:,}"
            )
        expected = f"predicted of it was {_shown(promise.expected)} PGF, {basis}"
        yield f"{expected}; observed less predicted is {_shown(promise.miss)}: {PROMISES[promise.outcome]}."
    tolerance = f"the tolerance of {fixed(asked.tolerance, 3)} PGF" if asked.tolerance else "a tolerance of none"
    if verdict.dose_curve is not None:
        yield _say_doses(verdict.dose_curve, purpose)
    for guarded in verdict.protected:
        told = f"{GUARDED[guarded.outcome]} {tolerance}"
        yield f"{guarded.task}, which it must not harm, {told}: {_shown(guarded.effect)} PGF."
    if not asked.fresh:
        yield (
            f"the examples of {purpose} are those that the mixture was chosen by, or may be: what was lucky on them "
            "looks better here than it is, the chosen mixture and the best single source above all."
        )
    if verdict.seeds == 1:
        yield "with one seed these intervals are about other examples, not about other trainings."


def say_additivity(additivity: Additivity) -> Iterator[str]:
    """Say whether mixtures did what the sum of their parts' effects predicted.

    Complexity: O(parts).
    """
    yield f"adding up the effects of their parts misses what mixtures did by {_agreement(additivity.overall)}."
    if additivity.on_targets is not None:
        yield f"on the targets that a mixture was chosen for, adding up misses by {_agreement(additivity.on_targets)}."
    yield from map(say_dose, additivity.other_doses)


def say_pooled(overall: Agreement, without: Mapping[str, Agreement], names: Sequence[str]) -> str:
    """Say what the mixtures of several studies did together, and how far that hangs on one part.

    Args:
        overall: over all of them.
        without: by part, without the mixtures that hold it.
        names: of the studies, or models.

    Complexity: O(parts).
    """
    text = f"over {_and(names)} adding up the effects of their parts misses what mixtures did by {_agreement(overall)}"
    slopes = {part: each.slope for part, each in without.items() if each.cells >= FEWEST and isfinite(each.slope)}
    if foretells(overall) and slopes:
        least, most = min(slopes, key=slopes.__getitem__), max(slopes, key=slopes.__getitem__)
        text += (
            f"; leaving out the mixtures that hold one part, {number(slopes[least], 2)} (without {least}) to "
            f"{number(slopes[most], 2)} times (without {most})"
        )
    return f"{text}."


def say_dose(dose: Dose) -> str:
    """Say that predictions come from another number of training examples.

    Complexity: O(1).

    >>> say_dose(Dose(measured_with=2000, trained_on=1000))
    'predictions come from sources trained on 2,000 examples, mixtures were trained on 1,000: ...'
    """
    return (
        f"predictions come from sources trained on {dose.measured_with:,} examples, mixtures were trained on "
        f"{dose.trained_on:,}: effects may differ for that."
    )


def foretells(agreement: Agreement) -> bool:
    """Whether adding effects up comes nearer to what happened than predicting no change at all.

    Complexity: O(1).
    """
    return agreement.miss < agreement.miss_of_no_change


def _agreement(agreement: Agreement) -> str:
    text = (
        f"{fixed(agreement.miss, 3)} PGF (root mean square of {agreement.cells} "
        f"{'pair' if agreement.cells == 1 else 'pairs'} of mixture and target), predicting no change at all by "
        f"{fixed(agreement.miss_of_no_change, 3)}"
    )
    if not foretells(agreement):
        return f"{text}: here it foretells nothing"
    if not isfinite(agreement.slope):
        return text
    low, high = number(agreement.low, 2), number(agreement.high, 2)
    text += f"; mixtures did {number(agreement.slope, 2)} times the sum ({low} to {high})"
    if agreement.low > 1:
        text += ", as where effects saturate: a share of a source does more than that share of what all of it does"
    return text


def _say_doses(curve: DoseCurve, purpose: str) -> str:
    """Say whether a share of the examples did that share of what all of them do."""
    told = [
        f"with {percent(point.dose)} of them it has {_shown(point.effect)} where linearity in dose predicts "
        f"{signed(point.linear.pgf)}, a difference of {_shown(point.miss)}: {DOSES[point.outcome]}"
        for point in curve.points
    ]
    text = f"{curve.source} with all its examples has a PGF of {_shown(curve.whole)} for {purpose}; {'; '.join(told)}"
    if curve.whole.low <= 0 <= curve.whole.high:
        text += "; all of them do nothing beyond noise, so that this tells little of linearity"
    elif curve.whole.low > 0 and any(point.outcome == "more" for point in curve.points):
        text += "; its effect saturates"
    return f"{text}."


def _called(contrast: ArmContrast, verdict: Verdict) -> str:
    called = CALLED[contrast.rival]
    if contrast.rival == "direct":
        owner = "targets'" if len(verdict.settings.targets) > 1 else "target's"
        return f"the {owner} {called}"
    return called if contrast.rival == "random" else f"the {called}"


def _compare(contrast: ArmContrast, verdict: Verdict, purpose: str) -> str:
    (named,) = (arm.sources for arm in verdict.arms if arm.name == contrast.rival)
    called = _called(contrast, verdict)
    rival = f"{len(named)} {called}" if contrast.rival == "random" else f"{called}, {named[0]}"
    if contrast.outcome == "same":
        return f"for {purpose} the {CALLED['chosen']} is {rival}: there is nothing to compare."
    return f"for {purpose} the {CALLED['chosen']} {OUTCOMES[contrast.outcome]} {rival}: {_shown(contrast.overall)} PGF."


def _shown(estimate: Estimate) -> str:
    return f"{signed(estimate.pgf)} ({interval(estimate.low, estimate.high)})"
