"""What both sides of the engine's benchmark are given: a checkpoint, questions, adapters."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer, Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

from spillover.core.prompt import Prompt
from spillover.models.base import Base, load_base
from spillover.models.encoding import encode_prompts
from spillover.models.finetuning import finetune
from spillover.models.settings import ModelSettings, TrainingSettings
from spillover.models.tiny import CHECKPOINT
from spillover.tasks.perception.suite import Split, draw_examples

DIFFICULTY = 0.5
"""Of the scenes, as in the demo."""
PATCH_PIXELS = 14
"""Of the mid-size model, as in Qwen2.5-VL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A study's evaluation, as plain files and questions."""

    model: ModelSettings
    tasks: list[list[Prompt]]
    adapters: list[Path]
    """Folders in PEFT's format."""

    @property
    def pairs(self) -> int:
        """Adapter × example."""
        return len(self.adapters) * sum(map(len, self.tasks))

    def part(self, adapters: int, tasks: int) -> Workload:
        """So many adapters on the first so many tasks; where there are too few, the same come again."""
        folders = [self.adapters[index % len(self.adapters)] for index in range(adapters)]
        return Workload(model=self.model, tasks=self.tasks[:tasks], adapters=folders)


def draw_tasks(
    names: Sequence[str], count: int, examples: int, split: Split = "validation", *, size: int | None = None
) -> list[list[Prompt]]:
    """Draw the questions of so many tasks: those named, and the same again with other seeds.

    Args:
        names: of the suite's tasks.
        count: of tasks.
        examples: of each.
        split: which of their examples.
        size: width and height of the images at most, pixels; None for what the tiny model sees.
    """
    return [_draw(names[index % len(names)], index // len(names), examples, split, size) for index in range(count)]


def _draw(name: str, seed: int, examples: int, split: Split, size: int | None) -> list[Prompt]:
    drawn = draw_examples(name, split, seed=seed, size=size, difficulty=DIFFICULTY)
    return [example.as_prompt() for example in islice(drawn, examples)]


def make_adapters(
    model: ModelSettings, sources: Sequence[Sequence[Prompt]], settings: TrainingSettings, folder: Path
) -> list[Path]:
    """Finetune an adapter on each source, and write them as PEFT does."""
    base = load_base(model)
    return [_make_adapter(base, source, settings, folder / str(seed), seed) for seed, source in enumerate(sources)]


def _make_adapter(base: Base, source: Sequence[Prompt], settings: TrainingSettings, folder: Path, seed: int) -> Path:
    files = finetune(base, encode_prompts(base, source), settings, seed).adapters[settings.steps]
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def build_midsize(folder: Path, layers: int = 14) -> Path:
    """Write a checkpoint of 112 million random parameters, if it has all layers, with the tiny model's tokenizer.

    The vision tower's share of the arithmetic is as in Qwen2.5-VL-3B, where each token of an image costs the tower
    (four patches) about as much as the language model: 0.9 times there and here.
    """
    tokenizer = AutoTokenizer.from_pretrained(CHECKPOINT)
    tiny = json.loads((CHECKPOINT / "config.json").read_text())
    text = {
        **tiny["text_config"],
        "hidden_size": 768,
        "intermediate_size": 2048,
        "num_hidden_layers": layers,
        "layer_types": ["full_attention"] * layers,
        "num_attention_heads": 12,
        "num_key_value_heads": 2,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [8, 12, 12]},
    }
    vision = {
        **tiny["vision_config"],
        "depth": 6,
        "hidden_size": 512,
        "intermediate_size": 1408,
        "num_heads": 8,
        "patch_size": PATCH_PIXELS,
        "window_size": 112,
        "fullatt_block_indexes": [2, 5],
        "out_hidden_size": 768,
    }
    values: dict[str, Any] = {**tiny, "text_config": text, "vision_config": vision, "dtype": "float32"}
    config = Qwen2_5_VLConfig(**values)
    torch.manual_seed(0)
    Qwen2_5_VLForConditionalGeneration(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    side = 2 * PATCH_PIXELS
    processor = json.loads((CHECKPOINT / "preprocessor_config.json").read_text())
    processor |= {"patch_size": PATCH_PIXELS, "size": {"shortest_edge": 4 * side**2, "longest_edge": 1280 * side**2}}
    (folder / "preprocessor_config.json").write_text(json.dumps(processor))
    for name in ("chat_template.jinja", "generation_config.json"):
        shutil.copy(CHECKPOINT / name, folder)
    return folder
