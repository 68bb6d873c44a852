"""Questions about corresponding points, which three datasets share: REF in the first image, A to D in the second."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from spillover.tasks.prepare.drawing import Point, distance, mark_points, ring_radius
from spillover.tasks.prepare.recipe import Question, SkippedError

CHOICES = ("Point A", "Point B", "Point C", "Point D")


def ask_correspondence(
    images: tuple[Image.Image, Image.Image],
    reference: Point,
    truth: Point,
    others: Sequence[Point],
    text: str,
    rng: np.random.Generator,
) -> Question:
    """Pose the question of which point in the second image belongs to the one in the first.

    Args:
        images: two, with the points' pixels.
        reference: in the first.
        truth: in the second.
        others: three wrong points in the second.
        text: the question.
        rng: draws the place of the right letter.
    """
    correct = int(rng.integers(len(CHOICES)))
    points = list(others)
    points.insert(correct, truth)
    marked = mark_points(images[0], [reference], ["REF"]), mark_points(images[1], points, "ABCD")
    return Question(images=marked, text=text, choices=CHOICES, correct=correct)


def draw_apart(
    candidates: Sequence[Point], truth: Point, image: Image.Image, rng: np.random.Generator, apart: float = 0.0
) -> list[Point]:
    """Draw three wrong points whose rings do not overlap one another or the true one's.

    Args:
        candidates: where wrong points may be.
        truth: the right point.
        image: says how large rings are.
        rng: draws them.
        apart: pixels between any two at least, where more than the rings need.

    Raises:
        SkippedError: there are no three.
    """
    least = max(apart, 2.0 * ring_radius(image) + 2)
    chosen: list[Point] = []
    for place in rng.permutation(len(candidates)).tolist():
        if all(distance(candidates[place], other) >= least for other in (truth, *chosen)):
            chosen.append(candidates[place])
        if len(chosen) == 3:
            return chosen
    raise SkippedError("it has no three wrong points far enough apart")
