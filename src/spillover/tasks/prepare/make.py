"""Makes a training set: draws records in a seeded order, poses their questions, and counts what was skipped."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from spillover.core.errors import TaskError, nearest
from spillover.core.files import write_atomically
from spillover.core.keys import hash_file, seeded_generator
from spillover.tasks.export import write_examples
from spillover.tasks.image import EncodedImage
from spillover.tasks.prepare import (
    co3d,
    coco,
    diw,
    funkpoint,
    genimage,
    hpatches,
    iiw,
    nights,
    photos,
    spair,
    tallyqa,
    vsr,
    wikiart,
)
from spillover.tasks.prepare.recipe import MALFORMED, Material, Question, Recipe, Tally, fault_of
from spillover.tasks.task import Example, lay_out_prompt, option_letters

RECIPES: tuple[Recipe, ...] = (
    wikiart.RECIPE,
    tallyqa.RECIPE,
    genimage.RECIPE,
    funkpoint.RECIPE,
    photos.RECIPE,
    co3d.RECIPE,
    coco.RECIPE,
    diw.RECIPE,
    iiw.RECIPE,
    spair.RECIPE,
    vsr.RECIPE,
    hpatches.RECIPE,
    nights.RECIPE,
)
"""One for each of the paper's 13 tasks, in the catalogue's order."""

RECIPE_VERSION = 2
"""Raised whenever a recipe makes something else of the same folder and seed."""
QUALITY = 95
"""Of JPEG, without colour subsampling: the same for every image, so that it tells nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A training set, and where it came from."""

    examples: list[Example]
    provenance: dict[str, Any]


def find_recipe(name: str) -> Recipe:
    """Find a recipe by its task's name or abbreviation.

    Raises:
        TaskError: there is none; the nearest is offered.
    """
    known = {key: recipe for recipe in RECIPES for key in (recipe.task.name, recipe.task.abbreviation)}
    if name not in known:
        names = ["perception", *(recipe.task.name for recipe in RECIPES)]
        raise TaskError(f"there is no recipe for {name!r}; {nearest(name, names)}")
    return known[name]


def prepare_examples(
    recipe: Recipe,
    folder: Path,
    count: int,
    seed: int = 0,
    on_example: Callable[[int], None] = lambda _: None,
) -> Prepared:
    """Make a training set from a folder.

    The first examples do not depend on how many are asked for.

    Args:
        recipe: of the task.
        folder: the dataset.
        count: examples wanted; fewer are made where the dataset has no more.
        seed: another seed draws other records, letters and points.
        on_example: called after each record with the number of examples that are made.

    Raises:
        TaskError: the folder is not the dataset, or nothing can be made of it: with all reasons.
    """
    tally = Tally()
    material = _open(recipe, folder, tally)
    rng = seeded_generator("prepare", recipe.task.name, seed)
    order: list[int] = rng.permutation(len(material.origins)).tolist()
    examples: list[Example] = []
    origins: list[str] = []
    for index in order:
        if len(examples) == count:
            break
        origin = material.origins[index]
        with tally.reading(origin):
            question = material.pose(index, seeded_generator("prepare", recipe.task.name, seed, origin))
            examples.append(_example(question, recipe.task.name, len(examples)))
            origins.append(origin)
        on_example(len(examples))
    if not examples:
        reasons = "; ".join(f"{reason} ({skipped.count})" for reason, skipped in tally.reasons.items()) or "it is empty"
        raise TaskError(
            f"not one example of {recipe.task.name} can be made of this folder: {reasons}",
            where=str(folder),
            hint=f"expected there: {recipe.layout}",
        )
    provenance = {
        "task": recipe.task.name,
        "dataset": recipe.dataset,
        "split": recipe.split,
        "folder": str(folder.resolve()),
        "recipe_version": RECIPE_VERSION,
        "seed": seed,
        "records": len(material.origins),
        "asked": count,
        "written": len(examples),
        "skipped": {reason: skipped.describe() for reason, skipped in tally.reasons.items()},
        "origins": origins,
    }
    return Prepared(examples=examples, provenance=provenance)


def _open(recipe: Recipe, folder: Path, tally: Tally) -> Material:
    try:
        return recipe.open(folder, tally)
    except MALFORMED as error:
        raise TaskError(
            f"the list is not in the form of {recipe.dataset}: {fault_of(error)}",
            where=str(folder),
            hint=f"expected there: {recipe.layout}",
        ) from error
    except OSError as error:
        raise TaskError(f"cannot read the folder: {error.strerror or error}", where=str(folder)) from error


def provenance_file(path: Path) -> Path:
    """Where the provenance of a training set stands: beside it."""
    return path.with_suffix(".provenance.json")


def write_prepared(prepared: Prepared, path: Path) -> Path:
    """Write a training set as Parquet, and its provenance beside it.

    Args:
        prepared: the training set.
        path: a .parquet file.

    Returns:
        The provenance's file.

    Raises:
        StoreError: one of the files cannot be written.
    """
    write_examples(prepared.examples, prepared.provenance["task"], path)
    beside = provenance_file(path)
    record = {**prepared.provenance, "sha256": hash_file(path)}
    write_atomically(beside, json.dumps(record, indent=1, ensure_ascii=False))
    return beside


def _example(question: Question, task: str, number: int) -> Example:
    return Example(
        id=f"train_{task}_{number + 1}",
        images=tuple(EncodedImage(_encode(image)) for image in question.images),
        prompt=lay_out_prompt(question.text, question.choices),
        choices=question.choices,
        answer=option_letters(len(question.choices))[question.correct],
    )


def _encode(image: Image.Image) -> bytes:
    clean, stream = image.convert("RGB"), io.BytesIO()
    clean.info = {}  # Pillow would write a photograph's comment again, and that could tell it from a drawn one
    clean.save(stream, format="JPEG", quality=QUALITY, subsampling=0)
    return stream.getvalue()
