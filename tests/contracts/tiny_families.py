"""Tiny checkpoints of many model families, with random weights, every class the family's stock one.

Each keeps its family's manner: where images stand, whether they are cut into tiles, what the vision tower's features
look like, which token ends a turn, what stands before an answer, what is done to logits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import transformers
from tests.contracts.tiny_parts import (
    GLM_CHAT,
    HIDDEN,
    IDEFICS_CHAT,
    MISTRAL_CHAT,
    PATCH,
    SIDE,
    VISION,
    beginning_tokenizer,
    byte_level,
    filled,
    finished,
    gemma_tokenizer,
    ids,
    llama_tokenizer,
    llava_tokenizer,
    plain_tokenizer,
    qwen_tokenizer,
    save,
    text_settings,
    write_processor,
)

MERGED = {"patch_size": PATCH, "merge_size": 2, "size": {"shortest_edge": 16 * 16, "longest_edge": 128 * 128}}
"""Images that keep their shape, each token seeing 2 × 2 patches."""
PATCHED = {"depth": 2, "hidden_size": HIDDEN, "intermediate_size": 128, "num_heads": 4, "patch_size": PATCH}
PINPOINTS = [[SIDE, SIDE], [SIDE, 2 * SIDE], [2 * SIDE, SIDE], [2 * SIDE, 2 * SIDE]]
"""The shapes that LLaVA-NeXT and LLaVA-OneVision lay tiles out in."""
ROPE = {"rope_type": "default", "rope_theta": 1e4}


def qwen2_vl(folder: Path) -> None:
    vision = PATCHED | {"embed_dim": HIDDEN}
    _qwen(folder, "Qwen2VL", "Qwen2VLProcessor", vision, rope_parameters={**ROPE, "mrope_section": [2, 3, 3]})


def qwen2_5_vl(folder: Path) -> None:
    vision = PATCHED | {"window_size": 64, "fullatt_block_indexes": [1], "out_hidden_size": HIDDEN}
    _qwen(folder, "Qwen2_5_VL", "Qwen2_5_VLProcessor", vision, rope_parameters={**ROPE, "mrope_section": [2, 3, 3]})


def qwen3_vl(folder: Path) -> None:
    _qwen3(folder, "Qwen3VL", {"depth": 3, "deepstack_visual_indexes": [0, 1]})


def qwen3_vl_moe(folder: Path) -> None:
    """Of experts: their weights are no linear layers, so that LoRA is on the attention alone."""
    experts = {"moe_intermediate_size": 32, "num_experts": 4, "num_experts_per_tok": 2}
    _qwen3(folder, "Qwen3VLMoe", {"depth": 3, "deepstack_visual_indexes": [0, 1]}, **experts)


def qwen3_5(folder: Path) -> None:
    """With linear attention in every other layer."""
    linear = {f"linear_{name}": size for name, size in (("key_head_dim", 16), ("value_head_dim", 16))}
    heads = {"linear_num_key_heads": 2, "linear_num_value_heads": 4}
    _qwen3(folder, "Qwen3_5", {}, layer_types=["linear_attention", "full_attention"], **linear, **heads)


def _qwen3(folder: Path, family: str, vision: dict[str, Any], **text: Any) -> None:
    vision = PATCHED | {"out_hidden_size": HIDDEN, "num_position_embeddings": 64} | vision
    rope = {**ROPE, "mrope_section": [4, 2, 2], "mrope_interleaved": True, "partial_rotary_factor": 1.0}
    _qwen(folder, family, "Qwen3VLProcessor", vision, rope_parameters=rope, head_dim=16, **text)


def _qwen(folder: Path, family: str, processor: str, vision: dict[str, Any], **text: Any) -> None:
    special = ["<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
    begin, end, image, video = special
    tokenizer = qwen_tokenizer(special, begin + image + end)
    config = getattr(transformers, f"{family}Config")(
        text_config=text_settings(tokenizer, **text),
        vision_config=vision,
        tie_word_embeddings=True,
        **ids(tokenizer, image_token_id=image, video_token_id=video),
        **ids(tokenizer, vision_start_token_id=begin, vision_end_token_id=end),
    )
    save(folder, getattr(transformers, f"{family}ForConditionalGeneration")(config), tokenizer)
    write_processor(folder, "Qwen2VLImageProcessor", processor, MERGED)


def glm4v(folder: Path) -> None:
    """Whose template ends a turn with nothing."""
    image = ["<|begin_of_image|>", "<|image|>", "<|end_of_image|>"]
    video = ["<|begin_of_video|>", "<|video|>", "<|end_of_video|>"]
    roles = ["<|user|>", "<|assistant|>", "<|system|>"]
    end = "<|endoftext|>"
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=plain_tokenizer([end, "[gMASK]", "<sop>", *roles, *image, *video]),
        eos_token=end,
        pad_token=end,
        chat_template=filled(GLM_CHAT, IMAGE="".join(image)),
    )
    rope = {**ROPE, "mrope_section": [2, 3, 3], "partial_rotary_factor": 1.0}
    names = ("image_start", "image", "image_end", "video_start", "video", "video_end")
    config = transformers.Glm4vConfig(
        text_config=text_settings(tokenizer, rope_parameters=rope),
        vision_config=PATCHED | {"out_hidden_size": HIDDEN, "image_size": 64},
        tie_word_embeddings=True,
        **ids(tokenizer, **{f"{name}_token_id": token for name, token in zip(names, image + video, strict=True)}),
    )
    save(folder, transformers.Glm4vForConditionalGeneration(config), tokenizer)
    write_processor(folder, "Glm4vImageProcessor", "Glm4vProcessor", MERGED)


def llava(folder: Path) -> None:
    _llava(folder, "Llava", "CLIPImageProcessor", {})


def llava_next(folder: Path) -> None:
    tiles = {"image_grid_pinpoints": PINPOINTS}
    _llava(folder, "LlavaNext", "LlavaNextImageProcessor", tiles, **tiles)


def _llava(folder: Path, family: str, image_processor: str, images: dict[str, Any], **settings: Any) -> None:
    tokenizer = llava_tokenizer()
    config = getattr(transformers, f"{family}Config")(
        text_config={"model_type": "llama", **text_settings(tokenizer)},
        vision_config={"model_type": "clip_vision_model", "projection_dim": 32, **VISION},
        vision_feature_layer=-2,
        vision_feature_select_strategy="default",
        tie_word_embeddings=True,
        **ids(tokenizer, image_token_index="<image>"),
        **settings,
    )
    images = {"size": {"shortest_edge": SIDE}, "crop_size": {"height": SIDE, "width": SIDE}, **images}
    save(folder, getattr(transformers, f"{family}ForConditionalGeneration")(config), tokenizer)
    more = {"patch_size": PATCH, "vision_feature_select_strategy": "default", "num_additional_image_tokens": 1}
    write_processor(folder, image_processor, f"{family}Processor", images, **more)


def llava_onevision(folder: Path) -> None:
    tokenizer = qwen_tokenizer(["<image>", "<video>"], "<image>\n")
    config = transformers.LlavaOnevisionConfig(
        text_config={"model_type": "qwen2", **text_settings(tokenizer)},
        vision_config={"model_type": "siglip_vision_model", "vision_use_head": False, **VISION},
        image_grid_pinpoints=PINPOINTS,
        vision_feature_layer=-1,
        vision_feature_select_strategy="full",
        tie_word_embeddings=True,
        **ids(tokenizer, image_token_id="<image>", video_token_id="<video>"),
    )
    images = {"size": {"height": SIDE, "width": SIDE}, "image_grid_pinpoints": PINPOINTS}
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
    tokenizer = qwen_tokenizer(list(named.values()), "<IMG_CONTEXT>\n", extra_special_tokens=named)
    config = transformers.InternVLConfig(
        text_config={"model_type": "qwen2", **text_settings(tokenizer)},
        vision_config={**VISION, "image_size": [SIDE, SIDE], "patch_size": [PATCH, PATCH]},
        image_seq_length=4,
        tie_word_embeddings=True,
        **ids(tokenizer, image_token_id="<IMG_CONTEXT>"),
    )
    images = {"size": {"height": SIDE, "width": SIDE}, "crop_to_patches": False, "min_patches": 1, "max_patches": 4}
    save(folder, transformers.InternVLForConditionalGeneration(config), tokenizer)
    write_processor(folder, "GotOcr2ImageProcessorFast", "InternVLProcessor", images, image_seq_length=4)


def idefics3(folder: Path) -> None:
    _idefics(folder, "Idefics3")


def smolvlm(folder: Path) -> None:
    _idefics(folder, "SmolVLM")


def _idefics(folder: Path, family: str) -> None:
    tiles = [f"<row_{row}_col_{column}>" for row in range(1, 7) for column in range(1, 7)]
    special = ["<end_of_utterance>", "<fake_token_around_image>", "<image>", "<global-img>", *tiles]
    plain = {"bos_token": "<|im_start|>", "eos_token": special[0], "pad_token": "<|im_end|>"}
    tokenizer = transformers.GPT2Tokenizer(**byte_level(["<|endoftext|>", *plain.values(), *special[1:]]), **plain)
    finished(tokenizer, special, IDEFICS_CHAT)
    config = getattr(transformers, f"{family}Config")(
        text_config={"model_type": "llama", **text_settings(tokenizer)},
        vision_config=VISION,
        scale_factor=2,
        tie_word_embeddings=True,
        **ids(tokenizer, image_token_id="<image>"),
    )
    images = {"size": {"longest_edge": 2 * SIDE}, "max_image_size": {"longest_edge": SIDE}}
    save(folder, getattr(transformers, f"{family}ForConditionalGeneration")(config), tokenizer)
    write_processor(folder, f"{family}ImageProcessor", f"{family}Processor", images, image_seq_len=4)


def gemma3(folder: Path) -> None:
    """Whose image tokens see each other both ways."""
    named = {"boi_token": "<start_of_image>", "eoi_token": "<end_of_image>", "image_token": "<image_soft_token>"}
    tokenizer = gemma_tokenizer("<start_of_turn>", "<end_of_turn>", "<start_of_image>", named)
    windows = {"sliding_window": 64, "layer_types": ["sliding_attention", "full_attention"]}
    config = transformers.Gemma3Config(
        text_config=text_settings(tokenizer, head_dim=16, query_pre_attn_scalar=16, **windows),
        vision_config=VISION | {"vision_use_head": False},
        mm_tokens_per_image=4,
        tie_word_embeddings=True,
        **ids(tokenizer, **{f"{name}_index": token for name, token in named.items()}),
    )
    images = {"size": {"height": SIDE, "width": SIDE}, "do_pan_and_scan": None, "image_seq_length": 4}
    save(folder, transformers.Gemma3ForConditionalGeneration(config), tokenizer)
    write_processor(folder, "Gemma3ImageProcessor", "Gemma3Processor", images, image_seq_length=4)


def gemma4(folder: Path) -> None:
    """With capped logits, and embeddings of its own for every layer."""
    images = {"boi_token": "<|image>", "eoi_token": "<image|>", "image_token": "<|image|>"}
    sounds = {"boa_token": "<|audio>", "eoa_token": "<audio|>", "audio_token": "<|audio|>"}
    tokenizer = gemma_tokenizer("<|turn>", "<turn|>", "<|image|>", images | sounds, more=("<|video|>",))
    windows = {"sliding_window": 64, "layer_types": ["sliding_attention", "full_attention"]}
    own = {"vocab_size_per_layer_input": len(tokenizer), "hidden_size_per_layer_input": 16}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 4, "head_dim": 16}
    named = {f"{name}_id": token for name, token in (images | sounds).items() if name != "eoa_token"}
    config = transformers.Gemma4Config(
        text_config=text_settings(
            tokenizer, head_dim=16, global_head_dim=16, final_logit_softcapping=2.0, **windows, **own
        ),
        vision_config=VISION | heads | {"position_embedding_size": 64, "pooling_kernel_size": 2},
        audio_config=None,
        tie_word_embeddings=True,
        **ids(tokenizer, **named, video_token_id="<|video|>", eoa_token_index="<audio|>"),
    )
    save(folder, transformers.Gemma4ForConditionalGeneration(config), tokenizer)
    pooled = {"patch_size": PATCH, "max_soft_tokens": 70, "pooling_kernel_size": 2}
    write_processor(folder, "Gemma4ImageProcessor", "Gemma4Processor", pooled, image_seq_length=70)


def mistral3(folder: Path) -> None:
    image = {
        f"image{name}_token": f"[IMG{token}]" for name, token in (("", ""), ("_break", "_BREAK"), ("_end", "_END"))
    }
    special = ["<s>", "</s>", "<pad>", "[INST]", "[/INST]", *image.values()]
    tokenizer = beginning_tokenizer(special, pad_token="<pad>", chat_template=MISTRAL_CHAT)
    config = transformers.Mistral3Config(
        text_config={"model_type": "mistral", **text_settings(tokenizer, head_dim=16)},
        vision_config=VISION | {"model_type": "pixtral", "head_dim": 16, "image_size": 64},
        spatial_merge_size=2,
        tie_word_embeddings=True,
        **ids(tokenizer, image_token_index="[IMG]"),
    )
    images = {"size": {"longest_edge": 64}, "patch_size": {"height": PATCH, "width": PATCH}}
    save(folder, transformers.Mistral3ForConditionalGeneration(config), tokenizer)
    more = {"patch_size": PATCH, "spatial_merge_size": 2, **image}
    write_processor(folder, "PixtralImageProcessor", "PixtralProcessor", images, **more)


def mllama(folder: Path) -> None:
    """Which must be told of every token which images it may look at."""
    tokenizer = llama_tokenizer(pad_token="<|eot_id|>")
    config = transformers.MllamaConfig(
        text_config=text_settings(tokenizer, rope_parameters=ROPE, cross_attention_layers=[1]),
        vision_config=VISION
        | {
            "num_global_layers": 1,
            "attention_heads": 4,
            "max_num_tiles": 1,
            "intermediate_layers_indices": [0],
            "supported_aspect_ratios": [[1, 1]],
            "vision_output_dim": 2 * HIDDEN,
        },
        **ids(tokenizer, image_token_index="<|image|>"),
    )
    save(folder, transformers.MllamaForConditionalGeneration(config), tokenizer)
    write_processor(
        folder,
        "MllamaImageProcessor",
        "MllamaProcessor",
        {"size": {"height": SIDE, "width": SIDE}, "max_image_tiles": 1},
    )


def llama(folder: Path) -> None:
    """Text alone."""
    tokenizer = llama_tokenizer()
    save(folder, transformers.LlamaForCausalLM(transformers.LlamaConfig(**text_settings(tokenizer))), tokenizer)


def granite(folder: Path) -> None:
    """Text alone, with logits that are scaled."""
    tokenizer = llama_tokenizer()
    config = transformers.GraniteConfig(**text_settings(tokenizer), logits_scaling=3.0, embedding_multiplier=2.0)
    save(folder, transformers.GraniteForCausalLM(config), tokenizer)


@dataclass(frozen=True, kw_only=True)
class TinyFamily:
    """A family, and what is particular about its tiny checkpoint."""

    build: Callable[[Path], None]
    """Writes it into a folder; its name is the family's."""
    title: str
    """What `docs/models.md` calls the family."""
    end: str = "<|im_end|>"
    """The token that ends a turn."""
    sees: bool = True
    """Whether it takes images."""
    needs: str | None = None
    """A package that its processor does not do without."""
    usual: bool = False
    """Whether it is held to the laws in the default tests, not in the slow ones."""


FAMILIES = {
    each.build.__name__: each
    for each in (
        TinyFamily(build=qwen2_vl, title="Qwen2-VL"),
        TinyFamily(build=qwen2_5_vl, title="Qwen2.5-VL"),
        TinyFamily(build=qwen3_vl, title="Qwen3-VL", usual=True),
        TinyFamily(build=qwen3_vl_moe, title="Qwen3-VL-MoE"),
        TinyFamily(build=qwen3_5, title="Qwen3.5"),
        TinyFamily(build=glm4v, title="GLM-4V", end="<|endoftext|>"),
        TinyFamily(build=llava, title="LLaVA 1.5", end="</s>"),
        TinyFamily(build=llava_next, title="LLaVA-NeXT", end="</s>"),
        TinyFamily(build=llava_onevision, title="LLaVA-OneVision"),
        TinyFamily(build=internvl, title="InternVL"),
        TinyFamily(build=idefics3, title="Idefics3", end="<end_of_utterance>", usual=True),
        TinyFamily(build=smolvlm, title="SmolVLM", end="<end_of_utterance>", needs="num2words"),
        TinyFamily(build=gemma3, title="Gemma 3", end="<end_of_turn>", usual=True),
        TinyFamily(build=gemma4, title="Gemma 4", end="<turn|>"),
        TinyFamily(build=mistral3, title="Mistral 3", end="</s>", needs="torchvision"),
        TinyFamily(build=llama, title="Llama 3", end="<|eot_id|>", sees=False, usual=True),
        TinyFamily(build=granite, title="Granite", end="<|eot_id|>", sees=False),
    )
}
