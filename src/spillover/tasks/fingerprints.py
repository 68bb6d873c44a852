"""Finds images that are nearly the same: what a model was trained on must not be what it is then asked about.

A fingerprint is a difference hash (which of two neighbours on a coarse grid is brighter) and a thumbnail. The hash
finds candidates fast, the thumbnail confirms them: plain pictures share hashes though they look nothing alike.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from spillover.tasks.task import Example

SIDE = 8
"""Cells of the hash's grid; 2 · 8 · 8 bits."""
THUMBNAIL = 16
MAXIMUM_BITS = 10
"""Of 128 that may differ: other sizes and compressions of one picture differ in few."""
MAXIMUM_DIFFERENCE = 6.0
"""Root mean square over the thumbnail's values, 0–255."""
PIECE = 512
"""Images compared with all others at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprints:
    """The images of many examples."""

    examples: tuple[str, ...]
    """Ids of the examples."""
    owners: np.ndarray
    """Shape image: which example an image belongs to."""
    bits: np.ndarray
    """Shape image × 2, unsigned 64-bit."""
    thumbnails: np.ndarray
    """Shape image × value, 0–255."""


def fingerprint_examples(examples: Iterable[Example]) -> Fingerprints:
    """Fingerprint every image of some examples.

    Raises:
        TaskError: an image cannot be read.
    """
    names: list[str] = []
    owners: list[int] = []
    prints: list[tuple[np.ndarray, np.ndarray]] = []
    for index, example in enumerate(examples):
        names.append(example.id)
        for image in example.images:
            owners.append(index)
            prints.append(_fingerprint(image.load()))
    return Fingerprints(
        examples=tuple(names),
        owners=np.array(owners, dtype=np.int64),
        bits=np.array([bits for bits, _ in prints], dtype=np.uint64).reshape(-1, 2),
        thumbnails=np.array([small for _, small in prints], dtype=np.float32).reshape(-1, 3 * THUMBNAIL**2),
    )


def _fingerprint(image: Image.Image) -> tuple[np.ndarray, np.ndarray]:
    grey = image.convert("L")
    wide = np.asarray(grey.resize((SIDE + 1, SIDE), Image.Resampling.BOX), dtype=np.int16)
    tall = np.asarray(grey.resize((SIDE, SIDE + 1), Image.Resampling.BOX), dtype=np.int16)
    steps = np.stack([np.diff(wide, axis=1) > 0, np.diff(tall, axis=0) > 0])
    bits = np.packbits(steps.reshape(2, -1), axis=1).view(np.uint64).ravel()
    return bits, np.asarray(image.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX), dtype=np.float32).ravel()


def match_fingerprints(first: Fingerprints, second: Fingerprints) -> list[tuple[str, str]]:
    """Find the examples of `second` with an image that is nearly one of `first`, each with the first such example.

    Returns:
        (example of first, example of second), in the order of second.
    """
    found: dict[int, int] = {}
    for start in range(0, len(second.bits), PIECE):
        piece = slice(start, start + PIECE)
        differing = np.bitwise_count(second.bits[piece, None] ^ first.bits[None]).sum(axis=-1)
        near, other = np.nonzero(differing <= MAXIMUM_BITS)
        distance = np.square(second.thumbnails[piece][near] - first.thumbnails[other]).mean(axis=-1) ** 0.5
        for place, match in zip(
            near[distance <= MAXIMUM_DIFFERENCE], other[distance <= MAXIMUM_DIFFERENCE], strict=True
        ):
            found.setdefault(int(second.owners[start + place]), int(first.owners[match]))
    return [(first.examples[found[index]], second.examples[index]) for index in sorted(found)]
