"""Light that falls unevenly: a slope across the picture and the soft edge of a shadow.

Surfaces and light are kept apart here as they are in the world: what is seen is their product. Relative reflectance
asks to undo it, and every other family has it as nuisance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spillover.tasks.perception.canvas import Canvas, Field


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """A light over the picture plane."""

    angle: float
    """Where it comes from, radians."""
    slope: float
    """Change of brightness over a unit length, as a share of the mean."""
    shadow: float
    """How much of the light the shadow takes, 0–1."""
    edge: float
    """Where the shadow's edge crosses its direction, unit length from the middle."""
    edge_angle: float
    """The direction in which the shadow lies, radians."""
    softness: float
    """Width of the shadow's edge, unit length."""

    def at(self, x: NDArray[np.floating] | float, y: NDArray[np.floating] | float) -> NDArray[np.floating]:
        """Brightness at points, about 1 in the middle, never below 0.15."""
        along = (x - 0.5) * math.cos(self.angle) + (y - 0.5) * math.sin(self.angle)
        into = (x - 0.5) * math.cos(self.edge_angle) + (y - 0.5) * math.sin(self.edge_angle) - self.edge
        shaded = np.minimum(np.maximum(into / self.softness + 0.5, 0.0), 1.0)
        return np.maximum((1.0 + self.slope * along) * (1.0 - self.shadow * shaded), 0.15)

    def field(self, canvas: Canvas) -> Field:
        """Brightness on every pixel."""
        return self.at(canvas.xs[None, :], canvas.ys[:, None]).astype(np.float32)

    def fall_on(self, canvas: Canvas) -> None:
        """Multiply everything painted so far by the light."""
        canvas.pixels *= self.field(canvas)[..., None]


def draw_light(rng: np.random.Generator, strength: float) -> Light:
    """Draw a light; strength 0 is even, 1 has the deepest slope and shadow of the suite."""
    angle, slope, shadow, edge, edge_angle, softness = rng.random(6).tolist()
    return Light(
        angle=round(angle * 2 * math.pi, 3),
        slope=round(strength * (0.3 + 0.6 * slope), 3),
        shadow=round(strength * 0.6 * shadow, 3),
        edge=round(0.5 * edge - 0.25, 3),
        edge_angle=round(edge_angle * 2 * math.pi, 3),
        softness=round(0.02 + 0.2 * softness, 3),
    )
