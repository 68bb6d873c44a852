"""LLaMA-Factory's side of `check_exports.py`, run by a Python that has it and torchvision; knows nothing of ours.

Reads the folder of an export from stdin, loads it as `llamafactory-cli train train.yaml` does, and prints what its
loader makes of every row: the text with one mark an image, what of it is learnt, and the images in order.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import yaml
from llamafactory.data.loader import get_dataset
from llamafactory.data.template import get_template_and_fix_tokenizer
from llamafactory.hparams import DataArguments, ModelArguments
from PIL import Image
from transformers import AutoProcessor, Seq2SeqTrainingArguments

LEARNT_NOT = -100


def describe(row: dict[str, Any], tokenizer: Any) -> dict[str, Any]:
    """What the loader makes of a row."""
    learnt = [token for token in row["labels"] if token != LEARNT_NOT]
    images = [Image.open(place if isinstance(place, str) else place["path"]) for place in row["images"] or ()]
    return {
        "text": re.sub(r"(<\|image_pad\|>)+", r"\1", tokenizer.decode(row["input_ids"])),
        "learnt": tokenizer.decode(learnt),
        "images": [hashlib.sha256(image.convert("RGB").tobytes()).hexdigest() for image in images],
        "pixels": len(images),
    }


def main() -> None:
    """Describe every row."""
    given = json.load(sys.stdin)
    os.chdir(given["folder"])
    settings = yaml.safe_load(Path("train.yaml").read_text(encoding="utf-8"))
    data = DataArguments(template="qwen2_vl", overwrite_cache=True, **settings)
    processor = AutoProcessor.from_pretrained(given["model"])
    model = ModelArguments(model_name_or_path=given["model"])
    for name, value in vars(model).items():  # as its patcher does, whose imports ask for a TRL of years ago
        if name.startswith("image_"):
            setattr(processor, name, value)
    training = Seq2SeqTrainingArguments(output_dir="out", use_cpu=True)
    template = get_template_and_fix_tokenizer(processor.tokenizer, data)
    loaded = get_dataset(template, model, data, training, "sft", processor.tokenizer, processor)
    told = [describe(row, processor.tokenizer) for row in loaded["train_dataset"]]
    Path(given["out"]).write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main()
