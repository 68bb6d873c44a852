"""Warnings of how much the data can say: undefined cells, few seeds, near saturation, counts that are not known."""

from __future__ import annotations

from collections.abc import Iterator

from spillover.analysis.settings import AnalysisSettings
from spillover.analysis.warned import Evidence, Warned

COARSE_STEP = 0.05
"""A target on which one answer is worth at least this much PGF is nearly saturated."""
DOMINANT_SHARE = 0.4
MOST_ALTERNATIVES = 4


def warn_of_evidence(evidence: Evidence, settings: AnalysisSettings) -> Iterator[Warned]:
    """Warn of what the data cannot say.

    Complexity: O(seeds · cells).
    """
    checks = (_warn_of_undefined, _warn_of_few_seeds, _warn_of_saturated, _warn_of_dominant, _warn_of_unrecovered)
    for check in checks:
        yield from check(evidence, settings)


def _warn_of_undefined(evidence: Evidence, _: AnalysisSettings) -> Iterator[Warned]:
    by_target: dict[str, list[str]] = {}
    for cell in evidence.transfers.undefined:
        by_target.setdefault(cell.target, []).append(cell.reason)
    for target, reasons in by_target.items():
        several = len(reasons) > 1
        text = (
            f"{target}: {len(reasons)} {'cells have' if several else 'cell has'} no PGF and "
            f"{'are' if several else 'is'} left out of every aggregate: {reasons[0]}"
        )
        yield Warned(kind="undefined", tasks=(target,), text=text)


def _warn_of_few_seeds(evidence: Evidence, _: AnalysisSettings) -> Iterator[Warned]:
    seeds = len(evidence.transfers.seeds)
    if seeds == 1:
        counted = any(correct is not None for correct in evidence.correct)
        intervals = "intervals cover other examples, not other trainings; " if counted else ""
        yield Warned(kind="few_seeds", tasks=(), text=f"one training seed: {intervals}seed noise cannot be told")
    elif seeds < 6:
        text = (
            f"{seeds} training seeds: no test over seeds alone could fall below p = {2.0 ** (1 - seeds):g} "
            f"(two-sided Wilcoxon), so none is made; {_say_tested(evidence)}"
        )
        yield Warned(kind="few_seeds", tasks=(), text=text)


def _say_tested(evidence: Evidence) -> str:
    """What cells are tested over instead of seeds alone."""
    known = sum(correct is not None for correct in evidence.correct)
    if evidence.cube is not None:
        return "cells are tested over examples and seeds together"
    if not known:
        return "nor is any cell tested, as right answers cannot be counted"
    which = "cells" if known == len(evidence.correct) else f"cells of {known} of {len(evidence.correct)} targets"
    return f"{which} are tested over seeds and the binomial error of counts together"


def _warn_of_saturated(evidence: Evidence, _: AnalysisSettings) -> Iterator[Warned]:
    for target, gap in zip(evidence.frame.targets, evidence.gap.tolist(), strict=True):
        if 0 < gap <= 1 / COARSE_STEP:
            text = (
                f"{target}: only {gap:g} answers lie between the base and the ceiling, so one answer is worth "
                f"{1 / gap:.3f} PGF; read accuracy points beside it"
            )
            yield Warned(kind="saturated", tasks=(target,), text=text)


def _warn_of_dominant(evidence: Evidence, _: AnalysisSettings) -> Iterator[Warned]:
    shares = evidence.squares_by_target
    if evidence.frame.reference.any(axis=0).sum() < 4:  # among few targets one always leads
        return
    for target, share in zip(evidence.frame.targets, shares.tolist(), strict=True):
        if share >= DOMINANT_SHARE:
            text = f"{target} alone holds {share:.0%} of the sum of squares about the mean: averages of PGF hang on it"
            yield Warned(kind="dominant_target", tasks=(target,), text=text)


def _warn_of_unrecovered(evidence: Evidence, _: AnalysisSettings) -> Iterator[Warned]:
    if evidence.cube is not None:
        return
    unknown = [
        target for target, correct in zip(evidence.frame.targets, evidence.correct, strict=True) if correct is None
    ]
    ambiguous = tuple(target for target in unknown if evidence.base[target].possible_errors)
    unasked = tuple(target for target in unknown if evidence.base[target].examples is None)
    lost = tuple(target for target in unknown if target not in (*ambiguous, *unasked))
    one_seed = len(evidence.transfers.seeds) == 1
    left = f"no test, and {'no interval' if one_seed else 'intervals that hold the noise of seeds alone'}"
    for targets, cause in (
        (unasked, "how many examples were asked is not known, or not one number for all models"),
        (lost, "PGFs have too few decimals to count right answers, or do not come from counts"),
    ):
        if targets:
            named = "every target" if len(targets) == len(evidence.frame.targets) else ", ".join(targets)
            yield Warned(kind="counts_not_recovered", tasks=targets, text=f"{named}: {cause}: {left}")
    if ambiguous:
        listing = "; ".join(f"{target}: {_alternatives(evidence.base[target].possible_errors)}" for target in ambiguous)
        text = f"too few different PGFs to tell how many answers of the base are wrong ({listing}): no accuracy, {left}"
        yield Warned(kind="counts_ambiguous", tasks=ambiguous, text=text)


def _alternatives(counts: tuple[int, ...]) -> str:
    if len(counts) > MOST_ALTERNATIVES:
        return f"{counts[0]}, {counts[1]} or another up to {counts[-1]}"
    return f"{', '.join(map(str, counts[:-1]))} or {counts[-1]}"
