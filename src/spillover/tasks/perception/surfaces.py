"""A textured ground seen from straight above: what things lie on where depth does not matter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spillover.tasks.perception.canvas import Canvas, Colour
from spillover.tasks.perception.colours import muted, vary
from spillover.tasks.perception.textures import Texture, View, draw_texture


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """A pattern between two colours."""

    low: Colour
    high: Colour
    texture: Texture

    def paint(self, size: int, view: View | None = None) -> Canvas:
        """Start a picture of the surface."""
        canvas = Canvas(size, self.low)
        self.cover(canvas, view)
        return canvas

    def cover(self, canvas: Canvas, view: View | None = None) -> None:
        """Cover the whole canvas with the surface."""
        weight = 0.5 + 0.5 * self.texture.field(canvas, view)
        low, high = np.array(self.low, np.float32), np.array(self.high, np.float32)
        canvas.pixels[:] = low + weight[..., None] * (high - low)


def draw_surface(rng: np.random.Generator, contrast: float, *, low: float = 1.5, high: float = 6.0) -> Surface:
    """Draw a surface of muted colours; contrast is the largest difference of a channel within it."""
    base = muted(rng, 0.25, 0.8)
    return Surface(low=base, high=vary(rng, base, contrast), texture=draw_texture(rng, low=low, high=high))
