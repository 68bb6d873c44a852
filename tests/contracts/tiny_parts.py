"""What tiny checkpoints are made of: tokenizers, chat templates, sizes, and files like those of the hub."""

from __future__ import annotations

import json
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
VISION = {
    "hidden_size": HIDDEN,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "image_size": SIDE,
    "patch_size": PATCH,
}


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


# chat templates: our own, in each family's manner

CHATML = """\
{%- for turn in messages -%}
{{- '<|im_start|>' + turn.role + '\\n' -}}
{%- for part in turn.content -%}{{- IMAGE if part.type == 'image' else part.text -}}{%- endfor -%}
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
LLAVA_CHAT = """\
{%- for turn in messages -%}
{{- turn.role.upper() + ': ' -}}
{%- for part in turn.content -%}{{- '<image>\\n' if part.type == 'image' else part.text -}}{%- endfor -%}
{{- ' ' if turn.role == 'user' else eos_token -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- 'ASSISTANT:' -}}{%- endif -%}
"""
GEMMA_CHAT = """\
{{- bos_token -}}
{%- for turn in messages -%}
{{- BEGIN + ('model' if turn.role == 'assistant' else turn.role) + '\\n' -}}
{%- for part in turn.content -%}{{- IMAGE if part.type == 'image' else part.text -}}{%- endfor -%}
{{- END + '\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- BEGIN + 'model\\n' -}}{%- endif -%}
"""
GLM_CHAT = """\
{{- '[gMASK]<sop>' -}}
{%- for turn in messages -%}
{{- '<|' + turn.role + '|>\\n' -}}
{%- for part in turn.content -%}{{- IMAGE if part.type == 'image' else part.text -}}{%- endfor -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|assistant|>\\n' -}}{%- endif -%}
"""
MISTRAL_CHAT = """\
{{- bos_token -}}
{%- for turn in messages -%}
{{- '[INST]' if turn.role == 'user' -}}
{%- for part in turn.content -%}{{- '[IMG]' if part.type == 'image' else part.text -}}{%- endfor -%}
{{- '[/INST]' if turn.role == 'user' else eos_token -}}
{%- endfor -%}
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


def filled(template: str, **tokens: str) -> str:
    for name, token in tokens.items():
        template = template.replace(name, repr(token))
    return template


# tokenizers


def byte_level(special: list[str]) -> dict[str, Any]:
    """Vocabulary and merges of a byte-level BPE, as Qwen, Llama 3 and SmolLM have them."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return trained(tokenizer, special, sorted(pre_tokenizers.ByteLevel.alphabet()))


def byte_fallback(special: list[str]) -> dict[str, Any]:
    """Vocabulary and merges of a BPE over characters, a space being ▁, as Gemma and Llama 2 have them."""
    tokenizer = Tokenizer(models.BPE(byte_fallback=True))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split("▁", behavior="merged_with_next")
    return trained(tokenizer, [*special, *(f"<0x{byte:02X}>" for byte in range(256))], [])


def trained(tokenizer: Tokenizer, special: list[str], alphabet: list[str]) -> dict[str, Any]:
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    return {"vocab": model["vocab"], "merges": [tuple(merge) for merge in model["merges"]]}


def qwen_tokenizer(special: list[str], image: str, **more: Any) -> Any:
    turns = ["<|im_start|>", "<|im_end|>"]
    tokenizer = transformers.Qwen2Tokenizer(
        **byte_level(["<|endoftext|>", *turns, *special]), eos_token="<|im_end|>", pad_token="<|endoftext|>", **more
    )
    return finished(tokenizer, [*turns, *special], filled(CHATML, IMAGE=image))


def gemma_tokenizer(begin: str, end: str, image: str, named: dict[str, str], more: tuple[str, ...] = ()) -> Any:
    plain = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
    special = [begin, end, *more]
    tokenizer = transformers.GemmaTokenizer(
        **byte_fallback([*plain, *special, *named.values()]), add_bos_token=True, extra_special_tokens=named
    )
    return finished(tokenizer, special, filled(GEMMA_CHAT, BEGIN=begin, END=end, IMAGE=image))


def llava_tokenizer() -> Any:
    special = ["<unk>", "<s>", "</s>", "<pad>", "<image>"]
    tokenizer = transformers.LlamaTokenizer(**byte_fallback(special), pad_token="<pad>")
    return finished(tokenizer, ["<image>"], LLAVA_CHAT)


def llama_tokenizer(**more: Any) -> Any:
    """As Llama 3's."""
    named = ["<|begin_of_text|>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>", "<|image|>"]
    return beginning_tokenizer(named, chat_template=LLAMA_CHAT, **more)


def beginning_tokenizer(special: list[str], **more: Any) -> Any:
    """It would write the beginning of the text once more, which the template has written.

    Args:
        special: the tokens of the beginning and of the end, then others.
        more: further settings.
    """
    begin, end, *_ = special
    inner = plain_tokenizer(special)
    inner.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A", special_tokens=[(begin, inner.token_to_id(begin))]
    )
    return transformers.PreTrainedTokenizerFast(tokenizer_object=inner, bos_token=begin, eos_token=end, **more)


def plain_tokenizer(special: list[str]) -> Tokenizer:
    inner = Tokenizer(models.BPE(**byte_level(special)))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    inner.add_special_tokens(special)
    return inner


def finished(tokenizer: Any, special: list[str], template: str) -> Any:
    added = [AddedToken(token, special=True, normalized=False) for token in special]
    tokenizer.add_tokens(added, special_tokens=True)
    tokenizer.chat_template = template
    return tokenizer


def ids(tokenizer: Any, **tokens: str) -> dict[str, int]:
    return {name: tokenizer.convert_tokens_to_ids(token) for name, token in tokens.items()}


# files


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
