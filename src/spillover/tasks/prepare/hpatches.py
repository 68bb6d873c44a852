"""Visual_Correspondence from HPatches' full sequences (Balntas et al., CVPR 2017, arXiv 1704.05939).

A folder a sequence, `i_…` (light changes) or `v_…` (view changes), with `1.ppm` to `6.ppm` and `H_1_2` to `H_1_6`, text
files of 3 × 3 numbers that take a point (x, y, 1) of image 1 to image k. So H_ij = H_1j · H_1i⁻¹.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from spillover.tasks.catalogue import find_task
from spillover.tasks.prepare.correspondence import ask_correspondence, draw_apart
from spillover.tasks.prepare.drawing import Point, distance
from spillover.tasks.prepare.reading import no_dataset, open_photo, read_lines
from spillover.tasks.prepare.recipe import Material, Question, Recipe, SkippedError, Tally

LAYOUT = "a folder a sequence, i_… or v_…, each with 1.ppm to 6.ppm and H_1_2 to H_1_6"
TEXT = (
    "A point is marked with a ring labelled REF on the first image. The second image shows the same scene from another "
    "viewpoint or in other light, with four points A, B, C and D. Which of them is the same point of the scene?"
)
HELD_OUT = 5
"""One sequence in so many is left out, so that something remains to evaluate on."""
PAIRS_A_SEQUENCE = 40
MARGIN = 24
"""Pixels from a point to the image's border at least."""
NEAREST, FARTHEST, APART = 60, 250, 60
"""Pixels from the truth to a wrong point, and between wrong points."""


def _open(folder: Path, tally: Tally) -> Material:
    sequences = sorted(path for path in folder.iterdir() if _is_sequence(path)) if folder.is_dir() else []
    if not sequences:
        raise no_dataset(folder, "HPatches", LAYOUT)
    whole: list[Path] = []
    for sequence in sequences:
        missing = [name for name in _FILES if not (sequence / name).is_file()]
        if missing:
            tally.skip(f"its sequence lacks {missing[0]}", sequence.name)
        else:
            whole.append(sequence)
    kept = [sequence for place, sequence in enumerate(whole) if place % HELD_OUT != HELD_OUT - 1]
    records = [(sequence, number) for sequence in kept for number in range(PAIRS_A_SEQUENCE)]
    origins = [f"{sequence.name} {number}" for sequence, number in records]
    return Material(origins, lambda index, rng: _pose(records[index][0], rng))


_FILES = (*(f"{number}.ppm" for number in range(1, 7)), *(f"H_1_{number}" for number in range(2, 7)))


def _is_sequence(path: Path) -> bool:
    return path.is_dir() and path.name[:2] in ("i_", "v_")


def _pose(sequence: Path, rng: np.random.Generator) -> Question:
    first, second = (int(number) for number in rng.choice(6, size=2, replace=False) + 1)
    (one, one_scale, corners), (two, two_scale, others) = (_seen(sequence / f"{n}.ppm") for n in (first, second))
    between = _homography(sequence, second) @ np.linalg.inv(_homography(sequence, first))
    pairs = [
        (corner, moved) for corner in corners if _inside(moved := _move(corner, between, one_scale, two_scale), two)
    ]
    if not pairs:
        raise SkippedError("no corner of one image is in the other")
    reference, truth = pairs[int(rng.integers(len(pairs)))]
    others = [corner for corner in others if NEAREST <= distance(corner, truth) <= FARTHEST]
    wrong = draw_apart(others, truth, two, rng, APART)
    return ask_correspondence((one, two), reference, truth, wrong, TEXT, rng)


@lru_cache(maxsize=24)
def _seen(path: Path) -> tuple[Image.Image, float, list[Point]]:
    image, scale = open_photo(path, upright=False)
    return image, scale, find_corners(image)


def _homography(sequence: Path, number: int) -> np.ndarray:
    if number == 1:
        return np.eye(3)
    try:
        values = np.array([float(value) for line in read_lines(sequence / f"H_1_{number}") for value in line.split()])
        matrix = values.reshape(3, 3)
    except ValueError as error:
        raise SkippedError(f"H_1_{number} is not nine numbers") from error
    if not np.isfinite(matrix).all() or abs(np.linalg.det(matrix)) < 1e-12:
        raise SkippedError(f"H_1_{number} cannot be inverted")
    return matrix


def _move(point: Point, between: np.ndarray, scale_from: float, scale_to: float) -> Point:
    x, y, w = between @ np.array([point.x / scale_from, point.y / scale_from, 1.0])
    return Point(float(x / w * scale_to), float(y / w * scale_to)) if w > 0 else Point(-1.0, -1.0)


def _inside(point: Point, image: Image.Image) -> bool:
    return MARGIN <= point.x < image.width - MARGIN and MARGIN <= point.y < image.height - MARGIN


def find_corners(image: Image.Image, most: int = 300) -> list[Point]:
    """Find corners: where the grey values change in every direction (Shi and Tomasi, CVPR 1994).

    Args:
        image: RGB.
        most: corners at most, the strongest.

    Returns:
        Points at least `MARGIN` pixels from the border, the strongest first.
    """
    grey = ndimage.gaussian_filter(np.asarray(image.convert("L"), dtype=np.float64), 1.0)
    across, down = ndimage.sobel(grey, axis=1), ndimage.sobel(grey, axis=0)
    xx, xy, yy = (ndimage.gaussian_filter(product, 2.0) for product in (across**2, across * down, down**2))
    weaker = (xx + yy) / 2 - np.sqrt(((xx - yy) / 2) ** 2 + xy**2)
    peaks = (weaker == ndimage.maximum_filter(weaker, size=15)) & (weaker > 0.01 * weaker.max())
    rows, columns = np.nonzero(peaks)
    order = np.argsort(-weaker[rows, columns], kind="stable")
    found = [Point(float(columns[place]), float(rows[place])) for place in order]
    return [point for point in found if _inside(point, image)][:most]


RECIPE = Recipe(
    task=find_task("Visual_Correspondence"),
    dataset="HPatches",
    split="all but every fifth sequence (the dataset has no split of its own)",
    layout=LAYOUT,
    open=_open,
)
