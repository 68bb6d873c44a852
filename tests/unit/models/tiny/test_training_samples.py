"""The training script's own layout of prompts is that of transformers' processor."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import tiny_samples
from spillover.models.base import Base, load_base
from spillover.models.settings import ModelSettings
from spillover.models.tiny.architecture import build_model, build_tokenizer, save_checkpoint
from spillover.tasks.perception.suite import task_names
from tiny_matching import draw_matching
from tiny_primer import draw_primer


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("untrained")
    tokenizer = build_tokenizer(*tiny_samples.suite_texts(task_names(), 0, 20))
    torch.manual_seed(0)
    save_checkpoint(build_model(tokenizer), tokenizer, place)
    return place


@pytest.fixture(scope="module")
def base(folder: Path) -> Base:
    return load_base(ModelSettings(path=str(folder)))


@pytest.mark.parametrize("task", task_names())
def test_prompts_are_laid_out_as_by_the_processor(task: str, folder: Path, base: Base) -> None:
    order = tiny_samples.Order(seed=1, pool=0, counts={task: 2}, split="validation", described=False)
    for sample in tiny_samples.Drawer(folder).draw(order):
        given = tiny_samples.lay_out_batch([sample], 0, [sample.prompt_length])
        text = base.tokenizer.decode(sample.tokens[: sample.prompt_length])
        request = text.split("<|vision_end|>")[-1].split("<|im_end|>")[0]
        content = [*({"type": "image"} for _ in sample.images), {"type": "text", "text": request}]
        chat = base.processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
        images = [Image.fromarray(image) for image in sample.images]
        wanted = base.processor(images=images, text=[chat], return_tensors="pt")
        positions, _ = base.backbone.get_rope_index(  # type: ignore[operator]
            wanted["input_ids"], mm_token_type_ids=wanted["mm_token_type_ids"], image_grid_thw=wanted["image_grid_thw"]
        )
        assert torch.equal(given["input_ids"], wanted["input_ids"])
        assert torch.equal(given["position_ids"], positions)
        assert torch.equal(given["image_grid_thw"], wanted["image_grid_thw"])
        assert torch.allclose(given["pixel_values"], wanted["pixel_values"], atol=1e-5)


def test_a_conversation_holds_the_answer_and_in_two_of_three_a_description(folder: Path, base: Base) -> None:
    samples = tiny_samples.Drawer(folder).draw(tiny_samples.Order(seed=1, pool=0, counts={"Counting": 60}))
    described = 0
    for sample in samples:
        taught = base.tokenizer.decode(sample.tokens[sample.weights == 1.0])
        assert taught == f"({'ABCD'[sample.correct]})<|im_end|>"
        described += np.count_nonzero(sample.weights == np.float32(tiny_samples.DESCRIPTION_WEIGHT)) > 3
    assert 30 <= described <= 50


def test_the_same_order_gives_the_same_samples(folder: Path) -> None:
    order = tiny_samples.Order(seed=3, pool=7, counts={"Jigsaw": 2, "Relative_Depth": 2})
    first, second = (tiny_samples.Drawer(folder).draw(order) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert np.array_equal(one.tokens, other.tokens)
        assert all(np.array_equal(a, b) for a, b in zip(one.images, other.images, strict=True))


def test_phrases_that_never_change_are_single_tokens(base: Base) -> None:
    for phrase in ("Which point is closer to the camera?", " the second image", "(A)"):
        assert len(base.tokenizer(phrase)["input_ids"]) == 1


def test_a_primer_says_what_lies_in_every_place() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        primer = draw_primer(rng, 16)
        places = primer.description.split(", ")
        assert len(places) == len(primer.images) * primer.side**2
        for number, image in enumerate(primer.images):
            colours, counts = np.unique(image.reshape(-1, 3), axis=0, return_counts=True)
            ground = colours[counts.argmax()]
            for place in range(primer.side**2):
                row, column = divmod(place, primer.side)
                middle = image[16 * row + 4 : 16 * row + 12, 16 * column + 4 : 16 * column + 12]
                empty = places[number * primer.side**2 + place] == "none"
                assert empty == bool((middle == ground).all()), places


def test_a_share_of_the_samples_is_lessons(folder: Path) -> None:
    order = tiny_samples.Order(seed=1, pool=0, counts={"Jigsaw": 40}, lessons=0.5)
    kinds = [sample.task for sample in tiny_samples.Drawer(folder).draw(order)]
    assert 10 <= kinds.count("primer") + kinds.count("matching") <= 30
    assert {"primer", "matching"} <= set(kinds)


def test_matching_lessons_have_one_right_answer() -> None:
    rng = np.random.default_rng(0)
    answers: list[int] = []
    for _ in range(200):
        lesson = draw_matching(rng, 16)
        reference, *others = lesson.description.split(", ")
        looks = [other.removeprefix(f"{letter} ") for letter, other in zip("ABCD", others, strict=False)]
        assert [index for index, look in enumerate(looks) if look == reference] == [lesson.correct]
        assert len(lesson.choices) == len(others)
        answers.append(lesson.correct)
    assert min(np.bincount(answers, minlength=4)[:2]) > 40


def test_a_lesson_in_words_alone_is_not_taught_to_describe(folder: Path) -> None:
    order = tiny_samples.Order(seed=1, pool=0, counts={"Jigsaw": 200}, lessons=1.0)
    lessons = [sample for sample in tiny_samples.Drawer(folder).draw(order) if sample.task == "matching"]
    told = [lesson for lesson in lessons if len(lesson.images) == 2 and lesson.images[1].shape[0] == 16]
    assert len(told) > 20
    assert all(set(lesson.weights.tolist()) == {0.0, 1.0} for lesson in told)
