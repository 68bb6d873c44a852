"""Small random choices, in plain Python values so that a scene's `repr` is the same everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

Item = TypeVar("Item")


def pick(rng: np.random.Generator, items: Sequence[Item]) -> Item:
    """One of the items, all equally likely."""
    return items[int(rng.integers(len(items)))]


def pick_distinct(rng: np.random.Generator, items: Sequence[Item], count: int) -> list[Item]:
    """So many different items, in random order."""
    return [items[index] for index in rng.permutation(len(items))[:count].tolist()]


def coin(rng: np.random.Generator, probability: float = 0.5) -> bool:
    """True with the given probability."""
    return bool(rng.random() < probability)


def draw_seed(rng: np.random.Generator) -> int:
    """A seed for what is too fine to be held in a scene, such as the waves of a texture."""
    return int(rng.integers(1 << 31))


def between(easy: float, hard: float, difficulty: float) -> float:
    """The value at a difficulty of 0 (easy) to 1 (hard).

    >>> between(2.0, 1.0, 0.25)
    1.75
    """
    return easy + (hard - easy) * difficulty
