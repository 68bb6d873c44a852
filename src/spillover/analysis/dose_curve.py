"""Is an effect linear in the dose? One source trained on fewer examples, against that share of what all of them do.

A prediction `Σ share · PGF` takes it for linear. Each dose is a training of its own: a checkpoint at a quarter of three
epochs has seen three quarters of the examples, and its learning rate has not come down.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite

import numpy as np

from spillover.analysis.context import Context
from spillover.analysis.cube import ScoreCube
from spillover.analysis.paired import Estimate, Kept, Paired, infer_effect, judge_miss
from spillover.analysis.settings import VerificationSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class DosePoint:
    """A source trained on a share of the examples."""

    source: str
    """What this dose is called in the study."""
    dose: float
    """Share of the examples, between 0 and 1."""
    examples: int
    effect: Estimate
    """Mean PGF on the targets."""
    linear: Estimate
    """What linearity in dose predicts: that share of the whole dose's effect."""
    miss: Estimate
    """effect − linear, paired by example and by seed."""
    outcome: Kept
    """By the interval of the miss: `consistent` where 0 is in it, else whether it did less or more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseCurve:
    """The best single source at several doses, on the targets that a mixture was chosen for."""

    source: str
    whole: Estimate
    """Mean PGF on the targets, of all its examples."""
    points: tuple[DosePoint, ...]
    """The smaller doses, the smallest first."""


def trace_doses(cube: ScoreCube, asked: VerificationSettings, context: Context) -> DoseCurve | None:
    """Hold smaller doses of the best single source against their share of its effect.

    `PGF[d] − d · PGF[1]` is the PGF of the paired difference `(c_d − b) − d · (c_1 − b)`, so that what the two have in
    common, examples and base above all, does not count twice.

    Args:
        cube: scores, in the measure that `asked` is about.
        asked: its doses; those that are not in the cube are left out.
        context: ceilings and confidence.

    Returns:
        None where the best single source, a target or every smaller dose is not in the cube, or there is no gap.

    Complexity: O(seeds · doses · examples) a target.
    """
    given = sorted((cube.mixtures[name].dose, name) for name in asked.doses if name in cube.mixtures)
    doses = [(dose, name) for dose, name in given if name in cube.sources]
    if not doses or asked.best_single not in cube.sources or not set(asked.targets) <= set(cube.targets):
        return None

    def infer(*terms: tuple[float, str]) -> Estimate:
        return infer_effect(list(_combine(cube, asked.targets, terms, context)), context.settings.confidence)

    whole = infer((1.0, asked.best_single))
    if not isfinite(whole.pgf):
        return None
    points: list[DosePoint] = []
    for dose, name in doses:
        miss = infer((1.0, name), (-dose, asked.best_single))
        points.append(
            DosePoint(
                source=name,
                dose=dose,
                examples=sum(cube.mixtures[name].parts.values()),
                effect=infer((1.0, name)),
                linear=Estimate(pgf=dose * whole.pgf, low=dose * whole.low, high=dose * whole.high),
                miss=miss,
                outcome=judge_miss(miss),
            )
        )
    return DoseCurve(source=asked.best_single, whole=whole, points=tuple(points))


def _combine(
    cube: ScoreCube, targets: tuple[str, ...], terms: tuple[tuple[float, str], ...], context: Context
) -> Iterator[Paired]:
    """By target: a weighted sum of sources, each less the base."""
    for target, ceiling in zip(targets, context.ceiling(targets).tolist(), strict=True):
        block = cube.blocks[cube.targets.index(target)]
        base = block.base.mean(axis=0)
        changes = [weight * (block.scores[:, cube.sources.index(name)] - base) for weight, name in terms]
        yield Paired(difference=np.sum(changes, axis=0), gap=ceiling - base)
