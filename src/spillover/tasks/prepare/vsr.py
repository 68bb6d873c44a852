"""Spatial_Relation from VSR (Liu et al., TACL 2023, arXiv 2205.00363).

JSON Lines of `image, caption, label, relation`: a caption such as "The cat is left of the dog." and whether it is true.
The caption becomes a question; the choices are always yes, then no.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from spillover.core.json_text import parse_json
from spillover.tasks.catalogue import find_task
from spillover.tasks.prepare.reading import as_text, find_one, locate, no_dataset, open_photo, read_lines
from spillover.tasks.prepare.recipe import Material, Question, Recipe, SkippedError, Tally

LAYOUT = (
    "train.jsonl (image, caption, label, relation), also in data/splits/random/, and the images it names, beside it or "
    "in images/ or data/images/"
)
LISTS = ("train.jsonl", "*train*.jsonl", "*/train.jsonl", "*/*train*.jsonl")
PUBLISHED = ("data/splits/random/train.jsonl", "splits/random/train.jsonl")
"""Where the authors' repository has it; beside it lies a zero-shot split of the same captions."""
IMAGES = ("", "images", "trainval2017", "images/trainval2017")
CHOICES = ("yes", "no")
_PLAIN = {"contains": "contain", "consists of": "consist of", "has as a part": "have as a part", "touches": "touch"}


def _open(folder: Path, tally: Tally) -> Material:
    file = find_one(folder, (*PUBLISHED, *LISTS))
    if file is None:
        raise no_dataset(folder, "VSR", LAYOUT)
    kept: list[tuple[str, dict[str, Any]]] = []
    for number, line in enumerate(read_lines(file), 1):
        origin = f"{file.name}:{number}"
        if not line.strip():
            continue
        with tally.reading(origin):
            kept.append((origin, _read(line)))
    places = [place for place in (file.parent, *file.parent.parents) if place.is_relative_to(folder)]
    folders = tuple(place / name for place in places for name in IMAGES)
    return Material([origin for origin, _ in kept], lambda index, _: _pose(kept[index][1], folders))


def _read(line: str) -> dict[str, Any]:
    try:
        row = parse_json(line)
    except ValueError as error:
        raise SkippedError("its line is no JSON") from error
    if type(row["label"]) is not int or row["label"] not in (0, 1):
        raise SkippedError("its label is neither 0 nor 1")
    return {**row, "image": as_text(row["image"]), "caption": as_text(row["caption"])}


def _pose(row: dict[str, Any], folders: tuple[Path, ...]) -> Question:
    image, _ = open_photo(locate(row["image"], folders, keep=1))
    text = question_from_caption(row["caption"], str(row.get("relation", "")))
    return Question(images=(image,), text=text, choices=CHOICES, correct=0 if row["label"] == 1 else 1)


def question_from_caption(caption: str, relation: str) -> str:
    """Turn a caption into a question that yes or no answers.

    >>> question_from_caption("The cat is left of the dog.", "left of")
    'Is the cat left of the dog?'
    >>> question_from_caption("The bowl contains the fruit.", "contains")
    'Does the bowl contain the fruit?'
    """
    said = caption.strip().rstrip(".")
    said = said[:1].lower() + said[1:]
    relation = relation.strip()
    if relation in _PLAIN and (found := re.fullmatch(rf"(.+?) {re.escape(relation)} (.+)", said)):
        return f"Does {found[1]} {_PLAIN[relation]} {found[2]}?"
    about = rf"(.+?) (is|are) ({re.escape(relation)}\b.*)" if relation else r"(.+?) (is|are) (.+)"
    found = re.fullmatch(about, said) or re.fullmatch(r"(.+?) (is|are) (.+)", said)
    if found:
        return f"{found[2].capitalize()} {found[1]} {found[3]}?"
    return f'Is this true of the image: "{caption.strip()}"?'


RECIPE = Recipe(task=find_task("Spatial_Relation"), dataset="VSR", split="train", layout=LAYOUT, open=_open)
