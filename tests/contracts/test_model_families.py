"""The laws that every model family must keep, held on tiny checkpoints with random weights.

What is expected comes from transformers and PEFT called plainly: one conversation at a time, pixels and all.
"""

from __future__ import annotations

import logging
import re
import warnings
from dataclasses import dataclass, replace
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from peft import PeftModel
from PIL import Image
from safetensors.torch import load as tensors_from_bytes
from safetensors.torch import save as bytes_from_tensors
from tests.contracts.tiny_families import FAMILIES, internvl, mllama
from transformers import (
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    InternVLForConditionalGeneration,
    ProcessorMixin,
)

from spillover.core.errors import ModelError, TaskError
from spillover.core.prompt import Prompt, Turn
from spillover.models.adapters import WEIGHTS_FILE, merged_adapter, touches_vision
from spillover.models.base import Base, load_base
from spillover.models.encoding import encode_prompts
from spillover.models.features import FeatureCache
from spillover.models.finetuning import finetune
from spillover.models.folder import check_folder
from spillover.models.generation import generate_replies
from spillover.models.letters import score_options
from spillover.models.processing import load_processor, try_processor
from spillover.models.settings import ModelSettings, TrainingSettings
from spillover.tasks.image import EncodedImage, encode_png

OPTIONS = ("(A)", "(B)", "(C)", "(D)")
GUIDE = Path(__file__).parents[2] / "docs/models.md"


@dataclass(frozen=True)
class Family:
    """A tiny checkpoint, loaded by spillover and plainly."""

    name: str
    folder: Path
    base: Base
    prompts: list[Prompt]
    plain: Any

    @property
    def end(self) -> int:
        """The token that ends a turn."""
        return self.base.tokenizer.convert_tokens_to_ids(FAMILIES[self.name].end)

    def encoded(self) -> list[Any]:
        return encode_prompts(self.base, self.prompts)


def picture(seed: int, width: int, height: int) -> EncodedImage:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return EncodedImage(encode_png(Image.fromarray(pixels)))


def some_prompts(*, seeing: bool) -> list[Prompt]:
    """Of one and of several images, of several sizes, of several lengths, with images inside the text and before."""
    one, wide, tall = ((picture(0, 48, 48),), (picture(1, 64, 40),), (picture(2, 40, 64),)) if seeing else ((),) * 3
    earlier = (Turn(role="user", text="which?", image_places=(0,) * len(tall)), Turn(role="assistant", text="(B)"))
    return [
        Prompt(images=one, text="which point is closer?", options=OPTIONS, answer="(B)"),
        Prompt(images=one + wide, text="closer?", options=OPTIONS, answer="(A)"),
        Prompt(
            images=tall + one + wide,
            image_places=(3, 9)[: 2 * len(one)],
            before=earlier,
            text="the left one or neither?",
            options=OPTIONS[:2],
            answer="(B)",
        ),
        Prompt(images=wide, text="both", options=OPTIONS[:3], answer="(C)"),
    ]


def families(*, sees: bool | None = None) -> list[Any]:
    """All, or those that take images, or those that do not: a few in the default suite, the others in the slow one."""
    return [
        pytest.param(name, marks=[] if each.usual else pytest.mark.slow)
        for name, each in FAMILIES.items()
        if sees in (None, each.sees)
    ]


of_images = pytest.mark.parametrize("family", families(sees=True), indirect=True)
of_text_alone = pytest.mark.parametrize("family", families(sees=False), indirect=True)


@pytest.fixture(scope="module", params=families())
def family(request, tmp_path_factory):
    name = request.param
    tiny = FAMILIES[name]
    if tiny.needs and find_spec(tiny.needs) is None:
        pytest.skip(f"transformers' processor asks for {tiny.needs}")
    folder = tmp_path_factory.mktemp("families") / name
    folder.mkdir()
    torch.set_num_threads(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tiny.build(folder)
        base = load_base(ModelSettings(path=str(folder), precision="float32"))
        auto = AutoModelForImageTextToText if tiny.sees else AutoModelForCausalLM
        plain = auto.from_pretrained(folder).eval()
    return Family(name, folder, base, some_prompts(seeing=tiny.sees), plain)


# transformers, called plainly


def conversation(family: Family, prompt: Prompt, reply: str | None) -> Any:
    """Inputs of one conversation, by the family's own processor."""
    images = [image.load() for image in prompt.images]
    places = (0,) * len(images) if prompt.image_places is None else prompt.image_places
    turns = [*prompt.before, Turn(role="user", text=prompt.text, image_places=places)]
    turns += [] if reply is None else [Turn(role="assistant", text=reply)]
    messages = [{"role": turn.role, "content": parts(turn, images)} for turn in turns]
    settings = {"tokenize": True, "return_dict": True, "return_tensors": "pt", "add_generation_prompt": reply is None}
    processor = load_processor(family.folder, family_settings(family))
    if not isinstance(processor, ProcessorMixin):
        texts = [{"role": turn.role, "content": turn.text} for turn in turns]
        return processor.apply_chat_template(texts, **settings)
    return ProcessorMixin.apply_chat_template(
        processor, messages, **settings
    )  # SmolVLM's own asks for a video processor


def family_settings(family: Family) -> ModelSettings:
    return ModelSettings(path=str(family.folder), precision="float32")


def parts(turn: Turn, images: list[Any]) -> list[dict[str, Any]]:
    cuts = [0, *turn.image_places, len(turn.text)]
    content: list[dict[str, Any]] = []
    for place, (start, end) in enumerate(pairwise(cuts)):
        content += [{"type": "image", "image": images.pop(0)}] if place else []
        content += [{"type": "text", "text": turn.text[start:end]}] if end > start else []
    return content


@torch.no_grad()
def plain_scores(family: Family, model: Any, prompt: Prompt) -> list[float]:
    """The options' log-probabilities at the first token in which whole conversations that end with them differ."""
    whole = [conversation(family, prompt, option) for option in prompt.options]
    written = [inputs["input_ids"][0].tolist() for inputs in whole]
    place = next(place for place, tokens in enumerate(zip(*written, strict=False)) if len(set(tokens)) > 1)
    logits = model(**whole[0]).logits[0, place - 1]
    return torch.log_softmax(logits[[tokens[place] for tokens in written]], dim=0).tolist()


@torch.no_grad()
def plain_loss(family: Family) -> float:
    """Mean negative log-likelihood of all answer tokens, the end of the turn included."""
    losses: list[float] = []
    for prompt in family.prompts:
        asked = conversation(family, prompt, None)["input_ids"].shape[1]
        inputs = conversation(family, prompt, prompt.answer)
        written = inputs["input_ids"][0, asked:].tolist()
        wanted = [*written[: written.index(family.end) if family.end in written else None], family.end]
        logits = family.plain(**inputs).logits[0, asked - 1 :].log_softmax(-1)
        losses += [-logits[place, token].item() for place, token in enumerate(wanted)]
    return sum(losses) / len(losses)


# the laws


def test_the_guide_lists_every_family():
    table = re.search(r"\| family \|.*\n\|---.*\n((?:\|.*\n)+)", GUIDE.read_text())
    listed = [title for row in table[1].splitlines() for title in row.split("|")[1].strip().split(", ")]
    assert listed == [each.title for each in FAMILIES.values()]


def test_prompts_are_read_as_transformers_reads_them(family):
    for encoded, prompt in zip(family.encoded(), family.prompts, strict=True):
        assert encoded.tokens.tolist() == conversation(family, prompt, None)["input_ids"][0].tolist()


def test_option_scores_are_those_of_the_model_called_plainly(family):
    for scores, prompt in zip(score_options(family.base, family.encoded()), family.prompts, strict=True):
        assert scores == pytest.approx(plain_scores(family, family.plain, prompt), rel=1e-4, abs=1e-5)


def test_batched_is_as_one_by_one(family):
    together = score_options(family.base, family.encoded())
    alone = [score_options(family.base, encode_prompts(family.base, [prompt]))[0] for prompt in family.prompts]
    for scores, expected in zip(together, alone, strict=True):
        assert scores == pytest.approx(expected, rel=1e-4, abs=1e-5)


@of_images
def test_an_image_matters(family):
    prompt = replace(family.prompts[0], images=(picture(9, 48, 48),))
    first, other = score_options(family.base, encode_prompts(family.base, [family.prompts[0], prompt]))
    assert first != pytest.approx(other, abs=1e-3)


def test_the_last_layer_may_leave_undone_what_nobody_reads(family):
    assert family.base.abilities.narrow


@of_images
def test_image_features_are_kept_and_change_nothing(family):
    """As pixels with every batch: the way of a model that takes no features."""
    assert family.base.abilities.images.endswith("features")
    roomless = replace(family.base, features=FeatureCache(memory_bytes=0))
    by_pixels = replace(family.base, abilities=replace(family.base.abilities, images="pixels"))
    settings = TrainingSettings(examples=4, epochs=1, batch=4)
    kept, again, pixels = (
        (score_options(base, encoded := encode_prompts(base, family.prompts)), finetune(base, encoded, settings, 0))
        for base in (family.base, roomless, by_pixels)
    )
    assert again == kept
    for scores, expected in zip(pixels[0], kept[0], strict=True):
        assert scores == pytest.approx(expected, rel=1e-4, abs=1e-5)
    assert pixels[1].log[0].loss == pytest.approx(kept[1].log[0].loss, rel=1e-4)
    assert pixels[1].log[0].gradient_norm == pytest.approx(kept[1].log[0].gradient_norm, rel=1e-3)


def test_a_finetune_begins_with_the_plain_loss_and_lowers_it(family):
    settings = TrainingSettings(examples=4, epochs=8, batch=4, learning_rate=1e-2)
    log = finetune(family.base, family.encoded(), settings, seed=0).log
    assert log[0].loss == pytest.approx(plain_loss(family), rel=1e-4)
    assert log[-1].loss < 0.8 * log[0].loss


def test_an_adapter_is_loaded_by_peft_alone(family, tmp_path):
    settings = TrainingSettings(examples=4, epochs=2, batch=4, learning_rate=1e-2)
    files = finetune(family.base, family.encoded(), settings, seed=0).adapters[2]
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    with merged_adapter(family.base, files):
        ours = score_options(family.base, family.encoded())
    assert ours[0] != pytest.approx(score_options(family.base, family.encoded())[0], abs=1e-2)
    adapted = PeftModel.from_pretrained(family.plain, tmp_path)
    try:
        for scores, prompt in zip(ours, family.prompts, strict=True):
            assert scores == pytest.approx(plain_scores(family, adapted, prompt), rel=1e-3, abs=1e-4)
    finally:
        adapted.unload()


@of_images
@pytest.mark.parametrize("former", ["language_model.model.", "model."])
def test_an_adapter_of_before_the_wrappers_moved_is_understood(family, former):
    """Until transformers 4.52 LLaVA's language model was in no other model, and Qwen had none around its layers."""
    settings = TrainingSettings(examples=4, epochs=2, batch=4, learning_rate=1e-2)
    files = finetune(family.base, family.encoded(), settings, seed=0).adapters[2]
    tensors = {
        name.replace("model.model.language_model.", f"model.{former}"): tensor
        for name, tensor in tensors_from_bytes(files[WEIGHTS_FILE]).items()
    }
    with merged_adapter(family.base, files):
        expected = score_options(family.base, family.encoded())
    with merged_adapter(family.base, {**files, WEIGHTS_FILE: bytes_from_tensors(tensors, {"format": "pt"})}):
        assert score_options(family.base, family.encoded()) == expected


def test_an_adapter_is_on_the_language_model_alone(family):
    settings = TrainingSettings(examples=4, epochs=0, batch=4)
    files = finetune(family.base, family.encoded(), settings, seed=0).adapters[0]
    assert not touches_vision(family.base, files)
    named = {name.removeprefix("base_model.model.") for name in tensors_from_bytes(files[WEIGHTS_FILE])}
    decoder = family.plain.get_decoder()
    place = next(name for name, module in family.plain.named_modules() if module is decoder)
    linear = {name for name, module in decoder.layers.named_modules() if isinstance(module, torch.nn.Linear)}
    assert named == {f"{place}.layers.{name}.lora_{side}.weight" for name in linear for side in "AB"}
    vision = [name for name, _ in family.plain.named_modules() if "vision" in name or "visual" in name]
    assert not [name for name in named if any(name.startswith(f"{tower}.") for tower in vision)]


def test_replies_are_those_that_the_model_writes_alone(family):
    replies = generate_replies(family.base, family.encoded(), maximum_new_tokens=6)
    end = family.end
    for reply, prompt in zip(replies, family.prompts, strict=True):
        inputs = conversation(family, prompt, None)
        written = family.plain.generate(**inputs, max_new_tokens=6, do_sample=False, eos_token_id=end, pad_token_id=end)
        tokens = written[0, inputs["input_ids"].shape[1] :]
        assert reply.text == family.base.tokenizer.decode(tokens, skip_special_tokens=True)
    assert any(reply.text for reply in replies)


def test_a_turn_is_ended_as_the_template_ends_it(family):
    assert family.base.chat.end_of_turn == family.end


def test_its_folder_passes_the_checks_of_a_study(family):
    check_folder(family.folder)
    try_processor(family.folder, family_settings(family))


@of_text_alone
def test_a_model_that_reads_text_alone_refuses_images(family):
    assert family.base.abilities.images == "none"
    pictured = Prompt(images=(picture(0, 32, 32),), text="closer?", options=OPTIONS, answer="(A)")
    with pytest.raises(TaskError, match=rf"{family.name} reads text alone, and this example has an image"):
        encode_prompts(family.base, [family.prompts[0], pictured])


def test_a_model_that_must_be_told_what_each_token_looks_at_is_refused(tmp_path):
    mllama(tmp_path)
    with pytest.raises(ModelError, match=r"told of every token which images it may look at \(cross_attention_mask\)"):
        load_base(ModelSettings(path=str(tmp_path), precision="float32"))


def test_a_model_that_misreads_features_is_given_pixels(tmp_path, monkeypatch, caplog):
    internvl(tmp_path)
    stock = InternVLForConditionalGeneration.get_image_features

    def other(model, *given, **named):
        output = stock(model, *given, **named)
        output.pooler_output = output.pooler_output + 1
        return output

    monkeypatch.setattr(InternVLForConditionalGeneration, "get_image_features", other)
    with caplog.at_level(logging.WARNING):
        base = load_base(ModelSettings(path=str(tmp_path), name="twisted", precision="float32"))
    assert base.abilities.images == "pixels"
    assert "images of twisted pass its vision tower with every batch" in caplog.text
    prompts = some_prompts(seeing=True)
    scores = score_options(base, encode_prompts(base, prompts))
    monkeypatch.undo()
    sound = load_base(ModelSettings(path=str(tmp_path), precision="float32"))
    for one, expected in zip(scores, score_options(sound, encode_prompts(sound, prompts)), strict=True):
        assert one == pytest.approx(expected, rel=1e-4, abs=1e-5)
