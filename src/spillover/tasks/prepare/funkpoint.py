"""Functional_Correspondence from FunKPoint (Lai et al., ICCV 2021, arXiv 2109.01097).

`labels.csv` has five points an image, in fractions of it, for one action with one object. The dataset is not publicly
downloadable at present: this reads a copy that you have.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spillover.tasks.catalogue import find_task
from spillover.tasks.prepare.correspondence import ask_correspondence, draw_apart
from spillover.tasks.prepare.drawing import Point
from spillover.tasks.prepare.reading import find_one, locate, no_dataset, open_photo, read_table
from spillover.tasks.prepare.recipe import Material, Question, Recipe, SkippedError, Tally

LAYOUT = "labels.csv (p1_x … p5_y, image_path, action, object_category) and its images; not publicly downloadable"
TEXT = (
    "A point is marked with a ring labelled REF on the object in the first image. Think of this action: {action}. On "
    "the object in the second image four points are marked, A, B, C and D. Which of them does the same for the action?"
)
NUMBERS = ("1", "2", "3", "4", "5")
COLUMNS = (*(f"p{number}_{axis}" for number in NUMBERS for axis in "xy"), "image_path", "action", "object_category")


@dataclass(frozen=True, slots=True)
class _Labelled:
    place: str
    image: str
    action: str
    category: str
    points: dict[str, Point]
    """By number, in fractions of the image; points that were not labelled are absent."""


def _open(folder: Path, tally: Tally) -> Material:
    file = find_one(folder, ("labels.csv", "*/labels.csv"))
    if file is None:
        raise no_dataset(folder, "FunKPoint", LAYOUT)
    labelled: list[_Labelled] = []
    for place, row in read_table(file, COLUMNS, tally):
        points = {number: point for number in NUMBERS if (point := _point(row[f"p{number}_x"], row[f"p{number}_y"]))}
        if len(points) < 4:
            tally.skip("it has fewer than four labelled points", place)
        elif not (row["image_path"] and row["action"] and row["object_category"]):
            tally.skip("it lacks its image, action or object", place)
        else:
            labelled.append(_Labelled(place, row["image_path"], row["action"], row["object_category"], points))
    folders = (file.parent, file.parent / "images")
    return Material(
        [each.place for each in labelled], lambda index, rng: _pose(labelled[index], labelled, folders, rng)
    )


def _point(x: str, y: str) -> Point | None:
    try:
        point = Point(float(x), float(y))
    except ValueError:
        return None
    return point if 0 <= point.x <= 1 and 0 <= point.y <= 1 else None


def _pose(one: _Labelled, every: list[_Labelled], folders: tuple[Path, ...], rng: np.random.Generator) -> Question:
    others = [other for other in every if other.action == one.action and other.category != one.category]
    if not others:
        raise SkippedError("no other kind of object was labelled for its action")
    two = others[int(rng.integers(len(others)))]
    shared = sorted(one.points.keys() & two.points.keys())
    if not shared:
        raise SkippedError("the two objects share no labelled point")
    asked = shared[int(rng.integers(len(shared)))]
    first, second = (open_photo(locate(each.image, folders, keep=2), upright=False)[0] for each in (one, two))
    placed = {n: Point(point.x * second.width, point.y * second.height) for n, point in two.points.items()}
    truth = placed.pop(asked)
    wrong = draw_apart(list(placed.values()), truth, second, rng)
    reference = Point(one.points[asked].x * first.width, one.points[asked].y * first.height)
    text = TEXT.format(action=one.action.replace("_", " "))
    return ask_correspondence((first, second), reference, truth, wrong, text, rng)


RECIPE = Recipe(
    task=find_task("Functional_Correspondence"), dataset="FunKPoint", split="labels.csv", layout=LAYOUT, open=_open
)
