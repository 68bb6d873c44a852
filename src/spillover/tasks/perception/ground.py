"""A world with depth: things that stand on a plane under a camera, seen in perspective through hazy air.

Depth shows in size, in the height of the contact point, in occlusion, in the contact shadow and in the haze, as it does
in photographs. Relative depth asks for it directly; other families need it to find or to follow things.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spillover.tasks.perception.blobs import signed_distances
from spillover.tasks.perception.canvas import Canvas, Colour, blend
from spillover.tasks.perception.colours import mix, muted, scaled
from spillover.tasks.perception.textures import Texture, draw_texture
from spillover.tasks.perception.things import Thing, paint_thing

Coordinates = NDArray[np.floating]

FOOT = 0.86
"""How far below its centre a thing stands on the ground, in its sizes."""


class Pose(NamedTuple):
    """Where a camera stands on the plane and which way it looks, beside how the world is written down."""

    across: float = 0.0
    """To the right, unit length at depth 1."""
    ahead: float = 0.0
    turn: float = 0.0
    """To the right, radians."""

    def from_world(self, across: float, depth: float) -> tuple[float, float]:
        """Sideways distance and depth of a place as this camera sees it."""
        right, ahead = across - self.across, depth - self.ahead
        cosine, sine = math.cos(self.turn), math.sin(self.turn)
        return cosine * right - sine * ahead, sine * right + cosine * ahead

    def to_world(self, across: Coordinates, depth: Coordinates) -> tuple[Coordinates, Coordinates]:
        """Places in the world that this camera sees at sideways distances and depths."""
        cosine, sine = math.cos(self.turn), math.sin(self.turn)
        return self.across + cosine * across + sine * depth, self.ahead - sine * across + cosine * depth


HOME = Pose()
"""The camera from which the world is written down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Land:
    """The plane, the sky and the air."""

    horizon: float
    """Unit coordinate y where the plane ends."""
    height: float
    """How far below the horizon the plane is seen at depth 1, unit length."""
    haze: float
    """How fast the air hides things: after 1 / haze depths about two thirds of the colour are the sky's."""
    ground: Colour
    sky: Colour
    texture: Texture
    roughness: float
    """Contrast of the ground's texture, 0–1."""

    def paint(self, size: int, pose: Pose = HOME) -> Canvas:
        """Start a picture with the sky and the ground as a camera in the pose sees them."""
        canvas = Canvas(size, self.sky)
        first = int(np.searchsorted(canvas.ys, self.horizon))
        rows = canvas.ys[first:, None]
        depth = self.height / np.maximum(rows - self.horizon, canvas.pixel / 4)
        pattern = self.texture.at(*pose.to_world((canvas.xs[None, :] - 0.5) * depth, depth))
        brightness = 1.0 + self.roughness * pattern / np.maximum(depth, 1.0)
        clear = np.exp(-self.haze * depth)[..., None]
        seen = brightness[..., None] * np.array(self.ground, np.float32) * clear
        seen += (1.0 - clear) * np.array(self.sky, np.float32)
        canvas.pixels[first:] = seen
        return canvas

    def veil(self, depth: float) -> float:
        """How much of the sky's colour lies over a thing at a depth, 0–1."""
        return 1.0 - math.exp(-self.haze * depth)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A thing in the world."""

    thing: Thing
    """As it would be seen at depth 1; its position is overruled."""
    across: float
    """Sideways distance from the camera's axis, unit length at depth 1."""
    depth: float
    """Distance from the camera, at least 1."""
    lift: float = 0.0
    """How high it hovers, unit length at depth 1."""

    def seen_from(self, pose: Pose) -> Standing:
        """The same thing, its place written down as a camera in the pose sees it."""
        across, depth = pose.from_world(self.across, self.depth)
        return replace(self, across=across, depth=depth)

    def seen(self, land: Land) -> Thing:
        """The thing as it appears in the picture."""
        size = self.thing.size / self.depth
        foot = land.horizon + (land.height - self.lift) / self.depth
        return replace(self.thing, x=0.5 + self.across / self.depth, y=foot - FOOT * size, size=size)


def draw_land(rng: np.random.Generator, haze: float, roughness: float = 1.0) -> Land:
    """Draw a plane and a sky of clearly different lightness; `haze` is the most that the air may hide.

    `roughness` is how much of the suite's strongest ground texture there may be, 0–1.
    """
    sky = muted(rng, 0.55, 0.95)
    ground = muted(rng, 0.15, 0.5)
    if rng.random() < 0.3:
        sky, ground = ground, sky
    horizon, height, air, rough = rng.random(4).tolist()
    return Land(
        horizon=round(0.12 + 0.25 * horizon, 3),
        height=round(0.5 + 0.2 * height, 3),
        haze=round(haze * (0.3 + 0.7 * air), 3),
        ground=ground,
        sky=sky,
        texture=draw_texture(rng, low=0.8, high=2.5),
        roughness=round(0.6 * roughness * rough, 3),
    )


def paint_world(canvas: Canvas, land: Land, things: Sequence[Standing]) -> None:
    """Paint things on a land, from far to near, each with its shadow on the ground."""
    for standing in sorted(things, key=lambda item: -item.depth):
        seen = standing.seen(land)
        weight = land.veil(standing.depth)
        _paint_shadow(canvas, land, standing, seen, weight)
        paint_thing(canvas, seen, haze=land.sky, weight=weight, roundness=0.5)


def _paint_shadow(canvas: Canvas, land: Land, standing: Standing, seen: Thing, weight: float) -> None:
    foot = land.horizon + land.height / standing.depth
    blob = np.array([[seen.x, foot, 0.6 * seen.size, 0.0, 0.16 * seen.size, 0.0, 1.0, 0.0]])
    rows, columns = canvas.window(
        seen.x - seen.size, foot - 0.2 * seen.size, seen.x + seen.size, foot + 0.2 * seen.size
    )
    if rows.start == rows.stop or columns.start == columns.stop:
        return
    distance = signed_distances(blob, canvas.xs[None, columns], canvas.ys[rows, None])[0]
    shadow = mix(scaled(land.ground, 0.35), land.sky, weight)
    blend(canvas.pixels[rows, columns], 0.7 * canvas.coverage(distance), shadow)


def depth_at(land: Land, things: Sequence[Standing], x: float, y: float) -> float | None:
    """Depth of what is seen at a point: the nearest thing that covers it, else the ground; None in the sky."""
    for standing in sorted(things, key=lambda item: item.depth):
        if standing.seen(land).covers(x, y):
            return standing.depth
    return land.height / (y - land.horizon) if y > land.horizon else None
