"""How small a difference a verifying study can be expected to find, before hours are spent on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from spillover.analysis.pgf import ZERO
from spillover.analysis.sampling import TransferSample
from spillover.core.numbers import fixed
from spillover.mixture.pose import Pose
from spillover.mixture.settings import MixtureSettings

POWER = 0.8
"""Share of studies that tell a difference of this size from none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallestDifferences:
    """The smallest differences that are found four times in five, PGF on the mean of the targets."""

    from_random: float
    """Of a mixture from random ones."""
    from_source: float
    """Of a mixture from one source: the best single one, or the targets' own data."""


def find_smallest_differences(
    sample: TransferSample, settings: MixtureSettings, random_mixtures: int
) -> SmallestDifferences | None:
    """Tell from the noise in what a mixture was chosen by how small a difference its verifying study will find.

    `δ = (t₁₋α/₂ + t_power) · √V` (Bloom, Evaluation Review 19, 1995). Against one source `V` is the median over pairs
    of candidates of the bootstrap variance of the difference of their PGFs. Against `r` random mixtures it is half of
    that, the chosen one's own, plus `Var_s(PGF[s]) / r` with r − 1 degrees of freedom (Satterthwaite): random mixtures
    are taken to differ from each other as single sources do, since a share of a source does more than that share of
    its effect (an average of three would differ less). So both stand for as many examples and seeds as `sample` has:
    with more of either the study finds smaller ones, and with one seed, whose noise no bootstrap sees, only larger.

    Args:
        sample: what the mixture was chosen from.
        settings: the targets, the candidates and the confidence; several targets are pooled, as they are judged.
        random_mixtures: how many will be run, at least 2.

    Returns:
        None where the evidence holds no noise: one seed, and right answers that cannot be counted.

    Complexity: O(replicates · sources²).
    """
    problem = Pose.of(sample, settings).problem(sample.mean, sample.replicates)
    covariance = np.atleast_2d(np.cov(problem.gains.T))
    variances = np.diag(covariance)
    pairs = variances[:, None] + variances - 2 * covariance
    noise = float(np.median(pairs[np.triu_indices(len(pairs), 1)]))
    if not noise > ZERO:
        return None
    between = float(problem.mean.var(ddof=1)) / random_mixtures
    variance = between + noise / 2
    freedom = (random_mixtures - 1) * (variance / between) ** 2 if between > ZERO else np.inf
    return SmallestDifferences(
        from_random=_detectable(variance, freedom, settings.confidence),
        from_source=_detectable(noise, np.inf, settings.confidence),
    )


def _detectable(variance: float, freedom: float, confidence: float) -> float:
    return float((special.stdtrit(freedom, 0.5 + confidence / 2) + special.stdtrit(freedom, POWER)) * np.sqrt(variance))


def describe_power(found: SmallestDifferences | None, random_mixtures: int) -> str:
    """Say in a line what the study can be expected to find."""
    if found is None:
        return "how small a difference it can find cannot be told: the evidence holds no noise to tell it from"
    return (
        f"it finds a difference from {random_mixtures} random mixtures four times in five where that is about "
        f"{fixed(found.from_random, 3)} PGF, from one source where it is {fixed(found.from_source, 3)}; smaller "
        "ones mostly stay open. More random mixtures (--random-mixtures), examples or seeds find smaller ones"
    )
