"""No family can be solved by looking at one thing only.

A linear classifier is trained on what a lazy model might use: where the marks are and how far from one another, the
colour statistics of every image and how much they differ between images, or one 8-pixel patch alone. It has to stay
near chance. What is left to it is honest: pictures whose colours differ more *are* on the whole less similar, and
pieces that fit have on the whole the colours of their neighbours.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from spillover.core.keys import seeded_generator
from spillover.tasks.perception.families import FAMILIES
from spillover.tasks.perception.family import Family

TRAINED, TESTED, SIZE, PATCH = 640, 320, 32, 8
ALLOWANCE = 0.12
"""Above chance: 0.04 that an honest weak cue may be worth, and three standard errors of 320 answers."""


def mark_features(scene: Any) -> np.ndarray:
    points = [scene.reference[:2]] if hasattr(scene, "reference") else []
    points += [mark[:2] for mark in getattr(scene, "marks", ())]
    points += [corner for box in getattr(scene, "boxes", ()) for corner in (box[:2], box[2:4])]
    places = np.array(points or [(0.0, 0.0)])
    first, second = np.triu_indices(len(places), 1)
    apart = np.abs(places[first] - places[second])
    return np.concatenate([places.ravel(), apart.ravel(), np.hypot(*apart.T)])


def colour_features(images: list[np.ndarray]) -> np.ndarray:
    statistics = np.array([np.concatenate([image.mean(axis=(0, 1)), image.std(axis=(0, 1))]) for image in images])
    first, second = np.triu_indices(len(images), 1)
    return np.concatenate([statistics.ravel(), np.abs(statistics[first] - statistics[second]).ravel()])


def patches(images: list[np.ndarray]) -> np.ndarray:
    cut = []
    for image in images:
        rows, columns = image.shape[0] // PATCH, image.shape[1] // PATCH
        grid = image[: rows * PATCH, : columns * PATCH].reshape(rows, PATCH, columns, PATCH, 3)
        cut.append(grid.transpose(0, 2, 1, 3, 4).reshape(rows * columns, -1))
    return np.concatenate(cut)


def linear_accuracy(features: np.ndarray, labels: np.ndarray, options: int, penalty: float) -> float:
    """Accuracy on the last `TESTED` rows of a ridge regression fitted to the first `TRAINED`."""
    known, targets = features[:TRAINED], np.eye(options)[labels[:TRAINED]]
    scaled = (features - known.mean(axis=0)) / (known.std(axis=0) + 1e-6)
    known = scaled[:TRAINED]
    gram = known.T @ known + penalty * np.eye(known.shape[1])
    weights = np.linalg.solve(gram, known.T @ (targets - targets.mean(axis=0)))
    guesses = (scaled[TRAINED:] @ weights + targets.mean(axis=0)).argmax(axis=1)
    return float((guesses == labels[TRAINED:]).mean())


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.task.abbreviation)
def test_no_shortcut_beats_chance_by_much(family: Family):
    rng = seeded_generator("shortcuts", family.task.name)
    options = family.task.options or 0
    scenes = [family.draw(rng, 1.0) for _ in range(TRAINED + TESTED)]
    labels = np.array([scene.correct for scene in scenes])
    images = [[np.asarray(image, np.float32) / 255 for image in scene.render(SIZE)] for scene in scenes]
    found = {
        "marks": linear_accuracy(np.array([mark_features(scene) for scene in scenes]), labels, options, 10.0),
        "colours": linear_accuracy(np.array([colour_features(drawn) for drawn in images]), labels, options, 10.0),
    }
    cut = np.array([patches(drawn) for drawn in images])
    for place in range(cut.shape[1]):
        found[f"patch {place}"] = linear_accuracy(cut[:, place], labels, options, 300.0)
    assert max(found.values()) < 1 / options + ALLOWANCE, max(found.items(), key=lambda item: item[1])
