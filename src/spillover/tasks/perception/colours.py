"""The colours that questions speak of, wide enough apart that no jitter makes one look like another."""

from __future__ import annotations

import numpy as np

from spillover.tasks.perception.canvas import Colour

COLOURS: dict[str, Colour] = {
    "red": (0.80, 0.13, 0.12),
    "orange": (0.93, 0.52, 0.10),
    "yellow": (0.93, 0.86, 0.22),
    "green": (0.20, 0.62, 0.22),
    "blue": (0.16, 0.32, 0.82),
    "purple": (0.55, 0.22, 0.66),
    "white": (0.93, 0.93, 0.91),
    "black": (0.10, 0.10, 0.12),
}
"""Name and red, green, blue."""

COLOUR_NAMES = tuple(COLOURS)


def vary(rng: np.random.Generator, colour: Colour, amount: float = 0.05) -> Colour:
    """A colour near another: every channel moved by up to `amount`."""
    moves = rng.random(3).tolist()
    red, green, blue = (
        _limited(channel + amount * (2.0 * move - 1.0)) for channel, move in zip(colour, moves, strict=True)
    )
    return red, green, blue


def muted(rng: np.random.Generator, low: float, high: float, saturation: float = 0.12) -> Colour:
    """A greyish colour of a lightness between `low` and `high`, as walls, ground and sky have."""
    lightness = low + (high - low) * rng.random()
    return vary(rng, (lightness, lightness, lightness), saturation)


def mix(first: Colour, second: Colour, weight: float) -> Colour:
    """The colour so far (0–1) on the way from the first to the second."""
    red, green, blue = (a + (b - a) * weight for a, b in zip(first, second, strict=True))
    return red, green, blue


def scaled(colour: Colour, factor: float) -> Colour:
    """A colour brightened or darkened, each channel at most 1."""
    red, green, blue = (min(channel * factor, 1.0) for channel in colour)
    return red, green, blue


def _limited(channel: float) -> float:
    return round(min(max(channel, 0.02), 0.98), 3)
