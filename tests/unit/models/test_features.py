"""Features that are kept on disk: the same, found by others, bounded, and never trusted blindly."""

from __future__ import annotations

import logging
import multiprocessing
import os
from dataclasses import replace

import pytest
import torch
from tests.unit.models.made_up_features import ROOM, some_features, write_many

from spillover.models.base import load_base
from spillover.models.encoding import encode_prompts
from spillover.models.features import FeatureCache, FeatureDisk, vision_identity
from spillover.models.finetuning import finetune
from spillover.models.letters import score_options
from spillover.models.settings import ModelSettings, TrainingSettings


def assert_equal(found, features):
    assert found is not None
    for one, other in zip(found, features, strict=True):
        assert torch.equal(one.embeddings, other.embeddings)
        assert all(torch.equal(*pair) for pair in zip(one.deepstack, other.deepstack, strict=True))


def disk(folder, limit_bytes=ROOM):
    return FeatureDisk(folder=folder, limit_bytes=limit_bytes)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_another_process_finds_the_same_bits(tmp_path, dtype):
    features = some_features(dtype=dtype)
    FeatureCache(disk(tmp_path), "tower").keep("abc", features)
    other = FeatureCache(disk(tmp_path), "tower")
    assert_equal(other.get("abc"), features)
    assert other.get("abd") is None
    assert FeatureCache(disk(tmp_path), "another tower").get("abc") is None


def test_a_full_disk_is_told_once_and_features_of_models_long_unused_make_room(tmp_path, caplog):
    one = some_features()
    old, other = FeatureCache(disk(tmp_path), "old"), FeatureCache(disk(tmp_path), "other")
    old.keep("aa", one)
    other.keep("bb", one)
    room = 2 * other.stored_bytes + 10
    cache = FeatureCache(disk(tmp_path, room), "new")
    cache.keep("cc", one)
    cache.keep("dd", one)
    assert caplog.text.count("full of image features") == 1
    os.utime(tmp_path / "old", (0, 0))
    again = FeatureCache(disk(tmp_path, room), "new")
    again.keep("cc", one)
    assert sorted(folder.name for folder in tmp_path.iterdir()) == ["new", "other"]
    assert FeatureCache(disk(tmp_path, room), "new").get("cc") is not None


def test_the_disk_takes_in_until_it_is_full_then_main_memory_does(tmp_path):
    sizes = FeatureCache(disk(tmp_path / "measure"))
    sizes.keep("one", some_features())
    one = sizes.stored_bytes
    cache = FeatureCache(disk(tmp_path / "full", 2 * one), memory_bytes=2000)
    for number in range(6):
        cache.keep(str(number), some_features(number))
    assert cache.stored_bytes <= 2 * one
    assert cache.held_bytes <= 2000
    found = [cache.get(str(number)) is not None for number in range(6)]
    assert found == [True, True, False, False, False, False]  # a first come is never dropped for a later one
    held = FeatureCache(memory_bytes=10_000)
    for number in range(6):
        held.keep(str(number), some_features(number))
    assert [held.get(str(number)) is not None for number in range(6)] == [True] * 4 + [False] * 2


def test_the_limit_is_of_all_models_together(tmp_path):
    first = FeatureCache(disk(tmp_path), "one tower")
    first.keep("x", some_features())
    second = FeatureCache(disk(tmp_path, first.stored_bytes), "another tower", memory_bytes=0)
    second.keep("y", some_features())
    assert second.get("y") is None


@pytest.mark.parametrize("harm", ["cut", "flip", "empty", "text"])
def test_a_broken_file_is_told_and_computed_again(base, encoded, tmp_path, caplog, harm):
    prompts = [each.prompt for each in encoded]
    fresh = score_options(base, encoded)
    kept = replace(base, features=FeatureCache(disk(tmp_path), vision_identity(base.model, base.processor)))
    encode_prompts(kept, prompts)
    (file, *_) = tmp_path.rglob("*.safetensors")
    content = bytearray(file.read_bytes())
    content[-100] ^= 1
    file.write_bytes({"cut": content[:-50], "flip": content, "empty": b"", "text": b"x" * 5000}[harm])
    again = replace(base, features=FeatureCache(disk(tmp_path), vision_identity(base.model, base.processor)))
    with caplog.at_level(logging.WARNING):
        assert score_options(again, encode_prompts(again, prompts)) == fresh
    assert "broken and computed again" in caplog.text
    assert_equal(FeatureCache(disk(tmp_path), file.parts[-3]).get(file.stem), again.features.get(file.stem))


def test_scores_and_finetunes_are_the_same_with_and_without_a_disk(base, encoded, tmp_path, monkeypatch):
    prompts = [each.prompt for each in encoded]
    settings = TrainingSettings(examples=40, epochs=2, batch=8, learning_rate=3e-3)
    plain = score_options(base, encoded), finetune(base, encoded, settings, seed=0)
    load_base(ModelSettings(precision="float32"), disk=disk(tmp_path))
    first = load_base(ModelSettings(precision="float32"), disk=disk(tmp_path))
    encode_prompts(first, prompts)
    second = load_base(ModelSettings(precision="float32"), disk=disk(tmp_path))

    def unexpected(*_, **__):
        raise AssertionError("the vision tower ran although its features lie on the disk")

    monkeypatch.setattr(type(second.model), "get_image_features", unexpected)
    read = encode_prompts(second, prompts)
    assert (score_options(second, read), finetune(second, read, settings, seed=0)) == plain


def test_another_vision_tower_or_another_image_size_is_another_identity(base):
    identity = vision_identity(base.model, base.processor)
    assert identity == vision_identity(base.model, base.processor)
    other = load_base(ModelSettings(precision="float32"))
    with torch.no_grad():
        other.model.get_decoder().embed_tokens.weight += 1
    assert vision_identity(other.model, other.processor) == identity
    with torch.no_grad():
        next(other.model.model.visual.parameters())[0] += 1e-3
    assert vision_identity(other.model, other.processor) != identity
    limited = load_base(ModelSettings(precision="float32", maximum_pixels=4096))
    assert vision_identity(limited.model, limited.processor) != identity


def test_two_processes_write_the_same_folder(tmp_path):
    context = multiprocessing.get_context("spawn")
    both_ready = context.Barrier(2)
    other = context.Process(target=write_many, args=(tmp_path, 0, both_ready))
    other.start()
    write_many(tmp_path, 4, both_ready)
    other.join()
    assert other.exitcode == 0
    cache = FeatureCache(disk(tmp_path), "tower")
    for number in range(10):
        assert_equal(cache.get(f"{number:02d}"), some_features(number))
    assert not list(tmp_path.rglob("*.part"))


def test_a_disk_that_refuses_ends_nothing(tmp_path, caplog):
    (tmp_path / "tower").write_text("a file where a folder should be")
    cache = FeatureCache(disk(tmp_path), "tower")
    cache.keep("abc", some_features())
    assert "no longer stored" in caplog.text
    assert_equal(cache.get("abc"), some_features())


def test_another_configuration_sees_otherwise_with_the_same_weights(base):
    before = vision_identity(base.model, base.processor)
    heads = base.model.config.vision_config.num_heads
    base.model.config.vision_config.num_heads = 2 * heads
    try:
        assert vision_identity(base.model, base.processor) != before
    finally:
        base.model.config.vision_config.num_heads = heads
    assert vision_identity(base.model, base.processor) == before
