"""Multi-view reasoning: has the camera moved to the left or to the right?

It went round a point in the middle of the scene and looks roughly there: what is nearer moves against it, what is
farther moves with it, and how far the picture moves as a whole says nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from spillover.tasks.catalogue import find_task
from spillover.tasks.perception.colours import COLOUR_NAMES, COLOURS, vary
from spillover.tasks.perception.family import Family
from spillover.tasks.perception.ground import HOME, Land, Pose, Standing, draw_land, paint_world
from spillover.tasks.perception.kinds import CREATURE_NAMES, SHAPE_NAMES
from spillover.tasks.perception.lighting import Light, draw_light
from spillover.tasks.perception.sampling import between, coin, pick
from spillover.tasks.perception.things import Thing

PIVOT = 1.9
"""Depth of the point around which the camera goes."""
DEPTHS = (1.1, 1.5, 2.3, 3.0)
"""Between the first two lie the near things, between the last two the far ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionScene:
    """Things on a land, seen from two places."""

    land: Land
    lights: tuple[Light, Light]
    things: tuple[Standing, ...]
    """The nearest first."""
    colour_names: tuple[str, ...]
    pose: Pose
    """Of the second camera, as the first sees it."""
    correct: int

    @property
    def question(self) -> str:
        """BLINK's question."""
        return (
            "The first image is from the beginning of the video and the second image is from the end. "
            "Is the camera moving left or right when shooting the video?"
        )

    @property
    def choices(self) -> tuple[str, ...]:
        """BLINK's options, always in this order."""
        return ("left", "right")

    def render(self, size: int) -> tuple[Image.Image, ...]:
        """Draw what both cameras see."""
        images: list[Image.Image] = []
        for pose, light in zip((HOME, self.pose), self.lights, strict=True):
            canvas = self.land.paint(size, pose)
            paint_world(canvas, self.land, [standing.seen_from(pose) for standing in self.things])
            light.fall_on(canvas)
            images.append(canvas.image())
        return tuple(images)

    def describe(self) -> str:
        """Say which way the nearest and the farthest thing move in the picture."""
        words: list[str] = []
        for name, index in (("near", 0), ("far", -1)):
            before, after = (self.things[index].seen_from(pose).seen(self.land).x for pose in (HOME, self.pose))
            way = "left" if after < before else "right"
            words.append(f"{name} {self.colour_names[index]} {self.things[index].thing.kind} goes {way}")
        return ", ".join(words)

    def satisfying(self) -> tuple[int, ...]:
        """Find the side of the first camera on which the second stands."""
        return (0,) if self.pose.across < 0.0 else (1,)


def draw_motion(rng: np.random.Generator, difficulty: float) -> MotionScene:
    """Draw a scene; difficulty shortens the way, adds things, lets the camera turn carelessly and changes the light."""
    correct = int(rng.integers(2))
    way = rng.uniform(between(0.4, 0.1, difficulty), between(0.55, 0.4, difficulty)) * (1 if correct == 1 else -1)
    careless = rng.uniform(-1.0, 1.0) * between(0.0, 0.18, difficulty)
    pose = Pose(
        across=round(PIVOT * math.sin(way), 4),
        ahead=round(PIVOT * (1.0 - math.cos(way)), 4),
        turn=round(-way + careless, 4),
    )
    most = 1 + round(difficulty)
    near, far = 1 + int(rng.integers(most)), most + int(rng.integers(most))
    depths = sorted(rng.uniform(*DEPTHS[:2], near).tolist()) + sorted(rng.uniform(*DEPTHS[2:], far).tolist())
    names = tuple(pick(rng, COLOUR_NAMES) for _ in depths)
    return MotionScene(
        land=draw_land(rng, haze=between(0.1, 0.35, difficulty), roughness=difficulty),
        lights=(draw_light(rng, 0.5 * difficulty), draw_light(rng, 0.5 * difficulty)),
        things=tuple(_draw_standing(rng, depth, name) for depth, name in zip(depths, names, strict=True)),
        colour_names=names,
        pose=pose,
        correct=correct,
    )


def _draw_standing(rng: np.random.Generator, depth: float, name: str) -> Standing:
    size, across = rng.random(2).tolist()
    thing = Thing(
        kind=pick(rng, CREATURE_NAMES + SHAPE_NAMES[:3]),
        x=0.0,
        y=0.0,
        size=round(0.2 + 0.14 * size, 3),
        colour=vary(rng, COLOURS[name]),
        mirrored=coin(rng),
    )
    return Standing(thing=thing, across=round((0.7 * across - 0.35) * depth, 3), depth=round(depth, 3))


MULTI_VIEW_REASONING = Family(task=find_task("Multi-view_Reasoning"), draw=draw_motion)
