"""4-bit weights: an adapter is trained on them and stands beside them. bitsandbytes also computes on a CPU."""

import pytest
import torch
from tests.conftest import small_study

from spillover.core.errors import ModelError
from spillover.models.adapters import applied_adapter
from spillover.models.base import load_base
from spillover.models.features import vision_identity
from spillover.models.finetuning import finetune
from spillover.models.letters import score_options
from spillover.models.quantisation import four_bit
from spillover.models.settings import ModelSettings, TrainingSettings

SETTINGS = ModelSettings(precision="float32", quantisation="4bit")
TRAINING = TrainingSettings(examples=40, epochs=2, batch=8, learning_rate=3e-3)


@pytest.fixture(scope="module")
def quantised():
    """Without a layout of newer CPUs, for answers alone, after which nothing can be trained; GPUs have none such."""
    pytest.importorskip("bitsandbytes")
    loaded = load_base(SETTINGS)
    for module in loaded.model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False
    return loaded


def weights(base):
    return {name: tensor.clone() for name, tensor in base.model.state_dict().items()}


def same(before, after):
    return before.keys() == after.keys() and all(torch.equal(before[name], after[name]) for name in before)


def test_a_missing_package_is_said_with_what_to_install(monkeypatch):
    monkeypatch.setattr("spillover.models.quantisation.find_spec", lambda _: None)
    with pytest.raises(ModelError, match=r"4bit needs bitsandbytes\n.*\.\[quantised\]"):
        load_base(SETTINGS)


def test_only_the_language_model_is_stored_in_4_bits(base, monkeypatch):
    monkeypatch.setattr("spillover.models.quantisation.find_spec", lambda _: True)
    assert four_bit(base.model, torch.float32).llm_int8_skip_modules == ["model.visual", "lm_head"]


def test_layers_are_what_was_asked_for(quantised):
    kinds = {name: type(module).__name__ for name, module in quantised.model.named_modules()}
    stored = {name for name, kind in kinds.items() if kind == "Linear4bit"}
    assert len(stored) == 7 * quantised.model.config.text_config.num_hidden_layers
    assert all(name.startswith("model.language_model.layers.") for name in stored)
    assert quantised.quantised


def test_it_sees_what_the_whole_model_sees(base, quantised):
    """So that features on disk serve both."""
    assert vision_identity(base.model, base.processor) == vision_identity(quantised.model, quantised.processor)


def test_an_adapter_is_trained_and_stands_beside_the_weights(quantised, encoded):
    before = weights(quantised)
    bare = score_options(quantised, encoded)
    trained = finetune(quantised, encoded, TRAINING, seed=0)
    assert trained.log[-1].loss < trained.log[0].loss
    assert same(before, weights(quantised))
    with applied_adapter(quantised, trained.adapters[TRAINING.steps]):
        adapted = score_options(quantised, encoded)
        assert not any(getattr(module, "merged", False) for module in quantised.model.modules())
    assert adapted != bare
    assert score_options(quantised, encoded) == bare
    assert same(before, weights(quantised))


def test_it_answers_as_peft_does(quantised, encoded, tmp_path):
    from peft import PeftModel

    files = finetune(quantised, encoded, TRAINING, seed=1).adapters[TRAINING.steps]
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    with applied_adapter(quantised, files):
        ours = score_options(quantised, encoded)
    adapted = PeftModel.from_pretrained(quantised.model, tmp_path)
    try:
        assert score_options(quantised, encoded) == ours
    finally:
        adapted.unload()


def test_it_is_another_model_to_the_study(tmp_path):
    from spillover.models.identity import model_identity

    whole, coarse = (small_study(tmp_path, models=[{"quantisation": each}]).models[0] for each in ("none", "4bit"))
    assert model_identity(whole) != model_identity(coarse)
    assert "quantisation" not in model_identity(whole), "keys of before hold"
