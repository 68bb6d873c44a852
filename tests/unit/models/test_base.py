"""Weights and configuration that do not fit together are said, never filled up with random numbers."""

from __future__ import annotations

import json
import shutil

import pytest
from safetensors.torch import load_file, save_file

from spillover.core.errors import ModelError
from spillover.models.base import load_base
from spillover.models.settings import ModelSettings
from spillover.models.tiny import CHECKPOINT


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(CHECKPOINT, tmp_path / "model")
    return tmp_path / "model"


def refused(folder, message):
    with pytest.raises(ModelError, match=message):
        load_base(ModelSettings(path=str(folder), precision="float32"))


def test_a_tensor_that_is_missing_is_said(folder):
    tensors = load_file(folder / "model.safetensors")
    gone = next(name for name in tensors if "layers.0.mlp.up_proj" in name)
    save_file({name: each for name, each in tensors.items() if name != gone}, folder / "model.safetensors")
    refused(folder, r"lack 1 tensors that its config.json speaks of, such as .*up_proj")


def test_weights_of_another_size_are_said(folder):
    config = json.loads((folder / "config.json").read_text())
    config["text_config"]["intermediate_size"] //= 2
    (folder / "config.json").write_text(json.dumps(config))
    refused(folder, "cannot load the model")
