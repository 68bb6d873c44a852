"""The laws that every recipe keeps, each on its dataset in miniature, in the true form on disk."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from PIL import ExifTags, Image, ImageOps
from tests.unit.tasks.blink_copy import SCHEMA
from tests.unit.tasks.prepare.dataset_trees import TREES

from spillover.core.errors import TaskError
from spillover.core.keys import seeded_generator
from spillover.tasks.catalogue import BLINK
from spillover.tasks.files import read_examples
from spillover.tasks.prepare import hpatches
from spillover.tasks.prepare.make import RECIPES, find_recipe, prepare_examples, write_prepared
from spillover.tasks.prepare.reading import LONGEST_SIDE, SUFFIXES
from spillover.tasks.prepare.recipe import Recipe, SkippedError, Tally
from spillover.tasks.task import lay_out_prompt

each_dataset = pytest.mark.parametrize("dataset", TREES)
OF_PAIRS = ("a point of the pair is not opaque", "the pair was not agreed on")
"""What IIW counts below its records."""


@pytest.fixture(scope="module")
def trees(tmp_path_factory) -> dict[str, Path]:
    """Every miniature dataset, written once."""
    return {name: write(tmp_path_factory.mktemp(name)) for name, (_, write) in TREES.items()}


@pytest.fixture(autouse=True)
def _few_pairs(monkeypatch):
    monkeypatch.setattr(hpatches, "PAIRS_A_SEQUENCE", 3)


def recipe_of(dataset: str) -> Recipe:
    return find_recipe(TREES[dataset][0])


def described(prepared) -> list:
    return [example.describe() for example in prepared.examples]


def test_there_is_one_recipe_for_each_task_of_the_paper():
    assert [recipe.task for recipe in RECIPES] == [entry.task for entry in BLINK]
    assert {name for name, _ in TREES.values()} == {recipe.task.name for recipe in RECIPES}
    with pytest.raises(TaskError, match="did you mean Jigsaw"):
        find_recipe("Jigsw")


@each_dataset
def test_an_example_is_one_of_blinks(trees, dataset):
    recipe = recipe_of(dataset)
    prepared = prepare_examples(recipe, trees[dataset], 4)
    assert len(prepared.examples) == 4
    for example in prepared.examples:
        assert len(example.images) == recipe.task.images
        assert len(example.choices) == len(set(example.choices)) == recipe.task.options
        assert example.answer in example.options
        question = example.prompt.split("\n(A)")[0]
        assert example.prompt == lay_out_prompt(question, example.choices)
        for image in example.images:
            assert image.load().mode == "RGB"
            assert max(image.load().size) <= LONGEST_SIDE


@each_dataset
def test_a_set_follows_from_its_seed_and_begins_alike_at_every_size(trees, dataset):
    recipe, folder = recipe_of(dataset), trees[dataset]
    first = described(prepare_examples(recipe, folder, 4))
    assert described(prepare_examples(recipe, folder, 2)) == first[:2]
    assert described(prepare_examples(recipe, folder, 4, seed=1)) != first


@each_dataset
def test_the_right_letter_is_drawn_uniformly(trees, dataset):
    recipe = recipe_of(dataset)
    material = recipe.open(trees[dataset], Tally())
    drawn: Counter[int] = Counter()
    for draw in range(160):
        index = draw % len(material.origins)
        try:
            drawn[material.pose(index, seeded_generator("letters", draw)).correct] += 1
        except (SkippedError, TaskError):
            continue
    options, count = recipe.task.options or 0, drawn.total()
    assert count > 60
    if dataset == "VSR":  # the choices are always yes, then no: the label decides
        assert set(drawn) == {0, 1}
        return
    squares = sum((drawn[place] - count / options) ** 2 / (count / options) for place in range(options))
    assert squares < 16.3  # chi-squared with up to 3 degrees of freedom, p = .001


@each_dataset
def test_every_record_is_accounted_for_and_broken_images_are_listed(trees, dataset):
    listing = Tally()
    records = len(recipe_of(dataset).open(trees[dataset], listing).origins)
    provenance = prepare_examples(recipe_of(dataset), trees[dataset], 10_000).provenance
    skipped = {reason: entry for reason, entry in provenance["skipped"].items() if reason not in OF_PAIRS}
    assert provenance["records"] == records
    assert provenance["written"] + sum(each["count"] for each in skipped.values()) == records + sum(
        reason.count for reason in listing.reasons.values()
    )
    assert len(set(provenance["origins"])) == provenance["written"]
    broken = [entry for reason, entry in skipped.items() if "broken" in reason]
    assert len(broken) == 1
    assert len(broken[0]["first"]) == broken[0]["count"] >= 1
    assert len(broken[0]["first_files"]) == broken[0]["files"] == 1
    if dataset != "Defactify":  # its images are rows of a file
        assert Path(broken[0]["first_files"][0]) in trees[dataset].rglob("*")


@each_dataset
def test_a_folder_of_broken_images_ends_with_the_reasons(trees, dataset, tmp_path):
    if dataset == "Defactify":
        pytest.skip("its images are inside its Parquet files")
    copy = tmp_path / "copy"
    shutil.copytree(trees[dataset], copy)
    for file in copy.rglob("*"):
        if file.suffix.lower() in SUFFIXES:
            file.write_bytes(b"")
    with pytest.raises(TaskError, match="not one example of") as caught:
        prepare_examples(recipe_of(dataset), copy, 3)
    assert "no image that is read here" in caught.value.message


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.task.abbreviation)
def test_a_folder_that_is_not_the_dataset_is_refused_with_what_was_expected(recipe: Recipe, tmp_path):
    (tmp_path / "notes.txt").write_text("something else")
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(TaskError) as caught:
            prepare_examples(recipe, folder, 3)
        assert str(folder) in str(caught.value)
        assert recipe.layout in (caught.value.hint or "")


@each_dataset
def test_what_is_written_is_read_again_and_has_blinks_columns(trees, dataset, tmp_path):
    prepared = prepare_examples(recipe_of(dataset), trees[dataset], 3)
    file = tmp_path / "out" / "train.parquet"
    provenance = json.loads(write_prepared(prepared, file).read_text())
    assert described(prepared) == [example.describe() for example in read_examples(file)]
    schema = pq.read_schema(file)
    images = recipe_of(dataset).task.images or 0
    expected = [name for name in SCHEMA.names if not name.startswith("image_") or int(name[-1]) <= images]
    assert schema.names == expected
    assert all(schema.field(name).type == SCHEMA.field(name).type for name in expected)
    assert {"dataset", "split", "seed", "skipped", "written", "origins", "sha256"} <= provenance.keys()


MEASURED = ("FunKPoint", "CO3Dv2", "COCO", "LVIS", "DIW", "IIW", "SPair")
"""Datasets whose lists say where something is in an image; HPatches' images have no EXIF."""
TURNED = 6
"""EXIF's orientation of a camera that was held upright."""


def rewrite_images(folder: Path, copy: Path, change: Callable[[Image.Image], Image.Image], **options: Any) -> Path:
    """A dataset's copy, its images changed and saved again; broken ones stay."""
    shutil.copytree(folder, copy)
    for file in copy.rglob("*"):
        if file.suffix.lower() in SUFFIXES:
            try:
                image = Image.open(file)
                image.load()
            except OSError:
                continue
            change(image).save(file, format=image.format, **options)
    return copy


@pytest.mark.parametrize("dataset", MEASURED)
def test_a_measured_image_is_used_as_it_is_stored(trees, dataset, tmp_path):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = TURNED
    plain = rewrite_images(trees[dataset], tmp_path / "plain", Image.Image.copy)
    turned = rewrite_images(trees[dataset], tmp_path / "turned", Image.Image.copy, exif=exif)
    recipe = recipe_of(dataset)
    assert described(prepare_examples(recipe, turned, 4)) == described(prepare_examples(recipe, plain, 4))


@pytest.mark.parametrize("dataset", ["COCO", "LVIS", "DIW", "SPair"])
def test_an_image_whose_list_gives_another_size_is_skipped(trees, dataset, tmp_path):
    recipe = recipe_of(dataset)
    smaller = rewrite_images(trees[dataset], tmp_path / "smaller", lambda image: ImageOps.scale(image, 0.7))
    assert len(prepare_examples(recipe, smaller, 4).examples) == 4
    turned = rewrite_images(trees[dataset], tmp_path / "turned", lambda image: image.rotate(90, expand=True))
    with pytest.raises(TaskError, match="its image has not the width and height of the list"):
        prepare_examples(recipe, turned, 4)
