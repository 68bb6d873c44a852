"""What the figures of a mixture rest on, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite

from spillover.analysis.sampling import TransferSample
from spillover.core.numbers import fixed, interval, signed
from spillover.mixture.gains import SHOWN
from spillover.mixture.mixture import PredictedEffect
from spillover.mixture.pose import Pose
from spillover.mixture.predict import Optimism
from spillover.mixture.strategies import CHOSEN_BLINDLY

MOST = 0.75
"""Share of the sources from which gaining is called common."""
FEWEST = 4
"""Sources from which it can be told whether most gain."""
ROUNDING = 0.005
"""PGF by which whole numbers of examples may miss a tolerance that the shares keep, without a word."""


def give_notes(
    sample: TransferSample,
    pose: Pose,
    effects: Sequence[PredictedEffect],
    optimism: Optimism,
    *,
    gap: float,
) -> tuple[str, ...]:
    """Say what the figures of a mixture rest on.

    Args:
        sample: the evidence.
        pose: the question.
        effects: as predicted.
        optimism: of the choice.
        gap: by how much a better choice is not ruled out, PGF in the worst fifth of cases.
    """
    targets = [effect for effect in effects if effect.role == "target"]
    protected = [effect for effect in effects if effect.role == "protected"]
    return (
        *_of_optimism(sample, pose, targets, optimism),
        *_of_search(gap),
        *_of_evidence(targets),
        *_of_common_gains(sample, pose, targets),
        *_of_protection(pose, protected),
        "effects are taken to add up and to be linear in the dose: a study of the mixture tests it",
    )


def _of_optimism(
    sample: TransferSample, pose: Pose, targets: Sequence[PredictedEffect], optimism: Optimism
) -> Iterator[str]:
    if pose.settings.strategy in CHOSEN_BLINDLY:
        return
    if optimism.by_target is None:
        yield "the targets' effects are those that it was chosen by: optimistic, and nothing tells by how much"
    else:
        for effect, amount in zip(targets, optimism.by_target, strict=True):
            if amount < SHOWN:
                yield f"no winner's curse was found on {effect.task}: the choice owes nothing to luck that shows"
            else:
                expected = signed(effect.predicted - amount)
                yield (
                    f"expect {expected} on {effect.task} rather than {signed(effect.predicted)}: being chosen by that "
                    f"figure makes it look {fixed(amount, 3)} better than it is (the winner's curse)"
                )
        shared = "the base and the examples" if sample.split_over == "seeds" else "the training seeds"
        yield (
            f"luck shows by choosing on half of the {sample.split_over} and looking at the other half, "
            f"{optimism.splits} times; that of {shared}, which both halves share, does not"
        )
    if optimism.failed:
        total = optimism.failed + optimism.splits
        yield f"in {optimism.failed} of {total} splits no mixture could be chosen; they are left out"


def _of_search(gap: float) -> Iterator[str]:
    if gap > 0:
        yield (
            f"not proven best: within {fixed(gap, 3)} PGF of what may be possible in the worst fifth of cases, for the "
            "search among so many sources was stopped by the clock"
        )


def _of_common_gains(sample: TransferSample, pose: Pose, targets: Sequence[PredictedEffect]) -> Iterator[str]:
    """Say where most sources gain, whatever they teach."""
    count = len(pose.candidates)
    for place, effect in zip(pose.targets, targets, strict=True):
        gaining = int((sample.mean[pose.candidates, place] > SHOWN).sum())
        if count >= FEWEST and gaining >= MOST * count:
            prefer = "--measure calibrated or " if sample.can_calibrate and pose.settings.measure == "raw" else ""
            yield (
                f"{gaining} of {count} sources gain on {effect.task}: what they share, a weak base "
                "measurement or a generic effect (the form of answers), is not told apart from transfer; "
                f"a random mixture is predicted {signed(effect.random)}; prefer {prefer}a verifying study (--study)"
            )


def _of_evidence(targets: Sequence[PredictedEffect]) -> Iterator[str]:
    for effect in targets:
        if effect.low <= 0 <= effect.high:
            yield f"the evidence on {effect.task} spans 0 ({interval(effect.low, effect.high)}): it may do nothing"


def _of_protection(pose: Pose, protected: Sequence[PredictedEffect]) -> Iterator[str]:
    if protected and pose.settings.strategy in CHOSEN_BLINDLY:
        yield f"{pose.settings.strategy} looks at no PGF, so it protects nothing"
    for effect in protected:
        is_known = isfinite(effect.worst)
        harm, where = (effect.worst, " in the worst fifth of cases") if is_known else (effect.predicted, "")
        if harm < -pose.settings.tolerance - ROUNDING:
            yield (
                f"harms {effect.task}, which is protected, beyond the tolerance of {pose.settings.tolerance:g} PGF: "
                f"{signed(harm)}{where}"
            )
