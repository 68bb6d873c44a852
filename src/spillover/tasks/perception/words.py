"""The few words in which scenes are described, and the option texts that several tasks share.

The tiny model learns to see by learning to say these words, so their number is kept small.
"""

from __future__ import annotations

POINTS = ("Point A", "Point B", "Point C", "Point D")
SECOND_OR_THIRD = ("the second image", "the third image")
LETTERS = "ABCD"

_ROWS = ("top", "middle", "bottom")
_COLUMNS = ("left", "centre", "right")
_DEPTHS = ("nearest", "near", "away", "far", "farthest")


def place_words(x: float, y: float) -> str:
    """Where a point lies, on a grid of 3 × 3.

    >>> place_words(0.1, 0.9)
    'bottom left'
    """
    return f"{_ROWS[_third(y)]} {_COLUMNS[_third(x)]}"


def grade(value: float, low: float, high: float, names: tuple[str, ...]) -> str:
    """The name of the step in which a value lies, the steps being equally wide from `low` to `high`.

    >>> grade(0.9, 0.0, 1.0, ("dark", "light"))
    'light'
    """
    step = int((value - low) / (high - low) * len(names))
    return names[min(max(step, 0), len(names) - 1)]


def depth_word(depth: float, nearest: float, farthest: float) -> str:
    """How far away something is, in five steps."""
    return grade(depth, nearest, farthest, _DEPTHS)


def _third(position: float) -> int:
    return min(max(int(position * 3), 0), 2)
