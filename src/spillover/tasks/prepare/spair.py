"""Semantic_Correspondence from SPair-71k (Min et al., 2019, arXiv 1908.10543).

`PairAnnotation/trn/<number>-<source>-<target>:<category>.json`, a colon in the name, which some file systems replace:
so names are never parsed. Keypoints in pixels, those of source and target in the same order.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from spillover.core.errors import TaskError
from spillover.tasks.catalogue import find_task
from spillover.tasks.prepare.correspondence import ask_correspondence, draw_apart
from spillover.tasks.prepare.drawing import Point
from spillover.tasks.prepare.reading import locate, no_dataset, open_photo, read_json
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
    try:
        category, names = str(described["category"]), (described["src_imname"], described["trg_imname"])
        sources, targets = (_points(described[key]) for key in ("src_kps", "trg_kps"))
    except (KeyError, TypeError, ValueError) as error:
        raise TaskError(f"the pair lacks {error}", where=str(file)) from error
    if len(sources) != len(targets) or len(sources) < LEAST_SHARED:
        raise SkippedError(f"it has fewer than {LEAST_SHARED} shared keypoints")
    images = folder / "JPEGImages"
    (one, one_scale), (two, two_scale) = (open_photo(locate(f"{category}/{name}", [images])) for name in names)
    asked = int(rng.integers(len(sources)))
    reference = Point(sources[asked].x * one_scale, sources[asked].y * one_scale)
    scaled = [Point(point.x * two_scale, point.y * two_scale) for point in targets]
    wrong = draw_apart([*scaled[:asked], *scaled[asked + 1 :]], scaled[asked], two, rng)
    text = TEXT.format(category=category.replace("_", " "))
    return ask_correspondence((one, two), reference, scaled[asked], wrong, text, rng)


def _points(pairs: Any) -> list[Point]:
    return [Point(float(x), float(y)) for x, y in pairs]


RECIPE = Recipe(task=find_task("Semantic_Correspondence"), dataset="SPair-71k", split="trn", layout=LAYOUT, open=_open)
