"""How the training of a model's sources went, step by step: what a study's logs say, thinned to what a figure shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MOST_POINTS = 100
"""Of a curve."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingCurve:
    """One finetune; all tuples are equally long, at most `MOST_POINTS`."""

    source: str
    control: str | None
    """`shuffled` or `own` where the source is a control, else None."""
    seed: int
    steps: tuple[int, ...]
    """Optimiser steps, from 1."""
    loss: tuple[float, ...]
    """Cross-entropy of the answers' tokens, in nats."""
    learning_rate: tuple[float, ...]
    gradient_norm: tuple[float, ...]
    """Before it is clipped."""


def thin_curve(values: Sequence[float], most: int = MOST_POINTS) -> tuple[float, ...]:
    """Average a quantity over stretches of steps that are as long as each other, so that few points stand for all.

    Args:
        values: one a step.
        most: stretches at most.

    Complexity: O(steps).

    >>> thin_curve([4.0, 2.0, 1.0, 1.0], most=2)
    (3.0, 1.0)
    >>> thin_curve([4.0, 2.0])
    (4.0, 2.0)
    """
    if len(values) <= most:
        return tuple(map(float, values))
    return tuple(float(part.mean()) for part in np.array_split(np.asarray(values, dtype=float), most))
