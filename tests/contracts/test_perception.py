"""The laws that every family of the perception suite keeps."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections import Counter
from itertools import islice

import numpy as np
import pytest
from PIL import Image

from spillover.core.errors import TaskError
from spillover.core.keys import seeded_generator
from spillover.tasks.catalogue import BLINK
from spillover.tasks.perception.families import FAMILIES
from spillover.tasks.perception.family import Family
from spillover.tasks.perception.suite import draw_examples, draw_scene, find_family, split_of, task_names
from spillover.tasks.task import lay_out_prompt

each_family = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.task.abbreviation)

LONGEST_DESCRIPTION = 25
LARGEST_VOCABULARY = 150


def scenes(family: Family, count: int, difficulty: float = 1.0, seed: int = 0):
    rng = seeded_generator("contract", family.task.name, seed)
    return [family.draw(rng, difficulty) for _ in range(count)]


def words(text: str) -> list[str]:
    return text.replace(",", " ,").replace(":", " :").split()


def digest_of_examples(name: str) -> str:
    digest = hashlib.sha256()
    for example in islice(draw_examples(name, "validation", seed=3), 3):
        digest.update(repr(example).encode())
    return digest.hexdigest()


def test_the_families_are_blinks_tasks_in_its_order():
    assert [family.task for family in FAMILIES] == [entry.task for entry in BLINK]
    assert task_names() == tuple(entry.task.name for entry in BLINK)


def test_an_unknown_family_offers_the_nearest():
    with pytest.raises(TaskError, match="did you mean Jigsaw"):
        find_family("Jigsw")


@each_family
def test_an_example_has_blinks_columns(family: Family):
    for example in islice(draw_examples(family.task.name, "train"), 5):
        assert len(example.images) == family.task.images
        assert len(example.choices) == len(set(example.choices)) == family.task.options
        assert example.prompt.endswith(lay_out_prompt("", example.choices))
        assert example.answer in example.options
        assert all(image.load().mode == "RGB" for image in example.images)


@each_family
@pytest.mark.parametrize("difficulty", [0.0, 0.5, 1.0])
def test_exactly_the_labelled_option_is_right(family: Family, difficulty: float):
    for scene in scenes(family, 150, difficulty):
        assert scene.satisfying() == (scene.correct,)


@each_family
def test_the_right_options_place_is_uniform(family: Family):
    count, options = 400, family.task.options or 0
    drawn = Counter(scene.correct for scene in scenes(family, count))
    expected = count / options
    squares = sum((drawn[place] - expected) ** 2 / expected for place in range(options))
    assert set(drawn) == set(range(options))
    assert squares < 16.3  # chi-squared with up to 3 degrees of freedom, p = .001


@each_family
@pytest.mark.parametrize("size", [32, 47, 48, 224])
def test_a_scene_is_rendered_at_any_size(family: Family, size: int):
    [scene] = scenes(family, 1)
    images = scene.render(size)
    assert len(images) == family.task.images
    for image in images:
        assert image.mode == "RGB"
        assert 0 < max(image.size) <= size
        assert np.asarray(image).std() > 1
    assert [image.tobytes() for image in scene.render(size)] == [image.tobytes() for image in images]


@each_family
def test_a_scene_looks_the_same_at_every_size(family: Family):
    for scene in scenes(family, 3):
        for small, large in zip(scene.render(64), scene.render(256), strict=True):
            reduced = large.resize(small.size, Image.Resampling.BOX)
            difference = np.abs(np.asarray(small, float) - np.asarray(reduced, float)).mean()
            assert difference < 24  # of 255: rings and letters are drawn relatively larger where pixels are few


@each_family
def test_a_scene_is_made_of_plain_frozen_values(family: Family):
    [scene] = scenes(family, 1)
    assert not hasattr(scene, "__dict__")
    assert "np." not in repr(scene)
    assert "array" not in repr(scene)
    with pytest.raises(AttributeError):
        scene.correct = 0  # type: ignore[misc]


@each_family
def test_scenes_do_not_repeat_and_splits_are_disjoint(family: Family):
    drawn = [repr(scene) for scene in scenes(family, 300)]
    assert len(set(drawn)) == len(drawn)
    rng = seeded_generator("contract", "split")
    for split in ("train", "validation"):
        assert all(split_of(draw_scene(family, split, rng, 1.0)) == split for _ in range(5))


@each_family
def test_descriptions_are_short_and_say_something(family: Family):
    described = [scene.describe() for scene in scenes(family, 200)]
    assert max(len(words(text)) for text in described) <= LONGEST_DESCRIPTION
    assert len(set(described)) > 50
    assert described[:20] == [scene.describe() for scene in scenes(family, 20)]


def test_descriptions_share_a_small_vocabulary():
    spoken = {word for family in FAMILIES for scene in scenes(family, 100) for word in words(scene.describe())}
    assert len(spoken) < LARGEST_VOCABULARY


def test_the_same_seed_gives_the_same_bytes_in_another_process():
    here = [digest_of_examples(name) for name in task_names()]
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); from test_perception import *; "
        "print(*[digest_of_examples(name) for name in task_names()])"
    )
    folder = str(__file__).rpartition("/")[0]
    there = subprocess.run([sys.executable, "-c", script, folder], capture_output=True, text=True, check=True)
    assert there.stdout.split() == here


@each_family
def test_another_seed_gives_other_examples(family: Family):
    first, second = (next(draw_examples(family.task.name, "train", seed=seed)) for seed in (0, 1))
    assert first.images[0].digest != second.images[0].digest
