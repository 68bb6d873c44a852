"""Places for things that must not lie on one another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

ATTEMPTS = 16

Disc = tuple[float, float, float]
"""Centre x, centre y and radius, unit length."""


def scatter(
    rng: np.random.Generator,
    radii: Sequence[float],
    *,
    overlap: float = 0.0,
    taken: Sequence[Disc] = (),
    low: float = 0.0,
    high: float = 1.0,
) -> list[tuple[float, float]]:
    """Draw a place for every disc, as far from those before it as a few attempts allow.

    Args:
        rng: randomness.
        radii: of the discs, unit length.
        overlap: by what share of its radius a disc may reach into another before a place is given up.
        taken: discs that are already there.
        low: smallest coordinate of a disc's edge.
        high: largest coordinate of a disc's edge.

    Returns:
        Centres, in the order of the radii. Where no attempt fits, the one that overlaps least is taken.
    """
    discs = list(taken)
    for radius in radii:
        span = max(high - low - 2 * radius, 1e-3)
        candidates = low + radius + span * rng.random((ATTEMPTS, 2))
        chosen = 0
        if discs:
            there = np.array(discs)
            away = np.sqrt(((candidates[:, None, :] - there[:, :2]) ** 2).sum(axis=-1))
            gap = (away - there[:, 2]).min(axis=1) - radius
            fits = gap >= -overlap * radius
            chosen = int(fits.argmax()) if fits.any() else int(gap.argmax())
        x, y = candidates[chosen].tolist()
        discs.append((round(x, 4), round(y, 4), radius))
    return [(x, y) for x, y, _ in discs[len(taken) :]]
