"""The embedded suite as a source of examples: any number of them, the same ones every time.

Training and validation are disjoint by construction: a scene's own content decides to which split it belongs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Literal

import numpy as np

from spillover.core.errors import TaskError, nearest
from spillover.core.keys import seeded_generator
from spillover.tasks.image import EncodedImage, encode_png
from spillover.tasks.perception.families import FAMILIES
from spillover.tasks.perception.family import Family, Scene
from spillover.tasks.task import Example, lay_out_prompt, option_letters

SUITE_VERSION = 2
"""Part of every key: raise it whenever a generator draws something else for the same seed."""

Split = Literal["train", "validation"]
VALIDATION_SHARE = 4
"""One scene in so many belongs to validation."""


DEFAULT_DIFFICULTY = 1.0


def task_names() -> tuple[str, ...]:
    """The names of the suite's tasks, in the catalogue's order."""
    return tuple(family.task.name for family in FAMILIES)


def find_family(name: str) -> Family:
    """Find a family by its task's name.

    Raises:
        TaskError: there is none of that name; the nearest is offered.
    """
    for family in FAMILIES:
        if family.task.name == name:
            return family
    raise TaskError(f"unknown perception task {name!r}; {nearest(name, task_names())}")


def split_of(scene: Scene) -> Split:
    """The split that a scene belongs to, by its content alone."""
    digest = hashlib.sha256(repr(scene).encode()).digest()
    return "validation" if digest[0] % VALIDATION_SHARE == 0 else "train"


def draw_scene(family: Family, split: Split, rng: np.random.Generator, difficulty: float) -> Scene:
    """Draw scenes until one belongs to the split."""
    while True:
        scene = family.draw(rng, difficulty)
        if split_of(scene) == split:
            return scene


def draw_examples(
    name: str, split: Split, *, seed: int = 0, size: int | None = None, difficulty: float = DEFAULT_DIFFICULTY
) -> Iterator[Example]:
    """Draw examples of a task without end.

    Args:
        name: the task's name, for example "Relative_Depth".
        split: `train` or `validation`.
        seed: another seed gives other examples; the same seed the same bytes.
        size: width and height of the images at most, pixels; None for what the tiny model sees.
        difficulty: 0 (plain) to 1.

    Raises:
        TaskError: there is no such task.
    """
    family = find_family(name)
    index = 0
    while True:
        rng = seeded_generator("perception", SUITE_VERSION, name, split, seed, index)
        scene = draw_scene(family, split, rng, difficulty)
        yield example_of(scene, f"{split}_{name}_{seed}_{index}", size or family.tiny_size)
        index += 1


def example_of(scene: Scene, identity: str, size: int) -> Example:
    """Render a scene as an example in BLINK's layout."""
    images = tuple(
        EncodedImage(encode_png(image), f"{identity} image {number}")
        for number, image in enumerate(scene.render(size), 1)
    )
    return Example(
        id=identity,
        images=images,
        prompt=lay_out_prompt(scene.question, scene.choices),
        choices=scene.choices,
        answer=option_letters(len(scene.choices))[scene.correct],
    )
