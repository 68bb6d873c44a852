"""Tiny checkpoints of many model families, with random weights, in the files that the hub's checkpoints have.

Every class is the family's stock one. Chat templates are our own, and keep each family's manner: where images stand,
which token ends a turn, whether an answer follows a space, whether the template writes the beginning-of-text token.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

TEXTS = (
    "which point is closer? (A) the left one (B) the right one (C) neither (D) both",
    "User: Assistant: user model",
)
HIDDEN = 64
PATCH = 8
SIDE = 32
"""Pixels of an image, where a family scales all to one size: 4 × 4 patches."""

CHATML = """\
{%- for turn in messages -%}
{{- '<|im_start|>' + turn.role + '\\n' -}}
{%- if turn.content is string -%}{{- turn.content -}}
{%- else -%}
{%- for part in turn.content -%}{{- IMAGE if part.type == 'image' else part.text -}}{%- endfor -%}
{%- endif -%}
{{- '<|im_end|>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}
"""
IDEFICS_CHAT = """\
{{- '<|im_start|>' -}}
{%- for turn in messages -%}
{{- turn.role.capitalize() + (':' if turn.content[0].type == 'image' else ': ') -}}
{%- for part in turn.content -%}{{- '<image>' if part.type == 'image' else part.text -}}{%- endfor -%}
{{- '<end_of_utterance>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- 'Assistant:' -}}{%- endif -%}
"""
GEMMA_CHAT = """\
{{- bos_token -}}
{%- for turn in messages -%}
{{- '<start_of_turn>' + ('model' if turn.role == 'assistant' else turn.role) + '\\n' -}}
{%- for part in turn.content -%}{{- '<start_of_image>' if part.type == 'image' else part.text -}}{%- endfor -%}
{{- '<end_of_turn>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<start_of_turn>model\\n' -}}{%- endif -%}
"""
LLAMA_CHAT = """\
{{- bos_token -}}
{%- for turn in messages -%}
{{- '<|start_header_id|>' + turn.role + '<|end_header_id|>\\n\\n' -}}
{%- if turn.content is string -%}{{- turn.content -}}
{%- else -%}
{%- for part in turn.content -%}{{- '<|image|>' if part.type == 'image' else part.text -}}{%- endfor -%}
{%- endif -%}
{{- '<|eot_id|>' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' -}}{%- endif -%}
"""


def chatml(image: str = "") -> str:
    return CHATML.replace("IMAGE", repr(image))


def byte_level(special: list[str]) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Vocabulary and merges of a byte-level BPE, as Qwen, Llama 3 and SmolLM have them."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return trained(tokenizer, special, sorted(pre_tokenizers.ByteLevel.alphabet()))


def byte_fallback(special: list[str]) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Vocabulary and merges of a BPE over characters, a space being ▁, as Gemma has them."""
    tokenizer = Tokenizer(models.BPE(byte_fallback=True))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    return trained(tokenizer, [*special, *(f"<0x{byte:02X}>" for byte in range(256))], [])


def trained(tokenizer: Tokenizer, special: list[str], alphabet: list[str]) -> Any:
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    return model["vocab"], [tuple(merge) for merge in model["merges"]]


def text_settings(tokenizer: Any, **more: Any) -> dict[str, Any]:
    return {
        "vocab_size": len(tokenizer),
        "hidden_size": HIDDEN,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 2048,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "tie_word_embeddings": True,
        **more,
    }


VISION = {
    "hidden_size": HIDDEN,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "image_size": SIDE,
    "patch_size": PATCH,
}


def qwen_tokenizer(special: list[str], template: str, **more: Any) -> Any:
    vocabulary, merges = byte_level(["<|endoftext|>", "<|im_start|>", "<|im_end|>", *special])
    tokenizer = transformers.Qwen2Tokenizer(
        vocab=vocabulary, merges=merges, eos_token="<|im_end|>", pad_token="<|endoftext|>", **more
    )
    mark_special(tokenizer, ["<|im_start|>", *special])
    tokenizer.chat_template = template
    return tokenizer


QWEN_VISION = ["<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]


def qwen_tokens(tokenizer: Any) -> dict[str, int]:
    names = ("vision_start", "vision_end", "image", "video")
    tokens = zip(names, QWEN_VISION, strict=True)
    return {f"{name}_token_id": tokenizer.convert_tokens_to_ids(token) for name, token in tokens}


def qwen2_5_vl(folder: Path) -> None:
    tokenizer = qwen_tokenizer(QWEN_VISION, chatml("<|vision_start|><|image_pad|><|vision_end|>"))
    rope = {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [2, 3, 3]}
    config = transformers.Qwen2_5_VLConfig(
        text_config=text_settings(tokenizer, rope_parameters=rope),
        vision_config={
            "depth": 2, "hidden_size": HIDDEN, "intermediate_size": 128, "num_heads": 4, "patch_size": PATCH,
            "window_size": 64, "fullatt_block_indexes": [1], "out_hidden_size": HIDDEN,
        },
        tie_word_embeddings=True,
        **qwen_tokens(tokenizer),
    )  # fmt: skip
    images = {"patch_size": PATCH, "merge_size": 2, "min_pixels": 16 * 16, "max_pixels": 128 * 128}
    save(folder, transformers.Qwen2_5_VLForConditionalGeneration(config), tokenizer)
    write_processor(folder, "Qwen2VLImageProcessor", "Qwen2_5_VLProcessor", images)


def qwen2_vl(folder: Path) -> None:
    tokenizer = qwen_tokenizer(QWEN_VISION, chatml("<|vision_start|><|image_pad|><|vision_end|>"))
    rope = {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [2, 3, 3]}
    config = transformers.Qwen2VLConfig(
        text_config=text_settings(tokenizer, rope_parameters=rope),
        vision_config={"depth": 2, "embed_dim": HIDDEN, "hidden_size": HIDDEN, "num_heads": 4, "patch_size": PATCH},
        tie_word_embeddings=True,
        **qwen_tokens(tokenizer),
    )
    images = {"patch_size": PATCH, "merge_size": 2, "min_pixels": 16 * 16, "max_pixels": 128 * 128}
    save(folder, transformers.Qwen2VLForConditionalGeneration(config), tokenizer)
    write_processor(folder, "Qwen2VLImageProcessor", "Qwen2VLProcessor", images)


def qwen3_vl(folder: Path) -> None:
    tokenizer = qwen_tokenizer(QWEN_VISION, chatml("<|vision_start|><|image_pad|><|vision_end|>"))
    rope = {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [4, 2, 2], "mrope_interleaved": True}
    config = transformers.Qwen3VLConfig(
        text_config=text_settings(tokenizer, rope_parameters=rope, head_dim=16),
        vision_config={
            "depth": 3, "hidden_size": HIDDEN, "intermediate_size": 128, "num_heads": 4, "patch_size": PATCH,
            "out_hidden_size": HIDDEN, "num_position_embeddings": 64, "deepstack_visual_indexes": [0, 1],
        },
        tie_word_embeddings=True,
        **qwen_tokens(tokenizer),
    )  # fmt: skip
    images = {
        "patch_size": PATCH, "merge_size": 2, "size": {"shortest_edge": 16 * 16, "longest_edge": 128 * 128},
        "image_mean": [0.5] * 3, "image_std": [0.5] * 3,
    }  # fmt: skip
    save(folder, transformers.Qwen3VLForConditionalGeneration(config), tokenizer)
    write_processor(folder, "Qwen2VLImageProcessorFast", "Qwen3VLProcessor", images)


def llava_onevision(folder: Path) -> None:
    tokenizer = qwen_tokenizer(["<image>", "<video>"], chatml("<image>\n"))
    pinpoints = [[SIDE, SIDE], [SIDE, 2 * SIDE], [2 * SIDE, SIDE], [2 * SIDE, 2 * SIDE]]
    config = transformers.LlavaOnevisionConfig(
        text_config={"model_type": "qwen2", **text_settings(tokenizer)},
        vision_config={"model_type": "siglip_vision_model", "vision_use_head": False, **VISION},
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        video_token_id=tokenizer.convert_tokens_to_ids("<video>"),
        image_grid_pinpoints=pinpoints,
        vision_feature_layer=-1,
        vision_feature_select_strategy="full",
        tie_word_embeddings=True,
    )
    images = {"size": {"height": SIDE, "width": SIDE}, "image_grid_pinpoints": pinpoints}
    save(folder, transformers.LlavaOnevisionForConditionalGeneration(config), tokenizer)
    more = {"num_image_tokens": 16, "vision_feature_select_strategy": "full"}
    write_processor(folder, "LlavaOnevisionImageProcessor", "LlavaOnevisionProcessor", images, **more)


def internvl(folder: Path) -> None:
    named = {
        "start_image_token": "<img>",
        "end_image_token": "</img>",
        "context_image_token": "<IMG_CONTEXT>",
        "video_token": "<video>",
    }
    tokenizer = qwen_tokenizer(list(named.values()), chatml("<IMG_CONTEXT>\n"), extra_special_tokens=named)
    config = transformers.InternVLConfig(
        text_config={"model_type": "qwen2", **text_settings(tokenizer)},
        vision_config={**VISION, "image_size": [SIDE, SIDE], "patch_size": [PATCH, PATCH]},
        image_token_id=tokenizer.convert_tokens_to_ids("<IMG_CONTEXT>"),
        image_seq_length=4,
        tie_word_embeddings=True,
    )
    images = {
        "size": {"height": SIDE, "width": SIDE}, "crop_to_patches": False, "min_patches": 1, "max_patches": 4,
    }  # fmt: skip
    save(folder, transformers.InternVLForConditionalGeneration(config), tokenizer)
    write_processor(folder, "GotOcr2ImageProcessorFast", "InternVLProcessor", images, image_seq_length=4)


def idefics3(folder: Path) -> None:
    _idefics(folder, "Idefics3", {"longest_edge": 2 * SIDE})


def smolvlm(folder: Path) -> None:
    _idefics(folder, "SmolVLM", {"longest_edge": 2 * SIDE})


def _idefics(folder: Path, family: str, size: dict[str, int]) -> None:
    tiles = [f"<row_{row}_col_{column}>" for row in range(1, 7) for column in range(1, 7)]
    special = ["<end_of_utterance>", "<fake_token_around_image>", "<image>", "<global-img>", *tiles]
    vocabulary, merges = byte_level(["<|endoftext|>", "<|im_start|>", "<|im_end|>", *special])
    tokenizer = transformers.GPT2Tokenizer(
        vocab=vocabulary,
        merges=merges,
        bos_token="<|im_start|>",
        eos_token="<end_of_utterance>",
        pad_token="<|im_end|>",
    )
    mark_special(tokenizer, special)
    tokenizer.chat_template = IDEFICS_CHAT
    config = getattr(transformers, f"{family}Config")(
        text_config={"model_type": "llama", **text_settings(tokenizer)},
        vision_config=VISION,
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        scale_factor=2,
        tie_word_embeddings=True,
    )
    images = {"size": size, "max_image_size": {"longest_edge": SIDE}}
    save(folder, getattr(transformers, f"{family}ForConditionalGeneration")(config), tokenizer)
    write_processor(folder, f"{family}ImageProcessor", f"{family}Processor", images, image_seq_len=4)


def gemma3(folder: Path) -> None:
    named = {"boi_token": "<start_of_image>", "eoi_token": "<end_of_image>", "image_token": "<image_soft_token>"}
    turns = ["<start_of_turn>", "<end_of_turn>"]
    plain = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
    vocabulary, merges = byte_fallback([*plain, *turns, *named.values()])
    tokenizer = transformers.GemmaTokenizer(
        vocab=vocabulary, merges=merges, add_bos_token=True, extra_special_tokens=named
    )
    mark_special(tokenizer, turns)
    tokenizer.chat_template = GEMMA_CHAT
    config = transformers.Gemma3Config(
        text_config=text_settings(
            tokenizer, head_dim=16, query_pre_attn_scalar=16, sliding_window=64, layer_types=[
                "sliding_attention", "full_attention"
            ],
        ),
        vision_config=VISION | {"vision_use_head": False},
        mm_tokens_per_image=4,
        boi_token_index=tokenizer.convert_tokens_to_ids("<start_of_image>"),
        eoi_token_index=tokenizer.convert_tokens_to_ids("<end_of_image>"),
        image_token_index=tokenizer.convert_tokens_to_ids("<image_soft_token>"),
        tie_word_embeddings=True,
    )  # fmt: skip
    images = {"size": {"height": SIDE, "width": SIDE}, "do_pan_and_scan": None, "image_seq_length": 4}
    save(folder, transformers.Gemma3ForConditionalGeneration(config), tokenizer)
    write_processor(folder, "Gemma3ImageProcessor", "Gemma3Processor", images, image_seq_length=4)


def llama(folder: Path) -> None:
    """Text alone, as Llama 3: the tokenizer would write the beginning of the text that the template has written."""
    tokenizer = llama_tokenizer()
    save(folder, transformers.LlamaForCausalLM(transformers.LlamaConfig(**text_settings(tokenizer))), tokenizer)


def granite(folder: Path) -> None:
    """Text alone, with logits that are scaled after the head."""
    tokenizer = llama_tokenizer()
    config = transformers.GraniteConfig(**text_settings(tokenizer), logits_scaling=3.0, embedding_multiplier=2.0)
    save(folder, transformers.GraniteForCausalLM(config), tokenizer)


def llama_tokenizer() -> Any:
    special = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
    vocabulary, merges = byte_level(special)
    inner = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    inner.add_special_tokens(special)
    inner.post_processor = processors.TemplateProcessing(
        single="<|begin_of_text|> $A", special_tokens=[("<|begin_of_text|>", vocabulary["<|begin_of_text|>"])]
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner, bos_token="<|begin_of_text|>", eos_token="<|eot_id|>", chat_template=LLAMA_CHAT
    )


def mark_special(tokenizer: Any, tokens: list[str]) -> None:
    tokenizer.add_tokens([AddedToken(token, special=True, normalized=False) for token in tokens], special_tokens=True)


def save(folder: Path, model: Any, tokenizer: Any) -> None:
    torch.manual_seed(0)
    for parameter in model.parameters():
        if parameter.ndim > 1:  # larger than is usual, so that what a model reads matters to what it answers
            torch.nn.init.normal_(parameter, std=parameter.shape[-1] ** -0.5)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def write_processor(folder: Path, image_processor: str, processor: str, images: dict[str, Any], **more: Any) -> None:
    settings = {"image_processor_type": image_processor, "processor_class": processor, **images}
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))
    if more:
        (folder / "processor_config.json").write_text(json.dumps({"processor_class": processor, **more}))


SEEING: dict[str, Callable[[Path], None]] = {
    build.__name__: build
    for build in (qwen2_5_vl, qwen2_vl, qwen3_vl, llava_onevision, internvl, idefics3, smolvlm, gemma3)
}
READING: dict[str, Callable[[Path], None]] = {"llama": llama, "granite": granite}
