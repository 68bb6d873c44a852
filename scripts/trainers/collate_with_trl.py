"""TRL's side of `check_exports.py`, run by a Python that has TRL and torchvision; knows nothing of ours.

Reads the folder of an export from stdin, loads it as `trl sft --config train.yaml` does, and prints what its collator
makes of every row: the text with one mark an image, what of it is learnt, and the images in the order of their places.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml
from transformers import AutoProcessor
from trl import DatasetMixtureConfig, get_dataset
from trl.data_utils import prepare_multimodal_messages
from trl.scripts.utils import DatasetConfig
from trl.trainer.sft_trainer import DataCollatorForVisionLanguageModeling


def describe(row: dict[str, Any], processor: Any, collator: Any) -> dict[str, Any]:
    """What the collator makes of a row."""
    filled = prepare_multimodal_messages(deepcopy(row["prompt"]), images=row["images"])
    images = [part["image"] for turn in filled for part in turn["content"] if part["type"] == "image"]
    batch = collator([deepcopy(row)])
    ids, labels = batch["input_ids"][0], batch["labels"][0]
    return {
        "text": re.sub(r"(<\|image_pad\|>)+", r"\1", processor.tokenizer.decode(ids[batch["attention_mask"][0] == 1])),
        "learnt": processor.tokenizer.decode(ids[labels != -100]),
        "images": [hashlib.sha256(image.convert("RGB").tobytes()).hexdigest() for image in images],
        "pixels": len(batch.get("image_grid_thw", ())),
    }


def main() -> None:
    """Describe every row."""
    given = json.load(sys.stdin)
    os.chdir(given["folder"])
    settings = yaml.safe_load(Path("train.yaml").read_text(encoding="utf-8"))
    datasets = [DatasetConfig(**each) for each in settings["datasets"]]
    rows = get_dataset(DatasetMixtureConfig(datasets=datasets))["train"]
    processor = AutoProcessor.from_pretrained(given["model"])
    collator = DataCollatorForVisionLanguageModeling(
        processor, max_length=settings["max_length"], completion_only_loss=True
    )
    told = [describe(row, processor, collator) for row in rows]
    Path(given["out"]).write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main()
