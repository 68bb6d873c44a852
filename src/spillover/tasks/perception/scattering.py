"""Places for things that must not lie on one another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

ATTEMPTS = 12


def scatter(
    rng: np.random.Generator, radii: Sequence[float], *, overlap: float = 0.0, low: float = 0.0, high: float = 1.0
) -> list[tuple[float, float]]:
    """Draw a place for every disc, as far from those before it as a few attempts allow.

    Args:
        rng: randomness.
        radii: of the discs, unit length.
        overlap: by what share of its radius a disc may reach into another before a place is given up.
        low: smallest coordinate of a disc's edge.
        high: largest coordinate of a disc's edge.

    Returns:
        Centres, in the order of the radii. Where no attempt fits, the one that overlaps least is taken.
    """
    placed: list[tuple[float, float]] = []
    for index, radius in enumerate(radii):
        candidates = rng.uniform(low + radius, max(high - radius, low + radius + 1e-3), (ATTEMPTS, 2))
        if not placed:
            x, y = candidates[0].round(4).tolist()
            placed.append((x, y))
            continue
        away = np.hypot(*(candidates[:, None, :] - np.array(placed)[None]).transpose(2, 0, 1))
        gap = (away - (np.array(radii[:index]) + radius)).min(axis=1)
        fitting = np.flatnonzero(gap >= -overlap * radius)
        x, y = candidates[int(fitting[0]) if len(fitting) else int(gap.argmax())].round(4).tolist()
        placed.append((x, y))
    return placed
