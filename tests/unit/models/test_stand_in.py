"""A model's stand-in is the model's in everything but depth, width and weights, and can do all that it can."""

import json
import shutil

import pytest
from transformers import AutoConfig

from spillover.core.errors import HubError, ModelError
from spillover.models.base import load_base
from spillover.models.letters import score_options
from spillover.models.settings import ModelSettings, TrainingSettings
from spillover.models.stand_in import write_stand_in
from spillover.models.tiny import CHECKPOINT


@pytest.fixture
def folder(tmp_path):
    """A model of 12 layers and 8 heads of which there are no weights."""
    shutil.copytree(CHECKPOINT, tmp_path / "model", ignore=shutil.ignore_patterns("*.safetensors"))
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    config["text_config"] |= {"num_hidden_layers": 12, "layer_types": ["full_attention"] * 12}
    config["text_config"] |= {"num_attention_heads": 8, "hidden_size": 256, "intermediate_size": 768}
    config["vision_config"] |= {"depth": 6, "fullatt_block_indexes": [1, 5], "out_hidden_size": 256}
    (tmp_path / "model" / "config.json").write_text(json.dumps(config))
    return tmp_path / "model"


def written(folder, tmp_path, most_values):
    place = tmp_path / "stand-in"
    cut = write_stand_in(ModelSettings(path=str(folder)), place, most_values)
    return cut, load_base(ModelSettings(path=str(place), precision="float32"))


def test_a_model_that_fits_is_not_cut(folder, tmp_path):
    cut, base = written(folder, tmp_path, 1e9)
    assert cut == ""
    whole, written_config = AutoConfig.from_pretrained(folder).to_dict(), base.model.config.to_dict()
    for part in ("text_config", "vision_config"):
        assert {**written_config[part], "dtype": None} == {**whole[part], "dtype": None}


@pytest.mark.parametrize(
    ("most", "cut", "layers"), [(6e6, "6 of 12 layers", (6, 6)), (7e5, "2 of 12 layers, 4 of 8 heads", (2, 2))]
)
def test_layers_go_first_and_then_heads_until_it_fits(folder, tmp_path, most, cut, layers):
    said, base = written(folder, tmp_path, most)
    assert said == cut
    config = base.model.config
    assert (config.text_config.num_hidden_layers, config.vision_config.depth) == layers
    assert sum(parameter.numel() for parameter in base.model.parameters()) <= most
    assert config.text_config.vocab_size == 829, "it writes the same tokens"


def test_it_sees_answers_and_is_trained(folder, tmp_path, encoded):
    from spillover.models.encoding import encode_prompts
    from spillover.models.finetuning import finetune

    _, base = written(folder, tmp_path, 7e5)
    prompts = encode_prompts(base, [each.prompt for each in encoded[16:24]])
    assert len(score_options(base, prompts)) == 8
    trained = finetune(base, prompts, TrainingSettings(examples=8, epochs=1, batch=4), seed=0)
    assert len(trained.log) == 2


def test_it_is_the_same_every_time(folder, tmp_path):
    for name in ("one", "two"):
        write_stand_in(ModelSettings(path=str(folder)), tmp_path / name, 7e5)
    first, second = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("one", "two"))
    assert first == second


def test_what_cannot_be_cut_so_far_is_said(folder, tmp_path):
    with pytest.raises(ModelError, match=r"parameters are left, and there is room for 1,000\n.*free some memory"):
        write_stand_in(ModelSettings(path=str(folder)), tmp_path / "none", 1000)


def test_a_folder_without_its_tokenizer_is_refused(folder, tmp_path):
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match="its vocabulary"):
        write_stand_in(ModelSettings(path=str(folder)), tmp_path / "none", 1e9)


def test_where_the_hub_cannot_be_reached_it_is_said_what_to_do(tmp_path, monkeypatch):
    def unreachable(*_, **__):
        raise OSError("no route to host")

    monkeypatch.setattr("huggingface_hub.HfApi.model_info", unreachable)
    settings = ModelSettings(path="Qwen/Qwen2.5-VL-3B-Instruct")
    with pytest.raises(HubError, match=r"cannot fetch the configuration of .*\n.*hf download Qwen.*give path: FOLDER"):
        write_stand_in(settings, tmp_path / "none", 1e9)
