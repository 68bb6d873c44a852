"""What a mixture should do: the effects of its parts added up, and what having chosen it makes them look better by.

Whoever takes the largest of many noisy gains gets one that is large by luck, too: the winner's curse, in decision
analysis the optimizer's curse (Smith and Winkler, Management Science 52, 2006). It concerns what was chosen by, so the
targets alone. It is estimated by cross-fitting: choose on half of the evidence, and see by how much the other half
gives less.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from spillover.analysis.sampling import Half, TransferSample
from spillover.core.keys import seeded_generator
from spillover.mixture.mixture import PredictedEffect, Role
from spillover.mixture.pose import Pose
from spillover.mixture.problem import MixtureError, PerSource, tail_mean
from spillover.mixture.settings import MixtureSettings
from spillover.mixture.strategies import CHOSEN_BLINDLY, choose_shares

HALF_REPLICATES = 300
"""Replicates that a choice on half of the evidence is made by."""
NONE = np.empty(0)
"""The outcomes where nothing tells the noise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimism:
    """By how much a choice looks better than it is."""

    by_target: tuple[float, ...] | None
    """PGF, at least 0, in the order of the targets; None where nothing tells."""
    splits: int
    """That it was seen in."""
    failed: int
    """Splits in which no mixture could be chosen."""


def split_evidence(sample: TransferSample, settings: MixtureSettings) -> Iterator[Half]:
    """Split the evidence as often as the settings say, the same way every time: nothing depends on the targets."""
    if sample.split is not None:
        rng = seeded_generator("cross-fit", settings.seed)
        for _ in range(settings.splits):
            yield sample.split(rng, HALF_REPLICATES)


def estimate_optimism(pose: Pose, shares: PerSource, halves: Iterable[Half]) -> Optimism:
    """Choose on one half of the evidence and look at the other: the mean loss over splits, as of all the evidence.

    Optimism is in proportion to the noise of what was chosen by, whose standard deviation is 1 / √share times as large
    on a share of the evidence as on all of it; so the loss is multiplied by √share. The other half's noise, of which
    the choice knows nothing, is 0 on average.

    Args:
        pose: the question.
        shares: as chosen on all the evidence. What they lose from half to half is chance, 0 on average, and is taken
            off: where every half makes the same choice there is no optimism, exactly.
        halves: of the evidence.
    """
    strategy = pose.settings.strategy
    if strategy in CHOSEN_BLINDLY:
        return Optimism(by_target=(0.0,) * len(pose.targets), splits=0, failed=0)
    lost: list[np.ndarray] = []
    failed = 0
    for half in halves:
        try:
            chosen = choose_shares(replace(pose.problem(half.mean, half.replicates), search_s=0.0), strategy)
        except MixtureError:
            failed += 1
            continue
        change = half.mean - half.held_out
        loss = (pose.mix(chosen, change) - pose.mix(shares, change))[pose.targets]
        if np.isfinite(loss).all():
            lost.append(loss * np.sqrt(half.share))
    if not lost:
        return Optimism(by_target=None, splits=0, failed=failed)
    optimism = np.clip(np.mean(lost, axis=0), 0.0, None)
    return Optimism(by_target=tuple(optimism.tolist()), splits=len(lost), failed=failed)


def predict_effects(
    sample: TransferSample, pose: Pose, shares: PerSource, random_shares: PerSource, optimism: Optimism
) -> tuple[PredictedEffect, ...]:
    """Add up what a mixture does to every task.

    Args:
        sample: the effects of the sources.
        pose: which tasks are what.
        shares: of the candidates, summing to 1.
        random_shares: of the candidates, summing to 1: those of random mixtures on average (see `average_random`).
        optimism: of the choice.

    Returns:
        Targets, then protected tasks, then all others.
    """
    added, outcomes = pose.mix(shares, sample.mean), pose.mix(shares, sample.replicates)
    random, random_outcomes = pose.mix(random_shares, sample.mean), pose.mix(random_shares, sample.replicates)
    known = dict(zip(pose.targets, optimism.by_target or (), strict=optimism.by_target is not None))
    protected = list(pose.protected.values())
    others = [place for place in range(len(sample.targets)) if place not in (*pose.targets, *protected)]
    roles: list[tuple[Role, list[int]]] = [("target", pose.targets), ("protected", protected), ("other", others)]
    effects: list[PredictedEffect] = []
    for role, places in roles:
        for place in places:
            noisy = sample.targets[place] not in sample.noiseless
            finite, random_finite = (_defined(of[:, place]) if noisy else NONE for of in (outcomes, random_outcomes))
            low, high = _interval(finite, pose.settings.confidence)
            random_low, random_high = _interval(random_finite, pose.settings.confidence)
            effects.append(
                PredictedEffect(
                    task=sample.targets[place],
                    role=role,
                    predicted=float(added[place]),
                    low=low,
                    high=high,
                    worst=tail_mean(finite) if finite.size else float("nan"),
                    promised=float(added[place]) - known[place] if place in known else None,
                    random=float(random[place]),
                    random_low=random_low,
                    random_high=random_high,
                    random_worst=tail_mean(random_finite) if random_finite.size else float("nan"),
                )
            )
    return tuple(effects)


def _defined(outcomes: np.ndarray) -> np.ndarray:
    return outcomes[np.isfinite(outcomes)]


def _interval(outcomes: np.ndarray, confidence: float) -> tuple[float, float]:
    """Percentiles; NaN where there is nothing to take them of."""
    if not outcomes.size:
        return float("nan"), float("nan")
    tail = (1 - confidence) / 2
    low, high = np.quantile(outcomes, [tail, 1 - tail])
    return float(low), float(high)
