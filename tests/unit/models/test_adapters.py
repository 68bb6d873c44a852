import json
import re

import pytest
import torch
from safetensors.torch import load, save

from spillover.core.errors import ModelError
from spillover.models.adapters import CONFIG_FILE, WEIGHTS_FILE, language_model_pattern, merged_adapter, touches_vision
from spillover.models.finetuning import finetune
from spillover.models.letters import score_options
from spillover.models.settings import TrainingSettings


@pytest.fixture(scope="module")
def adapters(base, encoded):
    settings = TrainingSettings(examples=40, epochs=1, batch=8, learning_rate=3e-3)
    return [finetune(base, encoded, settings, seed).adapters[5] for seed in (0, 1)]


def test_only_the_language_model_is_adapted(base):
    pattern = re.compile(language_model_pattern(base.model))
    matched = [name for name, _ in base.model.named_modules() if pattern.fullmatch(name)]
    assert len(matched) == 7 * base.model.config.text_config.num_hidden_layers
    assert not any("visual" in name for name in matched)


def test_scores_after_any_sequence_of_swaps_equal_those_of_the_first(base, encoded, adapters):
    bare = score_options(base, encoded)
    seen = []
    for files in (adapters[0], adapters[1], adapters[0]):
        with merged_adapter(base, files):
            seen.append(score_options(base, encoded))
    assert seen[0] == seen[2]
    assert seen[0] != seen[1]
    assert score_options(base, encoded) == bare


def test_an_untrained_adapter_changes_nothing(base, encoded):
    untrained = finetune(base, encoded, TrainingSettings(examples=40, epochs=0), seed=0).adapters[0]
    bare = score_options(base, encoded)
    with merged_adapter(base, untrained):
        assert score_options(base, encoded) == bare


def test_merged_weights_answer_as_peft_does(base, encoded, adapters, tmp_path):
    from peft import PeftModel

    for name, content in adapters[0].items():
        (tmp_path / name).write_bytes(content)
    with merged_adapter(base, adapters[0]):
        merged = score_options(base, encoded)
    adapted = PeftModel.from_pretrained(base.model, tmp_path)
    try:
        unmerged = score_options(base, encoded)
    finally:
        adapted.unload()
    assert torch.allclose(torch.tensor([s[:2] for s in merged]), torch.tensor([s[:2] for s in unmerged]), atol=1e-4)


def test_merged_weights_are_those_that_peft_merges_to_the_last_bit(base, adapters, tmp_path):
    """Whatever adapter was merged before, by whatever of PEFT's variants."""
    from copy import deepcopy

    from peft import PeftModel

    scaled = json.dumps(json.loads(adapters[1][CONFIG_FILE]) | {"use_rslora": True}).encode()
    for number, files in enumerate((*adapters, {**adapters[1], CONFIG_FILE: scaled}, adapters[0])):
        folder = tmp_path / str(number)
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content)
        expected = PeftModel.from_pretrained(deepcopy(base.model), folder).merge_and_unload().state_dict()
        with merged_adapter(base, files):
            merged = base.model.state_dict()
            assert merged.keys() == expected.keys()
            assert all(torch.equal(merged[name], expected[name]) for name in merged)


def changed(files, change):
    return {**files, WEIGHTS_FILE: save(change(load(files[WEIGHTS_FILE])))}


def test_a_missing_tensor_is_an_error(base, adapters):
    incomplete = changed(adapters[0], lambda tensors: dict(list(tensors.items())[1:]))
    with pytest.raises(ModelError, match="missing for a module"), merged_adapter(base, incomplete):
        pass


def test_a_tensor_of_another_shape_is_an_error(base, adapters):
    """One row would be copied into all."""
    other = changed(adapters[0], lambda tensors: {name: tensor[:1] for name, tensor in tensors.items()})
    with pytest.raises(ModelError, match=r"of shape \(1, "), merged_adapter(base, other):
        pass


def test_a_tensor_without_a_module_is_an_error_and_the_base_stays_clean(base, encoded, adapters):
    bare = score_options(base, encoded)
    stray = changed(adapters[0], lambda tensors: {**tensors, "base_model.model.nowhere.lora_A.weight": torch.ones(1)})
    with pytest.raises(ModelError, match="without a module"), merged_adapter(base, stray):
        pass
    assert score_options(base, encoded) == bare


def test_the_names_of_older_transformers_are_understood(base, encoded, adapters):
    old = changed(
        adapters[0],
        lambda tensors: {name.replace("model.language_model.layers", "model.layers"): t for name, t in tensors.items()},
    )
    pattern = json.loads(old[CONFIG_FILE]) | {
        "target_modules": r"model\.layers\..*_proj"
    }  # which is nothing's name now
    with merged_adapter(base, adapters[0]):
        expected = score_options(base, encoded)
    for files in (old, {**old, CONFIG_FILE: json.dumps(pattern).encode()}):
        with merged_adapter(base, files):
            assert score_options(base, encoded) == expected


def test_ours_do_not_touch_the_vision_tower_and_others_are_found_out(base, adapters):
    assert not touches_vision(base, adapters[0])
    other = changed(adapters[0], lambda _: {"base_model.model.visual.blocks.0.attn.proj.lora_A.weight": torch.ones(1)})
    assert touches_vision(base, other)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"peft_type": "PREFIX_TUNING"}, "only LORA"),
        ({"modules_to_save": ["lm_head"]}, "whole modules"),
        ({"bias": "all"}, "biases"),
        ({"lora_bias": True}, "biases"),
        ({"init_lora_weights": "pissa"}, "changes the base's own weights"),
        ({"r": 10**9}, "rank is 1000000000, and no side"),
        ({"rank_pattern": {"q_proj": 10**9}}, "rank is 1000000000, and no side"),
        ({"rank_pattern": {"q_proj": "2"}}, "rank is '2', and no side"),
        ({"rank_pattern": 3}, "rank_pattern is 3, not an object"),
        ({"target_modules": ["nowhere"]}, "cannot be put on tiny: .*nowhere"),
    ],
)
def test_what_cannot_be_swapped_is_refused(base, adapters, change, message):
    config = json.loads(adapters[0][CONFIG_FILE]) | change
    files = {**adapters[0], CONFIG_FILE: json.dumps(config).encode()}
    with pytest.raises(ModelError, match=message), merged_adapter(base, files):
        pass


WITHOUT_END = r"(?:[a-z_0-9]+\.?)+!"


@pytest.mark.parametrize(
    "change",
    [
        {"target_modules": WITHOUT_END},
        {"exclude_modules": WITHOUT_END},
        {"rank_pattern": {WITHOUT_END: 2}},
        {"alpha_pattern": {WITHOUT_END: 2}},
        {"target_modules": ["q_proj"], "layers_to_transform": [0], "layers_pattern": [WITHOUT_END]},
    ],
)
def test_a_pattern_that_would_match_for_ever_is_refused(base, adapters, monkeypatch, change):
    monkeypatch.setattr("spillover.models.patterns.LIMIT_S", 0.5)
    config = json.loads(adapters[0][CONFIG_FILE]) | change
    files = {**adapters[0], CONFIG_FILE: json.dumps(config).encode()}
    with pytest.raises(ModelError, match=r"take more than 0\.5 s to match"), merged_adapter(base, files):
        pass


def test_unreadable_files_are_refused(base, adapters):
    for broken in ({**adapters[0], WEIGHTS_FILE: b"pickle"}, {**adapters[0], CONFIG_FILE: b"{"}, {}):
        with pytest.raises(ModelError, match="readable"), merged_adapter(base, broken):
            pass


def test_a_merge_that_fails_half_way_leaves_the_base_as_it_was(base, adapters, monkeypatch):
    """Out of memory may come anywhere: while weights are copied, or between two layers that are merged."""
    from peft.tuners.lora.layer import Linear

    before = {name: tensor.clone() for name, tensor in base.model.state_dict().items()}
    merge, merged = Linear.merge, []

    def fail_at_the_third(layer, *arguments, **options):
        if len(merged) == 2:
            raise torch.OutOfMemoryError("no memory left")
        merged.append(layer)
        merge(layer, *arguments, **options)

    monkeypatch.setattr(Linear, "merge", fail_at_the_third)
    with pytest.raises(torch.OutOfMemoryError), merged_adapter(base, adapters[0]):
        pass
    after = base.model.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not any(parameter.requires_grad for parameter in base.model.parameters())


def test_what_changes_more_than_layers_is_refused_and_leaves_no_trace(base, adapters, encoded):
    config = json.loads(adapters[0][CONFIG_FILE])
    before = score_options(base, encoded[:4])
    for change, said in (
        ({"trainable_token_indices": [1, 2]}, "trainable_token_indices"),
        ({"target_modules": ["lm_head"]}, "on the embeddings"),
        ({"target_modules": ["embed_tokens"]}, "on the embeddings"),
    ):
        broken = {**adapters[0], CONFIG_FILE: json.dumps(config | change).encode()}
        with pytest.raises(ModelError, match=said), merged_adapter(base, broken):
            pass
    assert score_options(base, encoded[:4]) == before
