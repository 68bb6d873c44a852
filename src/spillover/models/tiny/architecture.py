"""Builds the tiny model, its tokenizer and its processor files; the checkpoint's training script starts here.

Sizes follow a few measurements on two CPU cores: wide enough to learn thirteen tasks, small enough to finetune in
seconds. Every class that the files name is transformers' own, so that they load anywhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from copy import deepcopy
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    PreTrainedTokenizerFast,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2VLImageProcessorPil,
)

SPECIAL_TOKENS = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
)
"""Qwen's own special tokens, as far as images and chat need them."""

CHAT_TEMPLATE = """\
{%- set turns = messages -%}
{%- if messages[0].role != 'system' -%}
{{- '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' -}}
{%- endif -%}
{%- for turn in turns -%}
{{- '<|im_start|>' + turn.role + '\\n' -}}
{%- if turn.content is string -%}
{{- turn.content -}}
{%- else -%}
{%- for part in turn.content -%}
{%- if part.type == 'image' -%}
{{- '<|vision_start|><|image_pad|><|vision_end|>' -}}
{%- elif part.type == 'video' -%}
{{- '<|vision_start|><|video_pad|><|vision_end|>' -}}
{%- else -%}
{{- part.text -}}
{%- endif -%}
{%- endfor -%}
{%- endif -%}
{{- '<|im_end|>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}
{{- '<|im_start|>assistant\\n' -}}
{%- endif -%}
"""
"""Our own Jinja; it renders the same text as Qwen2.5-VL's."""

WORD_PATTERN = r"\([A-Z]\)|[^\r\n\p{L}\p{N}]?\p{L}+| ?\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+"
"""How text is cut before BPE: Qwen's way, but that an option's "(A)" and a digit with its space are single tokens."""

PATCH_PIXELS = 8
RESIDUAL_SCALE = 0.35
"""Initial scale of what each layer adds to the residual stream, about one over the root of the number of additions."""
MERGE = 2
"""Each token of the language model sees MERGE × MERGE patches: 16 × 16 pixels."""


def build_tokenizer(
    texts: Iterable[str], phrases: Iterable[str] = (), vocabulary: int = 800
) -> PreTrainedTokenizerFast:
    """Train a small byte-level BPE on the suite's own texts.

    Args:
        texts: what the model will read and write.
        phrases: what stands in so many prompts that it is worth a token: half the length is half the time.
        vocabulary: tokens at most, special ones and the 256 bytes among them, phrases beside them.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORD_PATTERN), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_tokens([AddedToken(phrase, normalized=False) for phrase in phrases])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        chat_template=CHAT_TEMPLATE,
        model_max_length=4096,
    )


def tiny_config(tokenizer: PreTrainedTokenizerFast) -> Qwen2_5_VLConfig:
    """The configuration: 1.4 million parameters in Qwen2.5-VL's architecture."""
    token = tokenizer.get_vocab()
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": 128,
        "intermediate_size": 384,
        "num_hidden_layers": 4,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 4096,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [4, 6, 6]},
        "bos_token_id": token["<|endoftext|>"],
        "eos_token_id": token["<|im_end|>"],
        "pad_token_id": token["<|endoftext|>"],
        "tie_word_embeddings": True,
    }
    vision = {
        "depth": 3,
        "hidden_size": 96,
        "intermediate_size": 256,
        "num_heads": 4,
        "patch_size": PATCH_PIXELS,
        "spatial_merge_size": MERGE,
        "window_size": 8 * PATCH_PIXELS * MERGE,
        "fullatt_block_indexes": [0, 1, 2],
        "out_hidden_size": 128,
    }
    return Qwen2_5_VLConfig(
        text_config=text,
        vision_config=vision,
        image_token_id=token["<|image_pad|>"],
        video_token_id=token["<|video_pad|>"],
        vision_start_token_id=token["<|vision_start|>"],
        vision_end_token_id=token["<|vision_end|>"],
        tie_word_embeddings=True,
    )


def image_processor() -> Qwen2VLImageProcessorPil:
    """Qwen's own image processor, for patches of 8 pixels and images of 16 × 16 to 512 × 512."""
    side = PATCH_PIXELS * MERGE
    return Qwen2VLImageProcessorPil(
        patch_size=PATCH_PIXELS,
        merge_size=MERGE,
        size={"shortest_edge": side * side, "longest_edge": 512 * 512},
    )


def build_model(tokenizer: PreTrainedTokenizerFast) -> Qwen2_5_VLForConditionalGeneration:
    """A model with fresh weights, drawn from torch's current seed.

    Linear layers start at fan-in scale: with the architecture's stock 0.02 so small a model hardly learns. Embeddings
    start at unit size, like image tokens, or the first layers' own outputs would drown them; since the head is the
    embedding, the last norm starts small enough to keep the logits at unit size. What adds to the residual stream
    starts smaller.
    """
    model = Qwen2_5_VLForConditionalGeneration(tiny_config(tokenizer))
    for name, module in model.named_modules():
        weight = getattr(module, "weight", None)
        if type(module).__name__ in ("Linear", "Conv3d") and weight is not None:
            fan_in = weight[0].numel()
            scale = RESIDUAL_SCALE if name.endswith(("o_proj", "down_proj", "attn.proj")) else 1.0
            weight.data.normal_(0.0, scale * fan_in**-0.5)
    model.lm_head.weight.data.normal_(0.0, 1.0)
    model.get_parameter("model.language_model.norm.weight").data.fill_(model.lm_head.in_features**-0.5)
    return model


def save_checkpoint(
    model: Qwen2_5_VLForConditionalGeneration, tokenizer: PreTrainedTokenizerFast, folder: Path
) -> None:
    """Write model, tokenizer and processor files that name transformers' stock classes.

    The weights are rounded to bfloat16: half the size, the same accuracy.
    """
    rounded = deepcopy(model).bfloat16()
    rounded.save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)
    tokenizer.save_pretrained(folder)
    settings = image_processor().to_dict()
    settings["image_processor_type"] = "Qwen2VLImageProcessor"
    settings["processor_class"] = "Qwen2_5_VLProcessor"
    plain = {name: value for name, value in settings.items() if _is_plain(value)}
    (folder / "preprocessor_config.json").write_text(json.dumps(plain, indent=2, sort_keys=True) + "\n")
    (folder / "chat_template.jinja").write_text(CHAT_TEMPLATE)


def _is_plain(value: object) -> bool:
    return value is not None and isinstance(value, (str, int, float, bool, list, tuple, dict))
