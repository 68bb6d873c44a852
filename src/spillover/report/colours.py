"""One scale of colours for gains and harms, in the terminal and on the page."""

from __future__ import annotations

from math import isfinite

import numpy as np

GAIN = (33, 102, 172)
HARM = (178, 24, 43)
NEUTRAL = (247, 247, 247)
RGB = tuple[int, int, int]


def saturation(values: np.ndarray) -> float:
    """Choose the magnitude at which the scale is saturated: nine of ten values lie within, 0.05 to 1.

    One extreme target would make all others look white, so the largest values are all of one colour; each cell says
    its number.

    >>> saturation(np.array([0.0, 0.02, -0.3, np.nan]))
    0.3
    """
    finite = np.abs(values[np.isfinite(values)])
    found = float(np.quantile(finite, 0.9)) if finite.size else 0.0
    steps = [0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0]
    return next((step for step in steps if found <= step), 1.0)


def colour_of(value: float, limit: float) -> RGB:
    """Blue for gains, red for harms, near white for nothing.

    >>> colour_of(0.0, 1.0)
    (247, 247, 247)
    """
    end = GAIN if value > 0 else HARM
    strength = min(abs(value) / limit, 1.0) if isfinite(value) else 0.0
    red, green, blue = (round(a + (b - a) * strength) for a, b in zip(NEUTRAL, end, strict=True))
    return red, green, blue


def ink_on(background: RGB) -> RGB:
    """Black or white, whichever is read more easily on a colour (WCAG 2.1, relative luminance)."""
    linear = [
        (channel / 255 / 12.92 if channel <= 10 else ((channel / 255 + 0.055) / 1.055) ** 2.4) for channel in background
    ]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return (0, 0, 0) if luminance > 0.179 else (255, 255, 255)
