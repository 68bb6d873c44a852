"""Counting from TallyQA (Acharya et al., AAAI 2019, arXiv 1810.12440).

`train.json` is a list of `image, question, answer, issimple, data_source`; the images are Visual Genome's and COCO's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from spillover.tasks.catalogue import find_task
from spillover.tasks.prepare.reading import as_text, find_one, locate, no_dataset, open_photo, read_json
from spillover.tasks.prepare.recipe import Material, Question, Recipe, SkippedError, Tally, shuffle_choices

LAYOUT = "train.json, and the images it names: train2014/…, val2014/…, VG_100K/…, VG_100K_2/…"
CHOICES = 4


def _open(folder: Path, tally: Tally) -> Material:
    file = find_one(folder, ("train.json", "*/train.json"))
    rows = read_json(file) if file else None
    if file is None or not isinstance(rows, list):
        raise no_dataset(folder, "TallyQA", LAYOUT)
    kept: list[tuple[str, dict[str, Any]]] = []
    for place, row in enumerate(rows):
        origin = f"train.json {place}"
        with tally.reading(origin):
            kept.append((origin, _read(row)))
    folders = (folder, file.parent, folder / "images")
    return Material([origin for origin, _ in kept], lambda index, rng: _pose(kept[index][1], folders, rng))


def _read(row: dict[str, Any]) -> dict[str, Any]:
    if type(row["answer"]) is not int or row["answer"] < 0:
        raise SkippedError("its answer is no count")
    return {**row, "image": as_text(row["image"]), "question": as_text(row["question"])}


def _pose(row: dict[str, Any], folders: tuple[Path, ...], rng: np.random.Generator) -> Question:
    image, _ = open_photo(locate(row["image"], folders))
    truth = row["answer"]
    # the truth may be any of four consecutive numbers, so that its rank among the choices says nothing
    lowest = max(0, truth - int(rng.integers(CHOICES)))
    wrong = [str(number) for number in range(lowest, lowest + CHOICES) if number != truth]
    choices, correct = shuffle_choices(str(truth), wrong, rng)
    return Question(images=(image,), text=row["question"], choices=choices, correct=correct)


RECIPE = Recipe(task=find_task("Counting"), dataset="TallyQA", split="train", layout=LAYOUT, open=_open)
