"""Jigsaw from any folder of photographs: which of two pieces fits the black quarter?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from spillover.tasks.catalogue import find_task
from spillover.tasks.prepare.drawing import Box, overlap
from spillover.tasks.prepare.reading import list_images, no_dataset, open_photo
from spillover.tasks.prepare.recipe import Material, Question, Recipe, SkippedError, Tally

LAYOUT = "photographs, in any folders"
TEXT = (
    "The lower right quarter of the first image is missing (black). Which of the two other images is the piece that "
    "belongs there?"
)
CHOICES = ("the second image", "the third image")
WIDTH = 400
"""Of the whole, pixels; a piece is half as wide and half as high."""
LOWEST, HIGHEST = 150, 900
"""Height of the whole, pixels."""
MOST_SHARED = 0.15
"""Intersection over union of the two pieces."""
LEAST_DIFFERENCE = 8.0
"""Mean difference of the two pieces, of 255: below it nobody could tell."""
ATTEMPTS = 100


def _open(folder: Path, tally: Tally) -> Material:  # noqa: ARG001 (a photograph is judged when it is drawn)
    files = list_images(folder)
    if not files:
        raise no_dataset(folder, "a folder of photographs", LAYOUT)
    origins = [file.relative_to(folder).as_posix() for file in files]
    return Material(origins, lambda index, rng: _pose(files[index], rng))


def _pose(file: Path, rng: np.random.Generator) -> Question:
    photo, _ = open_photo(file)
    half = round(WIDTH * photo.height / photo.width / 2)
    if not LOWEST <= 2 * half <= HIGHEST:
        raise SkippedError("it is too wide or too high")
    if photo.width < WIDTH:
        raise SkippedError(f"it is narrower than {WIDTH} pixels")
    photo = photo.resize((WIDTH, 2 * half), Image.Resampling.LANCZOS)
    true = photo.crop((WIDTH // 2, half, WIDTH, 2 * half))
    other = _elsewhere(photo, true, half, rng)
    photo.paste((0, 0, 0), (WIDTH // 2, half, WIDTH, 2 * half))
    correct = int(rng.integers(2))
    images = (photo, true, other) if correct == 0 else (photo, other, true)
    return Question(images=images, text=TEXT, choices=CHOICES, correct=correct)


def _elsewhere(photo: Image.Image, true: Image.Image, half: int, rng: np.random.Generator) -> Image.Image:
    missing = Box(WIDTH // 2, half, WIDTH, 2 * half)
    for _ in range(ATTEMPTS):
        left, top = int(rng.integers(WIDTH // 2 + 1)), int(rng.integers(half + 1))
        box = Box(left, top, left + WIDTH // 2, top + half)
        if overlap(missing, box) > MOST_SHARED:
            continue
        piece = photo.crop((left, top, left + WIDTH // 2, top + half))
        if np.abs(np.asarray(piece, float) - np.asarray(true, float)).mean() >= LEAST_DIFFERENCE:
            return piece
    raise SkippedError("it looks the same everywhere")


RECIPE = Recipe(task=find_task("Jigsaw"), dataset="a folder of photographs", split="all", layout=LAYOUT, open=_open)
