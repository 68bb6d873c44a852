"""Semantic_Correspondence from SPair-71k (Min et al., 2019, arXiv 1908.10543).

`PairAnnotation/trn/<number>-<source>-<target>:<category>.json`, a colon in the name, which some file systems replace:
so names are never parsed. Keypoints in pixels, those of source and target in the same order.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from spillover.tasks.catalogue import find_task
from spillover.tasks.prepare.correspondence import ask_correspondence, draw_apart
from spillover.tasks.prepare.drawing import Point
from spillover.tasks.prepare.reading import as_text, locate, no_dataset, open_measured, read_json
from spillover.tasks.prepare.recipe import Material, Question, Recipe, SkippedError, Tally

LAYOUT = "PairAnnotation/trn/*.json and JPEGImages/<category>/*.jpg"
TEXT = (
    "A point is marked with a ring labelled REF on the object in the first image. The second image shows another "
    "{category}, with four points A, B, C and D. Which of them marks the part that corresponds to REF?"
)
LEAST_SHARED = 4
"""Keypoints that both images must have: one to ask for, and three others."""


def _open(folder: Path, tally: Tally) -> Material:  # noqa: ARG001 (nothing is read before a pair is drawn)
    files = sorted((folder / "PairAnnotation" / "trn").glob("*.json"))
    if not files or not (folder / "JPEGImages").is_dir():
        raise no_dataset(folder, "SPair-71k", LAYOUT)
    return Material([file.name for file in files], lambda index, rng: _pose(folder, files[index], rng))


def _pose(folder: Path, file: Path, rng: np.random.Generator) -> Question:
    described = read_json(file)
    category = as_text(described["category"])
    if not LEAST_SHARED <= len(described["src_kps"]) == len(described["trg_kps"]):
        raise SkippedError(f"it has fewer than {LEAST_SHARED} shared keypoints")
    (one, first), (two, second) = (_seen(folder / "JPEGImages", described, side) for side in ("src", "trg"))
    asked = int(rng.integers(len(first)))
    wrong = draw_apart([*second[:asked], *second[asked + 1 :]], second[asked], two, rng)
    text = TEXT.format(category=category.replace("_", " "))
    return ask_correspondence((one, two), first[asked], second[asked], wrong, text, rng)


def _seen(images: Path, described: Any, side: str) -> tuple[Image.Image, list[Point]]:
    path = locate(f"{described['category']}/{as_text(described[f'{side}_imname'])}", [images])
    width, height, *_ = described[f"{side}_imsize"]
    image, across, down = open_measured(path, (int(width), int(height)))
    points = [Point(float(x) * across, float(y) * down) for x, y in described[f"{side}_kps"]]
    if not all(0 <= point.x <= image.width and 0 <= point.y <= image.height for point in points):
        raise SkippedError("a keypoint lies outside its image")
    return image, points


RECIPE = Recipe(task=find_task("Semantic_Correspondence"), dataset="SPair-71k", split="trn", layout=LAYOUT, open=_open)
