"""Art_Style from WikiArt, in ArtGAN's lists (Tan et al., 2017) or as a folder a style.

`style_train.csv` has no header: `Impressionism/claude-monet_….jpg,12`, the style by its number, which is all that is
needed. Without this list, every folder with images is taken for a style.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from spillover.tasks.catalogue import find_task
from spillover.tasks.prepare.reading import SUFFIXES, find_one, locate, no_dataset, open_photo, read_csv
from spillover.tasks.prepare.recipe import Material, Question, Recipe, Tally

LAYOUT = "style_train.csv and the folders it names; or a folder a style with images"
TEXT = (
    "The first image is a work of art. One of the other two works is in the same style of art, the other is not. "
    "Which image is in the style of the first?"
)
CHOICES = ("the second image", "the third image")


def _open(folder: Path, tally: Tally) -> Material:
    listed = find_one(folder, ("style_train.csv", "*/style_train.csv"))
    works = _from_list(listed, tally) if listed else _from_folders(folder)
    styles: dict[str, list[str]] = {}
    for name, style in works.items():
        styles.setdefault(style, []).append(name)
    for style in [style for style, names in styles.items() if len(names) < 2]:
        tally.skip("its style has no other work", styles.pop(style)[0])
    if len(styles) < 2:
        raise no_dataset(folder, "WikiArt with at least two styles of two works", LAYOUT)
    kept = [(name, style) for name, style in works.items() if style in styles]
    folders = [folder, folder / "wikiart", *([listed.parent, listed.parent.parent / "wikiart"] if listed else [])]
    return Material([name for name, _ in kept], lambda index, rng: _pose(kept[index], styles, folders, rng))


def _from_list(file: Path, tally: Tally) -> dict[str, str]:
    works: dict[str, str] = {}
    for place, row in read_csv(file, tally):
        if len(row) != 2 or not all(row):
            tally.skip("its line is not path,class", place)
        elif row[0] in works:
            tally.skip("it is listed twice", place)
        else:
            works[row[0]] = row[1]
    return works


def _from_folders(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.glob("*/*") if path.suffix.lower() in SUFFIXES)
    return {f"{file.parent.name}/{file.name}": file.parent.name for file in files}


def _pose(
    work: tuple[str, str], styles: dict[str, list[str]], folders: list[Path], rng: np.random.Generator
) -> Question:
    name, style = work
    same = [other for other in styles[style] if other != name]
    elsewhere = [other for other in styles if other != style]
    foreign = styles[elsewhere[int(rng.integers(len(elsewhere)))]]
    chosen = [name, same[int(rng.integers(len(same)))], foreign[int(rng.integers(len(foreign)))]]
    first, alike, other = (open_photo(locate(each, folders))[0] for each in chosen)
    correct = int(rng.integers(2))
    images = (first, alike, other) if correct == 0 else (first, other, alike)
    return Question(images=images, text=TEXT, choices=CHOICES, correct=correct)


RECIPE = Recipe(
    task=find_task("Art_Style"), dataset="WikiArt", split="style_train.csv, or all", layout=LAYOUT, open=_open
)
