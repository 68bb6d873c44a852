"""Relative_Depth from Depth in the Wild (Chen et al., NeurIPS 2016, arXiv 1604.03901).

`DIW_train.csv` has two lines a sample: the image's path, then `yA,xA,yB,xB,relation,width,height`; y stands before x,
counting begins at 1. A relation of ">" says that A is farther. Images end in `.thumb` and are JPEG.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spillover.core.errors import TaskError
from spillover.tasks.catalogue import find_task
from spillover.tasks.prepare.drawing import Point, mark_points
from spillover.tasks.prepare.reading import find_one, locate, no_dataset, open_measured, read_lines
from spillover.tasks.prepare.recipe import Material, Question, Recipe, SkippedError, Tally

LAYOUT = "DIW_train.csv and the folder DIW_train_val with its .thumb images"
TEXT = "Two points are marked on the image with rings, A and B. Which of them is closer to the camera?"


@dataclass(frozen=True, slots=True)
class _Sample:
    place: str
    image: str
    first: Point
    second: Point
    """From 0, in an image of `size`."""
    first_is_closer: bool
    size: tuple[int, int]


def _open(folder: Path, tally: Tally) -> Material:
    file = find_one(folder, ("*train*.csv", "*/*train*.csv"))
    if file is None:
        raise no_dataset(folder, "Depth in the Wild", LAYOUT)
    samples = list(_samples(file, tally))
    folders = (folder, file.parent)
    return Material([sample.place for sample in samples], lambda index, rng: _pose(samples[index], folders, rng))


def _samples(file: Path, tally: Tally) -> Iterator[_Sample]:
    lines = read_lines(file)
    if len(lines) % 2:
        raise TaskError(
            f"the list has {len(lines)} lines, an odd number: two a sample are expected",
            where=str(file),
            hint="it may be half a download",
        )
    for number in range(0, len(lines), 2):
        place = f"{file.name}:{number + 1}"
        try:
            yield _sample(place, lines[number].strip(), lines[number + 1])
        except ValueError:
            tally.skip("its line is not yA,xA,yB,xB,relation,width,height", place)
        except SkippedError as reason:
            tally.skip(str(reason), place)


def _sample(place: str, image: str, line: str) -> _Sample:
    y_a, x_a, y_b, x_b, relation, width, height = (value.strip() for value in line.split(","))
    if relation not in ("<", ">"):
        raise SkippedError("neither point is closer")
    size = (int(width), int(height))
    first, second = Point(float(x_a) - 1, float(y_a) - 1), Point(float(x_b) - 1, float(y_b) - 1)
    if not all(0 <= point.x < size[0] and 0 <= point.y < size[1] for point in (first, second)):
        raise SkippedError("a point lies outside the image")
    return _Sample(place, image, first, second, relation == "<", size)


def _pose(sample: _Sample, folders: tuple[Path, ...], rng: np.random.Generator) -> Question:
    image, across, down = open_measured(locate(sample.image, folders, keep=2), sample.size)
    points = [Point(point.x * across, point.y * down) for point in (sample.first, sample.second)]
    swapped = bool(rng.integers(2))
    return Question(
        images=(mark_points(image, points[::-1] if swapped else points, "AB"),),
        text=TEXT,
        choices=("A is closer", "B is closer"),
        correct=int(sample.first_is_closer == swapped),
    )


RECIPE = Recipe(task=find_task("Relative_Depth"), dataset="Depth in the Wild", split="train", layout=LAYOUT, open=_open)
