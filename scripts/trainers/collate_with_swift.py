"""ms-swift's side of `check_exports.py`, run by a Python that has it and torchvision; knows nothing of ours.

Reads the folder of an export from stdin, loads it as `swift sft --dataset train.jsonl` does, and prints what its
template makes of every row: the text with one mark an image, what of it is learnt, and the images in order.
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

from PIL import Image
from swift.dataset import load_dataset
from swift.model import get_processor
from swift.template import get_template

LEARNT_NOT = -100


def describe(row: dict[str, Any], template: Any) -> dict[str, Any]:
    """What the template makes of a row."""
    encoded = template.encode(deepcopy(row))
    learnt = [token for token in encoded["labels"] if token != LEARNT_NOT]
    images = [Image.open(image["path"]) for image in row.get("images") or ()]
    return {
        "text": re.sub(r"(<\|image_pad\|>)+", r"\1", template.tokenizer.decode(encoded["input_ids"])),
        "learnt": template.tokenizer.decode(learnt),
        "images": [hashlib.sha256(image.convert("RGB").tobytes()).hexdigest() for image in images],
        "pixels": len(encoded.get("image_grid_thw", ())),
    }


def main() -> None:
    """Describe every row."""
    given = json.load(sys.stdin)
    os.chdir(given["folder"])
    rows, _ = load_dataset("train.jsonl")
    processor = get_processor(given["model"], model_type="qwen2_5_vl")
    template = get_template(processor, template_type="qwen2_5_vl", loss_scale="last_round")
    template.set_mode("train")
    told = [describe(row, template) for row in rows]
    Path(given["out"]).write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main()
