"""What `auto` stands for, by the memory of a device that is made up here, and what is said where memory ends."""

from types import SimpleNamespace

import pytest
import torch

from spillover.core.errors import ModelError
from spillover.models.base import load_base
from spillover.models.budget import memory_advice, ran_out_of_memory
from spillover.models.devices import resolve_placement, resolve_precision
from spillover.models.settings import ModelSettings

GIB = 1 << 30


def resolved(monkeypatch, parameters, *, memory=80 * GIB, devices=1, device="cuda:0", **asked):
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: SimpleNamespace(total_memory=memory))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: devices)
    settings = resolve_placement(ModelSettings(precision="bfloat16", **asked), parameters, device)
    return settings.quantisation, settings.device_map


@pytest.mark.parametrize(
    ("parameters", "devices", "expected"),
    [(3e9, 1, "none"), (7e9, 1, "none"), (32e9, 1, "4bit"), (32e9, 8, "4bit")],
)
def test_weights_that_fill_a_device_are_quantised(monkeypatch, parameters, devices, expected):
    assert resolved(monkeypatch, parameters, devices=devices, quantisation="auto") == (expected, "single")


def test_a_model_is_spread_where_there_is_more_than_one_device_and_it_fills_one(monkeypatch):
    assert resolved(monkeypatch, 32e9, devices=2, device_map="auto") == ("none", "spread")
    assert resolved(monkeypatch, 32e9, devices=1, device_map="auto") == ("none", "single")
    assert resolved(monkeypatch, 32e9, devices=2, quantisation="auto", device_map="auto") == ("4bit", "single")
    assert resolved(monkeypatch, 100e9, devices=2, quantisation="auto", device_map="auto") == ("4bit", "spread")


def test_the_copy_that_adapters_are_merged_into_must_find_room_beside_the_weights(monkeypatch):
    assert resolved(monkeypatch, 7e9, memory=40 * GIB, quantisation="auto") == ("none", "single")
    assert resolved(monkeypatch, 7e9, memory=24 * GIB, quantisation="auto") == ("4bit", "single")


def test_what_is_said_is_not_resolved(monkeypatch):
    assert resolved(monkeypatch, 1e12, quantisation="none", device_map="single") == ("none", "single")


def test_a_cpu_neither_quantises_nor_spreads(monkeypatch):
    asked = {"quantisation": "auto", "device_map": "auto"}
    assert resolved(monkeypatch, 1e12, device="cpu", **asked) == ("none", "single")


def test_precision_is_bfloat16_only_where_a_gpu_does_it_well(monkeypatch):
    for good, expected in ((True, "bfloat16"), (False, "float32")):
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda good=good: good)
        assert resolve_precision("auto", "cuda:0") == expected
    assert resolve_precision("auto", "cpu") == "float32"


@pytest.mark.parametrize(
    ("error", "full"),
    [
        (torch.OutOfMemoryError("CUDA out of memory."), True),
        (
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
            True,
        ),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), True),
        (RuntimeError("shapes cannot be multiplied"), False),
    ],
)
def test_full_memory_becomes_advice_and_nothing_else_does(error, full):
    assert ran_out_of_memory(error) is full
    with pytest.raises(ModelError if full else RuntimeError) as caught, memory_advice("tiny"):
        raise error
    if full:
        assert "maximum_pixels" in caught.value.hint
        assert "quantisation: 4bit" in caught.value.hint


def test_memory_that_this_machine_really_lacks_is_recognised():
    with pytest.raises(ModelError, match="the memory does not hold what tiny needs"), memory_advice("tiny"):
        torch.empty(1 << 60, dtype=torch.uint8)


def test_a_model_that_does_not_fit_its_device_is_said(monkeypatch):
    def full(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr("spillover.models.base.AutoModelForImageTextToText.from_pretrained", full)
    with pytest.raises(ModelError, match=r"the memory of cpu does not hold the model 'tiny'\n.*device_map: spread"):
        load_base(ModelSettings(precision="float32"))


def test_a_spread_model_is_laid_out_by_transformers(monkeypatch):
    told = {}

    def spy(*_, **options):
        told.update(options)
        raise OSError("enough seen")

    monkeypatch.setattr("spillover.models.base.AutoModelForImageTextToText.from_pretrained", spy)
    with pytest.raises(ModelError, match="enough seen"):
        load_base(ModelSettings(precision="float32", device_map="spread"))
    assert told["device_map"] == "balanced"


def test_layers_that_bring_their_inputs_to_their_device_answer_and_learn_the_same(base, encoded):
    """As those of a spread model do. Here all devices are the CPU, which is as far as a machine without GPUs gets."""
    from accelerate import dispatch_model

    from spillover.models.adapters import merged_adapter
    from spillover.models.finetuning import finetune
    from spillover.models.generation import generate_replies
    from spillover.models.letters import score_options
    from spillover.models.settings import TrainingSettings

    settings = TrainingSettings(examples=40, epochs=1, batch=8, learning_rate=3e-3)
    spread = load_base(ModelSettings(precision="float32"))
    layers = [f"model.language_model.layers.{number}" for number in range(4)]
    parts = ["model.visual", "model.language_model.embed_tokens", *layers, "model.language_model.norm"]
    parts += ["model.language_model.rotary_emb", "lm_head"]
    dispatch_model(spread.model, dict.fromkeys(parts, "cpu"), main_device="cpu", force_hooks=True)
    assert hasattr(spread.model.model.language_model.layers[0], "_hf_hook")
    trained = finetune(spread, encoded, settings, seed=0)
    assert trained == finetune(base, encoded, settings, seed=0)
    for each in (spread, base):
        with merged_adapter(each, trained.adapters[5]):
            scored = score_options(each, encoded), generate_replies(each, encoded, 4)
        if each is spread:
            expected = scored
    assert scored == expected
