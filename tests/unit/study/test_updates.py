"""Adapters read as arrays, without torch."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from safetensors.torch import save

from spillover.core.errors import StoreError
from spillover.study.beside import find_unequal_training
from spillover.study.plan import Finetune
from spillover.study.updates import StoredUpdate

CONFIG = {"peft_type": "LORA", "r": 2, "lora_alpha": 8, "target_modules": ["v", "q"]}


def write_adapter(folder, dtype=torch.float32, **changes):
    torch.manual_seed(0)
    tensors = {
        f"base_model.model.layers.{layer}.q.lora_{name}.weight": torch.randn(shape).to(dtype)
        for layer in range(2)
        for name, shape in (("A", (2, 6)), ("B", (5, 2)))
    }
    folder.mkdir()
    (folder / "adapter_model.safetensors").write_bytes(save(tensors, {"format": "pt"}))
    (folder / "adapter_config.json").write_text(json.dumps(CONFIG | changes))
    return tensors


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize(("changes", "scale"), [({}, 4.0), ({"use_rslora": True}, 8 / 2**0.5)])
def test_factors_are_those_that_torch_reads_with_the_scale_in_a(tmp_path, dtype, changes, scale):
    tensors = write_adapter(tmp_path / "a", dtype, **changes)
    update = StoredUpdate(tmp_path / "a")
    assert sorted(update) == ["base_model.model.layers.0.q", "base_model.model.layers.1.q"]
    for layer in update:
        a, b = (tensors[f"{layer}.lora_{name}.weight"].float().numpy() for name in "AB")
        assert update[layer][0] == pytest.approx(scale * a)
        assert update[layer][1] == pytest.approx(b)


@pytest.mark.parametrize("kept", [0, 4, 40, 300])
def test_a_file_that_was_cut_off_is_told(tmp_path, kept):
    write_adapter(tmp_path / "a")
    file = tmp_path / "a" / "adapter_model.safetensors"
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(StoreError, match=r"cannot read the adapter's weights"):
        StoredUpdate(tmp_path / "a")


def test_a_header_that_points_out_of_the_file_is_refused(tmp_path):
    write_adapter(tmp_path / "a")
    header = {"x.lora_A.weight": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}
    text = json.dumps(header).encode()
    (tmp_path / "a" / "adapter_model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text)
    with pytest.raises(StoreError, match="a tensor lies outside the file"):
        StoredUpdate(tmp_path / "a")


def test_a_layer_without_its_b_is_refused(tmp_path):
    write_adapter(tmp_path / "a")
    (tmp_path / "a" / "adapter_model.safetensors").write_bytes(save({"q.lora_A.weight": torch.zeros(2, 6)}))
    with pytest.raises(StoreError, match=r"lacks the A or the B of a layer"):
        StoredUpdate(tmp_path / "a")


def test_a_tensor_that_is_no_matrix_is_refused(tmp_path):
    (tmp_path / "a").mkdir()
    content = save({f"q.lora_{name}.weight": torch.zeros(4) for name in "AB"})
    (tmp_path / "a" / "adapter_model.safetensors").write_bytes(content)
    (tmp_path / "a" / "adapter_config.json").write_text(json.dumps(CONFIG))
    with pytest.raises(StoreError, match=r"is no matrix"):
        StoredUpdate(tmp_path / "a")


@pytest.mark.parametrize("changes", [{"r": None}, {"lora_alpha": 10**400}, {"target_modules": [1, "q"]}])
def test_a_configuration_that_cannot_be_is_told(tmp_path, changes):
    write_adapter(tmp_path / "a", **changes)
    with pytest.raises(StoreError, match=r"cannot read the adapter's configuration"):
        StoredUpdate(tmp_path / "a")


def finetunes(sources):
    return [
        Finetune(model="m", source=source, control=None, seed=0, adapter_key=source, steps=(1,)) for source in sources
    ]


def test_sources_that_were_trained_otherwise_are_named(tmp_path):
    jobs = finetunes("xyz")
    for source, rank in (("x", 2), ("y", 2), ("z", 4)):
        write_adapter(tmp_path / source, r=rank, target_modules=["q", "v"] if source == "y" else ["v", "q"])
    found = list(find_unequal_training([(job, StoredUpdate(tmp_path / job.source).settings) for job in jobs]))
    assert [(warned.kind, warned.tasks) for warned in found] == [("unequal_training", ("z",))]
    assert found[0].text == "sources were not trained alike: r is 2 for x, 4 for z"
    trained = [(job, {"steps": 3 if job.source == "y" else 2}) for job in jobs]
    assert [warned.text for warned in find_unequal_training(trained)] == [
        "sources were not trained alike: steps is 2 for x, 3 for y"
    ]


def test_what_an_adapter_says_does_not_steer_the_terminal(tmp_path):
    for source, modules in (("x", "q"), ("y", "\x1b[2Jq")):
        write_adapter(tmp_path / source, target_modules=modules)
    jobs = finetunes("xy")
    (warned,) = find_unequal_training([(job, StoredUpdate(tmp_path / job.source).settings) for job in jobs])
    assert warned.text == "sources were not trained alike: target_modules is q for x, �[2Jq for y"


def test_values_are_finite(tmp_path):
    write_adapter(tmp_path / "a")
    assert all(np.isfinite(factor).all() for factors in StoredUpdate(tmp_path / "a").values() for factor in factors)
