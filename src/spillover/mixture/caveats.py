"""What must be known of a mixture before it is followed, in words: it stands beside what is expected of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from spillover.analysis.sampling import TransferSample
from spillover.core.numbers import signed
from spillover.mixture.gains import SHOWN
from spillover.mixture.mixture import Mixture, PredictedEffect
from spillover.mixture.pose import Pose
from spillover.mixture.strategies import STRATEGIES


def give_caveats(
    sample: TransferSample,
    pose: Pose,
    targets: Sequence[PredictedEffect],
    *,
    helps_freely: bool,
    smaller: Mixture | None,
) -> tuple[str, ...]:
    """Say that a mixture is not expected to help, or by less than chance, or that its intervals are too narrow.

    Args:
        sample: the evidence.
        pose: the question.
        targets: what the mixture should do to each.
        helps_freely: whether the choice would help the targets if nothing were protected.
        smaller: on a smaller budget, what takes no more than what helps, and does more; None where there is no such.
    """
    return (
        *_of_use(pose, targets, helps_freely=helps_freely, smaller=smaller),
        *_of_chance(pose, targets),
        *_of_noise(sample, pose),
    )


def _of_use(
    pose: Pose, targets: Sequence[PredictedEffect], *, helps_freely: bool, smaller: Mixture | None
) -> Iterator[str]:
    budget = pose.settings.budget
    if smaller is not None:
        less = smaller.settings.budget
        expected = ", ".join(f"{signed(each.expected)} on {each.task}" for each in smaller.targets)
        yield (
            f"{budget - less} of these {budget} examples help nothing as far as is known: they fill the budget, since "
            f"there is no more of what helps; --budget {less} takes {', '.join(each.source for each in smaller.taken)} "
            f"alone, expected {expected}"
        )
    elif max(effect.expected for effect in targets) > 0:
        return
    elif pose.protected and helps_freely:
        yield (
            f"what would help {', '.join(effect.task for effect in targets)} harms {', '.join(pose.protected)}: allow "
            "a --tolerance, or do not train for this"
        )
    else:
        yield "it is not predicted to help: rather do not train for this"


def _of_chance(pose: Pose, targets: Sequence[PredictedEffect]) -> Iterator[str]:
    """Say where a random mixture is expected to do better, and why."""
    strategy = pose.settings.strategy
    for effect in targets if strategy != "random" else ():
        if effect.random - effect.expected < SHOWN:
            continue
        why = ""
        if effect.predicted > effect.random:
            why = ": what its sources seem to do beyond that is luck"
        elif STRATEGIES[strategy].by_tail and effect.worst > effect.random_worst:
            why = (
                f": {strategy} pays for certainty, as it chooses by the worst fifth of cases, where it does "
                f"{signed(effect.worst)} and a random mixture {signed(effect.random_worst)}"
            )
        yield (
            f"a random mixture is expected to do better on {effect.task}, {signed(effect.random)} rather than "
            f"{signed(effect.expected)}{why}"
        )


def _of_noise(sample: TransferSample, pose: Pose) -> Iterator[str]:
    if unsampled := [name for name in sample.unsampled if name in pose.own or name in pose.protected]:
        names = ", ".join(unsampled)
        if sample.noiseless:
            yield (
                f"nothing tells the noise on {names}, so there are no intervals: one seed, and right answers that "
                "cannot be counted; give more seeds, or accuracies with n"
            )
        else:
            yield (
                f"the intervals are too narrow: right answers of {names} cannot be counted, so that the noise is that "
                "of the seeds alone; accuracies with n tell more"
            )
