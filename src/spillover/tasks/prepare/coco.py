"""Object_Localization from COCO (Lin et al., ECCV 2014) or LVIS (Gupta et al., CVPR 2019).

`instances_train*.json` or `lvis_v1_train.json`: boxes as x, y, width, height. LVIS names images by `coco_url` alone.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from spillover.tasks.catalogue import find_task
from spillover.tasks.prepare.drawing import Box, mark_boxes, overlap
from spillover.tasks.prepare.reading import as_text, find_one, locate, no_dataset, open_measured, read_json
from spillover.tasks.prepare.recipe import Material, Question, Recipe, SkippedError, Tally

LAYOUT = "annotations/instances_train2017.json (or lvis_v1_train.json) and train2017/*.jpg"
LISTS = tuple(
    f"{place}{name}" for name in ("instances_train*.json", "lvis_v*_train.json") for place in ("", "annotations/", "*/")
)
TEXT = "Two boxes are drawn on the image, A in red and B in blue. Which of them encloses the {category} more exactly?"
SMALLEST, LARGEST = 0.15, 0.50
"""Of the image, that the true box covers."""
LEAST_OVERLAP, MOST_OVERLAP = 0.2, 0.5
"""Intersection over union of the wrong box with the true one."""
ATTEMPTS = 200


@dataclass(frozen=True, slots=True)
class _Object:
    origin: str
    image: str
    size: tuple[int, int]
    box: Box
    category: str


def _open(folder: Path, tally: Tally) -> Material:
    file = find_one(folder, LISTS)
    if file is None:
        raise no_dataset(folder, "COCO or LVIS", LAYOUT)
    objects = _objects(read_json(file), tally)
    folders = (folder, folder / "train2017", folder / "train2014", folder / "images", file.parent)
    return Material([each.origin for each in objects], lambda index, rng: _pose(objects[index], folders, rng))


def _objects(described: dict[str, Any], tally: Tally) -> list[_Object]:
    images: dict[Any, Any] = {}
    for place, image in enumerate(described["images"]):
        with tally.reading(f"image at {place}"):
            images[image["id"]] = image
    categories: dict[Any, str] = {}
    for place, each in enumerate(described["categories"]):
        with tally.reading(f"category at {place}"):
            categories[each["id"]] = as_text(each["name"]).replace("_", " ")
    annotations: list[tuple[str, dict[str, Any]]] = []
    alike: Counter[tuple[Any, Any]] = Counter()
    for place, each in enumerate(described["annotations"]):
        with tally.reading(f"annotation at {place}"):
            alike[each["image_id"], each["category_id"]] += 1
            annotations.append((f"annotation {each['id']}", each))
    objects: list[_Object] = []
    for origin, each in annotations:
        with tally.reading(origin):
            kind = (each["image_id"], each["category_id"])
            objects.append(_object(origin, each, images.get(kind[0]), categories.get(kind[1]), alike[kind]))
    return objects


def _object(origin: str, each: dict[str, Any], image: Any, category: str | None, alike: int) -> _Object:
    if image is None:
        raise SkippedError("its image is not in the list")
    if category is None:
        raise SkippedError("its category is not in the list")
    if each.get("iscrowd", 0):
        raise SkippedError("it is a crowd")
    if alike > 1:
        raise SkippedError("its image has several of its kind")
    x, y, width, height = (float(value) for value in each["bbox"])
    size = (int(image["width"]), int(image["height"]))
    box = Box(x, y, x + width, y + height)
    if not (-1 <= box.left < box.right <= size[0] + 1 and -1 <= box.top < box.bottom <= size[1] + 1):
        raise SkippedError("its box does not lie in the image")
    if not SMALLEST <= box.area / (size[0] * size[1]) <= LARGEST:
        raise SkippedError(f"its box does not cover {SMALLEST:.0%} to {LARGEST:.0%} of the image")
    name = image.get("file_name") or "/".join(as_text(image["coco_url"]).split("/")[-2:])
    return _Object(origin, as_text(name), size, box, category)


def _pose(each: _Object, folders: tuple[Path, ...], rng: np.random.Generator) -> Question:
    image, across, down = open_measured(locate(each.image, folders, keep=1), each.size)
    left, top, right, bottom = each.box
    true = Box(left * across, top * down, right * across, bottom * down)
    wrong = _move(true, image, rng)
    correct = int(rng.integers(2))
    boxes = (true, wrong) if correct == 0 else (wrong, true)
    return Question(
        images=(mark_boxes(image, boxes),),
        text=TEXT.format(category=each.category),
        choices=("Box A", "Box B"),
        correct=correct,
    )


def _move(true: Box, image: Image.Image, rng: np.random.Generator) -> Box:
    """Draw a box of about the same size, elsewhere but not far away."""
    width, height = true.right - true.left, true.bottom - true.top
    for _ in range(ATTEMPTS):
        wide, high = (side * rng.uniform(0.8, 1.25) for side in (width, height))
        if wide >= image.width or high >= image.height:
            continue
        left, top = rng.uniform(0, image.width - wide), rng.uniform(0, image.height - high)
        box = Box(float(left), float(top), float(left + wide), float(top + high))
        if LEAST_OVERLAP <= overlap(true, box) <= MOST_OVERLAP:
            return box
    raise SkippedError("there is no room to move its box")


RECIPE = Recipe(task=find_task("Object_Localization"), dataset="COCO or LVIS", split="train", layout=LAYOUT, open=_open)
