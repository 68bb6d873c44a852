import json
import shutil

import pytest
import torch

from spillover.models.base import load_base
from spillover.models.batching import Row, lay_out, lay_out_again, states_at
from spillover.models.encoding import encode_prompts
from spillover.models.generation import generate_replies
from spillover.models.settings import ModelSettings
from spillover.models.tiny import CHECKPOINT


@pytest.fixture
def batch(base, encoded):
    rows = [Row(each, (300, 301)[: index % 3]) for index, each in enumerate(encoded[:6])]
    return lay_out(base, rows), [(index, len(row) - 1) for index, row in enumerate(rows)] + [(2, 7)]


def test_what_is_read_is_what_the_whole_layer_gives(base, batch):
    inputs, places = batch
    with torch.no_grad():
        whole = base.backbone(**inputs, use_cache=False).last_hidden_state
        read = states_at(base, inputs, places)
    rows, positions = torch.tensor(places).T
    assert torch.allclose(read, whole[rows, positions], atol=1e-5)


def test_gradients_pass_as_through_the_whole_layer(base, batch):
    inputs, places = batch
    rows, positions = torch.tensor(places).T
    weight = base.model.get_decoder().layers[0].self_attn.q_proj.weight.requires_grad_()
    try:
        base.backbone(**inputs, use_cache=False).last_hidden_state[rows, positions].square().sum().backward()
        whole, weight.grad = weight.grad, None
        states_at(base, inputs, places).square().sum().backward()
        assert weight.grad is not None
        assert torch.allclose(whole, weight.grad, rtol=1e-4, atol=1e-5 * whole.abs().max().item())
    finally:
        weight.grad = None
        weight.requires_grad_(requires_grad=False)


def test_the_other_states_are_left_unfinished_and_the_next_pass_is_whole(base, batch):
    inputs, _ = batch
    layers = base.model.get_decoder().layers
    computed = []
    hook = layers[-1].mlp.gate_proj.register_forward_hook(lambda _module, given, _made: computed.append(given[0].shape))
    try:
        with torch.no_grad(), base.only_read_at(slice(None), slice(-1, None)):
            base.backbone(**inputs, use_cache=False)
        with torch.no_grad():
            base.backbone(**inputs, use_cache=False)
    finally:
        hook.remove()
    rows, width = inputs["input_ids"].shape
    assert [shape[:-1].numel() for shape in computed] == [rows, rows * width]


def test_a_batch_is_laid_out_once_for_all_adapters(base, encoded):
    rows = [Row(each) for each in encoded[:4]]
    first, second = (lay_out_again(base, rows, "left") for _ in range(2))
    assert first["input_ids"] is second["input_ids"]
    assert lay_out_again(base, rows[::-1], "left")["input_ids"] is not first["input_ids"]


def test_replies_are_those_of_the_stock_generation(base, encoded):
    """Positions are handed over rather than found again, which must not show in rows of other lengths."""
    ours = generate_replies(base, encoded[:12], 6)
    for each, reply in zip(encoded[:12], ours, strict=True):
        images = [image.load() for image in each.prompt.images]
        content = [*({"type": "image"} for _ in images), {"type": "text", "text": each.prompt.text}]
        chat = base.processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
        inputs = base.processor(images=[images], text=[chat], return_tensors="pt")
        written = base.model.generate(**inputs, max_new_tokens=6, do_sample=False)
        assert base.tokenizer.decode(written[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True) == reply.text


def test_a_models_own_penalties_change_no_reply(tmp_path, encoded):
    for file in CHECKPOINT.iterdir():
        shutil.copy(file, tmp_path)
    own = json.loads((tmp_path / "generation_config.json").read_text()) | {"repetition_penalty": 5.0}
    (tmp_path / "generation_config.json").write_text(json.dumps(own))
    plain, hostile = (load_base(ModelSettings(path=path, precision="float32")) for path in ("tiny", str(tmp_path)))
    prompts = [each.prompt for each in encoded[:12]]
    first, second = (generate_replies(base, encode_prompts(base, prompts), 6) for base in (plain, hostile))
    assert first == second
