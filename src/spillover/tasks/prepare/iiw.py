"""Relative_Reflectance from Intrinsic Images in the Wild (Bell et al., SIGGRAPH 2014).

`data/<id>.json` beside `data/<id>.png`: points in fractions of the image, and people's judgements of pairs. Only opaque
points have a colour of their own, and only judgements with a positive score were agreed on. The dataset has no split of
its own: every fifth image in order of number is left out, as is usual since Narihira et al. (ICCV 2015).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spillover.tasks.catalogue import find_task
from spillover.tasks.prepare.drawing import Point, distance, mark_points, ring_radius
from spillover.tasks.prepare.reading import no_dataset, open_photo, read_json
from spillover.tasks.prepare.recipe import Material, Question, Recipe, SkippedError, Tally

LAYOUT = "data/<number>.json and data/<number>.png"
TEXT = (
    "Two points are marked on the image with rings, A and B. Think of the surfaces' own colour, without shading and "
    "shadow. Which point has the darker surface colour?"
)
CHOICES = ("A is darker", "B is darker", "About the same")
HELD_OUT = 5
"""One image in so many."""


@dataclass(frozen=True, slots=True)
class _Pair:
    first: Point
    second: Point
    """In fractions of the image."""
    darker: str
    """1, 2, or E for neither."""


def _open(folder: Path, tally: Tally) -> Material:
    data = folder / "data" if (folder / "data").is_dir() else folder
    files = sorted((file for file in data.glob("*.json") if file.stem.isdigit()), key=lambda file: int(file.stem))
    if not files:
        raise no_dataset(folder, "Intrinsic Images in the Wild", LAYOUT)
    kept = [file for place, file in enumerate(files) if place % HELD_OUT]
    return Material([file.name for file in kept], lambda index, rng: _pose(kept[index], tally, rng))


def _pose(file: Path, tally: Tally, rng: np.random.Generator) -> Question:
    wanted = int(rng.integers(len(CHOICES)))
    same, swapped = wanted == 2, bool(rng.integers(2))
    pairs = [pair for pair in _pairs(file, tally) if (pair.darker == "E") == same]
    picture = file.with_suffix(".png")
    if not picture.is_file():
        raise SkippedError("its image is missing")
    if not pairs:
        raise SkippedError(f"it has no judgement of the kind that was drawn ({CHOICES[2] if same else 'darker'})")
    image, _ = open_photo(picture, upright=False)
    pair = pairs[int(rng.integers(len(pairs)))]
    if not all(0 <= place <= 1 for place in (*pair.first, *pair.second)):
        raise SkippedError("a point lies outside the image")
    points = [Point(point.x * image.width, point.y * image.height) for point in (pair.first, pair.second)]
    if distance(*points) < 2 * ring_radius(image):
        raise SkippedError("the two rings would overlap")
    if not same:
        swapped = (wanted == 0) != (pair.darker == "1")
    return Question(
        images=(mark_points(image, points[::-1] if swapped else points, "AB"),),
        text=TEXT,
        choices=CHOICES,
        correct=wanted,
    )


def _pairs(file: Path, tally: Tally) -> list[_Pair]:
    described = read_json(file)
    points = {point["id"]: point for point in described["intrinsic_points"]}
    return [pair for each in described["intrinsic_comparisons"] if (pair := _pair(each, points, file, tally))]


def _pair(each: Mapping[str, Any], points: Mapping[Any, Any], file: Path, tally: Tally) -> _Pair | None:
    first, second = points.get(each["point1"]), points.get(each["point2"])
    if first is None or second is None or not (first["opaque"] and second["opaque"]):
        tally.skip("a point of the pair is not opaque", f"{file.name} {each['point1']} {each['point2']}")
        return None
    if each["darker_score"] is None or each["darker_score"] <= 0 or each["darker"] not in ("1", "2", "E"):
        tally.skip("the pair was not agreed on", f"{file.name} {each['point1']} {each['point2']}")
        return None
    first, second = (Point(float(point["x"]), float(point["y"])) for point in (first, second))
    return _Pair(first, second, each["darker"])


RECIPE = Recipe(
    task=find_task("Relative_Reflectance"),
    dataset="Intrinsic Images in the Wild",
    split="all but every fifth image (the dataset has no split of its own)",
    layout=LAYOUT,
    open=_open,
)
