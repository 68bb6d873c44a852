"""What came of a mixture that was verified, in plain words: better, worse or open, by the difference's interval."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

from spillover.analysis.additivity import Additivity
from spillover.analysis.paired import Estimate
from spillover.analysis.verdict import ArmContrast, ArmName, Verdict

CALLED: dict[ArmName, str] = {
    "chosen": "the chosen mixture",
    "random": "random mixtures",
    "best single": "the best single source",
    "direct": "the targets' own data",
}
OUTCOMES = {"better": "is better than", "worse": "is worse than", "open": "cannot be told from"}


def say_verdict(verdict: Verdict) -> Iterator[str]:
    """Say how a chosen mixture did against each of its rivals, and what that does not cover.

    Complexity: O(rivals).
    """
    asked, chosen = verdict.settings, verdict.arms[0]
    purpose = ", ".join(asked.targets)
    own = f"the mixture chosen for {purpose} ({asked.chosen}) has a PGF of {_shown(chosen.overall)} on it"
    yield f"{own}{', the answer prior taken out' if asked.measure == 'calibrated' else ''}."
    for contrast in verdict.contrasts:
        yield _compare(contrast, {arm.name: arm.sources for arm in verdict.arms}, purpose)
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
    overall = additivity.overall
    text = (
        f"adding up the effects of their parts misses what mixtures did by {overall.miss:.3f} PGF (root mean square "
        f"over {overall.cells} pairs of mixture and target), predicting no change at all by "
        f"{overall.miss_of_no_change:.3f}"
    )
    if isfinite(overall.slope):
        text += f"; what was observed is {overall.slope:.2f} of what was predicted"
    slopes = {part: each.slope for part, each in additivity.without.items() if isfinite(each.slope)}
    if slopes:
        low, high = (pick(slopes, key=lambda part: slopes[part]) for pick in (min, max))
        text += f", and {slopes[low]:.2f} (without {low}) to {slopes[high]:.2f} (without {high}) where one source's "
        text += "mixtures are left out"
    yield f"{text}."


def _compare(contrast: ArmContrast, sources: dict[ArmName, tuple[str, ...]], purpose: str) -> str:
    named = sources[contrast.rival]
    rival = (
        f"{len(named)} {CALLED['random']}" if contrast.rival == "random" else f"{CALLED[contrast.rival]}, {named[0]}"
    )
    if contrast.outcome == "same":
        return f"for {purpose} {CALLED['chosen']} is {rival}: there is nothing to compare."
    return f"for {purpose} {CALLED['chosen']} {OUTCOMES[contrast.outcome]} {rival}: {_shown(contrast.overall)} PGF."


def _shown(estimate: Estimate) -> str:
    return f"{estimate.pgf:+.3f} ({estimate.low:+.3f} to {estimate.high:+.3f})"
