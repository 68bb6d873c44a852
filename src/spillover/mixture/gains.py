"""What the gains of one source say of it, in words."""

from __future__ import annotations

import numpy as np

from spillover.core.numbers import percent, signed
from spillover.mixture.problem import Problem, tail_mean

SURE = 0.95
"""Share of replicates above 0 from which a gain is called clear, or below 0 a harm."""
SHOWN = 0.0005
"""PGF below which three decimals show nothing."""


def how_often(gains: np.ndarray, *, of_seeds: bool = False) -> str:
    """Say in how many replicates a source gains; how much it gains where they are all the same.

    Args:
        gains: by replicate.
        of_seeds: whether replicates differ by seed alone, so that to gain in all of them says little.

    >>> how_often(np.array([0.1, 0.2, -0.1, 0.3]))
    'gains in 75% of replicates'
    """
    if not np.ptp(gains):
        return f"gains {signed(float(gains[0]))}"
    sure = float((gains > 0).mean())
    if of_seeds:
        return f"gains in {percent(sure)} of replicates of the seeds alone"
    return "gains in nearly every replicate" if sure >= SURE else f"gains in {percent(sure)} of replicates"


def why_harmful(problem: Problem, place: int) -> str:
    """Say which protected task a source is left out for, or that it makes room for what protects them."""
    worst = {name: tail_mean(gains[:, place]) for name, gains in problem.protected.items()}
    task = min(worst, key=lambda name: worst[name])
    if worst[task] < -problem.tolerance:
        return f"left out to protect {task} ({signed(worst[task])} on it in the worst fifth)"
    return f"makes room for what protects {', '.join(problem.protected)}"
