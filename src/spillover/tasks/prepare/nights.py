"""Visual_Similarity from NIGHTS (Fu et al., DreamSim, NeurIPS 2023, arXiv 2306.09344).

`data.csv`: a reference, two variations, and how many people voted for which; those with at least six votes were
unanimous.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from spillover.tasks.catalogue import find_task
from spillover.tasks.prepare.reading import find_one, locate, no_dataset, open_photo, read_table
from spillover.tasks.prepare.recipe import Material, Question, Recipe, SkippedError, Tally

LAYOUT = "data.csv (left_vote, right_vote, votes, ref_path, left_path, right_path, split) and the images it names"
TEXT = "Look at three images. Which of the other two is more similar to the first image?"
CHOICES = ("the second image", "the third image")
LEAST_VOTES = 6
COLUMNS = ("id", "left_vote", "right_vote", "votes", "ref_path", "left_path", "right_path", "split")


def _open(folder: Path, tally: Tally) -> Material:
    file = find_one(folder, ("data.csv", "*/data.csv"))
    if file is None:
        raise no_dataset(folder, "NIGHTS", LAYOUT)
    rows: list[dict[str, str]] = []
    for place, row in read_table(file, COLUMNS, tally):
        try:
            left, right, votes = (float(row[name]) for name in ("left_vote", "right_vote", "votes"))
        except ValueError:
            left = right = votes = math.nan
        if row["split"] != "train":
            tally.skip("it is not of the training split", f"id {row['id']}")
        elif not all(0 <= number < math.inf for number in (left, right, votes)):
            tally.skip("its votes are no numbers", place)
        elif votes < LEAST_VOTES:
            tally.skip(f"it has fewer than {LEAST_VOTES} votes", f"id {row['id']}")
        elif left == right:
            tally.skip("its votes are even", f"id {row['id']}")
        else:
            rows.append(row)
    return Material([f"id {row['id']}" for row in rows], lambda index, rng: _pose(rows[index], file.parent, rng))


def _pose(row: dict[str, str], folder: Path, rng: np.random.Generator) -> Question:
    left_is_nearer = float(row["left_vote"]) > float(row["right_vote"])
    names = ("left_path", "right_path") if left_is_nearer else ("right_path", "left_path")
    reference, near, far = (open_photo(locate(row[name], [folder]))[0] for name in ("ref_path", *names))
    if near.tobytes() == far.tobytes():
        raise SkippedError("its two variations are the same image")
    correct = int(rng.integers(2))
    images = (reference, near, far) if correct == 0 else (reference, far, near)
    return Question(images=images, text=TEXT, choices=CHOICES, correct=correct)


RECIPE = Recipe(task=find_task("Visual_Similarity"), dataset="NIGHTS", split="train", layout=LAYOUT, open=_open)
