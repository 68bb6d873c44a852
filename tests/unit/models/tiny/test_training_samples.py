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


def test_a_conversation_holds_the_answer_and_in_most_a_description(folder: Path, base: Base) -> None:
    samples = tiny_samples.Drawer(folder).draw(tiny_samples.Order(seed=1, pool=0, counts={"Counting": 60}))
    described = 0
    for sample in samples:
        taught = base.tokenizer.decode(sample.tokens[sample.weights == 1.0])
        assert taught == f"({'ABCD'[sample.correct]})<|im_end|>"
        described += np.count_nonzero(sample.weights == np.float32(tiny_samples.DESCRIPTION_WEIGHT)) > 3
    assert 20 <= described <= 50


def test_the_same_order_gives_the_same_samples(folder: Path) -> None:
    order = tiny_samples.Order(seed=3, pool=7, counts={"Jigsaw": 2, "Relative_Depth": 2})
    first, second = (tiny_samples.Drawer(folder).draw(order) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert np.array_equal(one.tokens, other.tokens)
        assert all(np.array_equal(a, b) for a, b in zip(one.images, other.images, strict=True))


def test_phrases_that_never_change_are_single_tokens(base: Base) -> None:
    for phrase in ("Which point is closer to the camera?", " the second image", "(A)"):
        assert len(base.tokenizer(phrase)["input_ids"]) == 1
