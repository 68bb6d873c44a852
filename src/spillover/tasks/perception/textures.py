"""Textures as sums of a few plane waves.

Waves have no resolution, so a texture looks the same at every size; a turned, zoomed or shifted view of one is the same
waves with other numbers; and on a grid of pixels they are one small matrix product.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spillover.tasks.perception.canvas import Canvas, Field
from spillover.tasks.perception.sampling import draw_seed

WAVES = 6
"""Enough that no two places of a picture look alike, few enough to be cheap."""


class View(NamedTuple):
    """How a plane is looked at: a world point is turned and zoomed about the picture's middle, then shifted."""

    turn: float = 0.0
    """Radians, from x towards y."""
    zoom: float = 1.0
    shift_x: float = 0.0
    shift_y: float = 0.0

    def project(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the plane is seen, in unit coordinates."""
        cosine, sine = math.cos(self.turn) * self.zoom, math.sin(self.turn) * self.zoom
        return (
            0.5 + cosine * (x - 0.5) - sine * (y - 0.5) + self.shift_x,
            0.5 + sine * (x - 0.5) + cosine * (y - 0.5) + self.shift_y,
        )

    def unproject(self, x: float, y: float) -> tuple[float, float]:
        """Which point of the plane is seen at these unit coordinates."""
        across, down = x - 0.5 - self.shift_x, y - 0.5 - self.shift_y
        cosine, sine = math.cos(self.turn) / self.zoom, math.sin(self.turn) / self.zoom
        return 0.5 + cosine * across + sine * down, 0.5 - sine * across + cosine * down


@dataclass(frozen=True, slots=True, kw_only=True)
class Texture:
    """What a surface's pattern looks like, apart from its colours."""

    seed: int
    """Decides where the waves' crests are."""
    frequency: float
    """Cycles a unit length; 32 pixels show up to 16."""
    angle: float
    """Direction across the stripes, radians."""
    spread: float
    """0: parallel stripes, 1: waves in all directions."""
    sharpness: float
    """0: soft hills, 3 and more: hard-edged patches."""

    def field(self, canvas: Canvas, view: View | None = None) -> Field:
        """The pattern on every pixel, −1 to 1."""
        along_x, along_y, phase = self._waves(view)
        columns = np.outer(canvas.xs, along_x) + phase
        rows = np.outer(canvas.ys, along_y)
        total = np.cos(rows) @ np.cos(columns).T - np.sin(rows) @ np.sin(columns).T
        return self._sharpened(total).astype(np.float32)

    def at(self, x: NDArray[np.floating], y: NDArray[np.floating]) -> NDArray[np.floating]:
        """The pattern at any points, −1 to 1."""
        along_x, along_y, phase = self._waves(None)
        total = np.cos(x[..., None] * along_x + y[..., None] * along_y + phase).sum(axis=-1)
        return self._sharpened(total)

    def _waves(self, view: View | None) -> tuple[NDArray[np.floating], NDArray[np.floating], NDArray[np.floating]]:
        turns, stretches, phases = np.random.default_rng(self.seed).random((3, WAVES))
        angle = self.angle + (turns - 0.5) * math.pi * self.spread
        number = 2 * math.pi * self.frequency * (0.6 + 0.8 * stretches)
        along_x, along_y, phase = number * np.cos(angle), number * np.sin(angle), phases * 2 * math.pi
        if view is None:
            return along_x, along_y, phase
        # a wave over the plane is a wave over the picture: express the plane's point by the picture's
        origin_x, origin_y = view.unproject(0.0, 0.0)
        cosine, sine = math.cos(view.turn) / view.zoom, math.sin(view.turn) / view.zoom
        seen_x = cosine * along_x - sine * along_y
        seen_y = sine * along_x + cosine * along_y
        return seen_x, seen_y, phase + along_x * origin_x + along_y * origin_y

    def _sharpened(self, total: NDArray[np.floating]) -> NDArray[np.floating]:
        return np.tanh(total * ((0.5 + self.sharpness) / math.sqrt(WAVES / 2)))


def draw_texture(rng: np.random.Generator, *, low: float = 1.5, high: float = 6.0) -> Texture:
    """Draw a texture of a frequency between `low` and `high` cycles a unit length."""
    frequency, angle, spread, sharpness = rng.random(4).round(3).tolist()
    return Texture(
        seed=draw_seed(rng),
        frequency=round(low * (high / low) ** frequency, 3),
        angle=round(angle * math.pi, 3),
        spread=spread,
        sharpness=round(3 * sharpness**2, 3),
    )
