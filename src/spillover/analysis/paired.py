"""The effect of one way to train against another, or against the base, over one target or the mean of several.

`ψ[u, x] = (d − θ̂·(g − ḡ)) / ḡ` of every unit and example, with `d` the paired difference of scores and `g = ceiling −
base`: its mean is the PGF `θ̂ = d̄ / ḡ`, and its variance that of the ratio (delta method). Units are what was drawn
at random beside examples: training seeds, or mixtures. They are shared by the targets, examples are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from spillover.analysis.pgf import ZERO
from spillover.analysis.unseen import limit_unseen

Kept = Literal["consistent", "less", "more"]
"""What a miss, observed − expected, says of the expectation: 0 is in its interval, or it did less, or more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A PGF, or a difference of two, with its interval; NaN where there is none."""

    pgf: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """Two ways to train on the same examples of one target."""

    difference: np.ndarray
    """Of their scores, shape unit × example."""
    gap: np.ndarray
    """Ceiling − base, by example."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """A part of the variance that all units have in common, such as the seeds of what they are compared with."""

    variance: float = 0.0
    freedom: float = 1.0


NOTHING_SHARED = Shared()


def infer_effect(targets: Sequence[Paired], confidence: float, shared: Shared = NOTHING_SHARED) -> Estimate:
    """Estimate the mean over targets of the PGF of a difference, with a t interval.

    `V = units + max(0, examples − residual) + shared`, units no less than the residual, as for single cells (see
    `crossed_layout`), with Satterthwaite's degrees of freedom. With one unit it is about other examples only. The
    interval reaches at least as far to both sides as it does where no answer differs at all, see `_unseen`.

    Args:
        targets: the same units in each; those whose base leaves no gap are left out.
        confidence: coverage, for example 0.95.
        shared: variance that is in no difference between units.

    Complexity: O(units · examples).

    >>> target = Paired(difference=np.array([[1.0, 0.0, 0.0, 1.0]]), gap=np.ones(4))
    >>> infer_effect([target], 0.95)
    Estimate(pgf=0.5, low=-0.418..., high=1.418...)
    >>> infer_effect([Paired(difference=np.zeros((1, 100)), gap=np.ones(100))], 0.95)  # 100 answers, none differs
    Estimate(pgf=0.0, low=-0.029..., high=0.029...)
    """
    parts = [_linearise(target) for target in targets if target.gap.mean() > ZERO]
    if not parts:
        return Estimate(pgf=float("nan"), low=float("nan"), high=float("nan"))
    units, count = len(parts[0]), len(parts)
    by_unit = np.mean([part.mean(axis=1) for part in parts], axis=0)
    residual = sum(_residual(part) for part in parts) / count**2
    unit = max(float(by_unit.var(ddof=1)) / units, residual) if units > 1 else 0.0
    item = max(sum(_item(part) for part in parts) / count**2 - residual, 0.0)
    variance = unit + item + shared.variance
    examples = sum(part.shape[1] - 1 for part in parts)
    spread = unit**2 / max(units - 1, 1) + item**2 / max(examples, 1) + shared.variance**2 / shared.freedom
    half = max(_unseen(target, confidence) for target in targets if target.gap.mean() > ZERO) / count
    if spread > 0:
        half = max(half, float(special.stdtrit(variance**2 / spread, 0.5 + confidence / 2) * np.sqrt(variance)))
    pgf = float(by_unit.mean())
    return Estimate(pgf=pgf, low=pgf - half, high=pgf + half)


def subtract(first: Estimate, second: Estimate) -> Estimate:
    """Estimate the difference of two independent estimates from their intervals alone, which need not be symmetric.

    Each end is as far away as the two intervals' own ends, added in squares (Zou and Donner, Statistics in Medicine 27,
    2008). Where the two rest on the same examples it is too wide rather than too narrow.

    Complexity: O(1).

    >>> subtract(Estimate(pgf=0.5, low=0.2, high=0.9), Estimate(pgf=0.5, low=0.1, high=0.8))
    Estimate(pgf=0.0, low=-0.424..., high=0.565...)
    """
    pgf = first.pgf - second.pgf
    return Estimate(
        pgf=pgf,
        low=pgf - float(np.hypot(first.pgf - first.low, second.high - second.pgf)),
        high=pgf + float(np.hypot(first.high - first.pgf, second.pgf - second.low)),
    )


def judge_miss(miss: Estimate) -> Kept:
    """Judge an expectation by the interval of what it was missed by.

    Complexity: O(1).

    >>> judge_miss(Estimate(pgf=0.1, low=-0.1, high=0.3))
    'consistent'
    """
    return "more" if miss.low > 0 else "less" if miss.high < 0 else "consistent"


def share_seeds(targets: Sequence[Paired]) -> Shared:
    """Take the variance that seeds put into the mean PGF of one way to train; none where there is one seed.

    Complexity: O(seeds · examples).

    >>> share_seeds([Paired(difference=np.array([[0.0, 0.0], [1.0, 1.0]]), gap=np.ones(2))])
    Shared(variance=0.25, freedom=1.0)
    """
    defined = [target for target in targets if target.gap.mean() > ZERO]
    if not defined or len(defined[0].difference) < 2:
        return NOTHING_SHARED
    by_seed = np.mean([target.difference.mean(axis=1) / target.gap.mean() for target in defined], axis=0)
    return Shared(variance=float(by_seed.var(ddof=1)) / len(by_seed), freedom=len(by_seed) - 1.0)


def _linearise(target: Paired) -> np.ndarray:
    gap = target.gap.mean()
    ratio = target.difference.mean() / gap
    return (target.difference - ratio * (target.gap - gap)) / gap


def _unseen(target: Paired, confidence: float) -> float:
    """The largest PGF that may hide where no example differs, about `3 / (m ḡ)`.

    Of a mean over targets it is the largest of these over their number: the limit on all that goes unseen allows the
    most where all of it is on the target that an example moves most.
    """
    return float(limit_unseen(len(target.gap), confidence) / target.gap.mean())


def _item(values: np.ndarray) -> float:
    """Variance that the examples put into the mean, their noise in each unit included."""
    examples = values.shape[1]
    return float(values.mean(axis=0).var(ddof=1)) / examples if examples > 1 else 0.0


def _residual(values: np.ndarray) -> float:
    """Variance that unit × example puts into the mean."""
    units, examples = values.shape
    if units < 2 or examples < 2:
        return 0.0
    within = values - values.mean(axis=0) - values.mean(axis=1, keepdims=True) + values.mean()
    return float(np.square(within).sum()) / ((units - 1) * (examples - 1) * units * examples)
