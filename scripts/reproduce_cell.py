"""Reproduces one cell of a study without spillover: transformers, PEFT and pyarrow alone.

    python scripts/reproduce_cell.py MODEL ADAPTER EXAMPLES.parquet

MODEL is the base's folder, ADAPTER a folder such as `my-study/adapters/<key>/step-32` ("none" for the base), EXAMPLES
a file in BLINK's columns, as `spillover tasks export my-study TARGET --out EXAMPLES.parquet` writes it. Prints the
answers as JSON, in the file's order: the likeliest letter of the next token, and what the model writes. Batches of
one, no cache: slow, and hard to get wrong.
"""

from __future__ import annotations

import importlib.util
import io
import json
import sys
from typing import Any

import pyarrow.parquet as pq
import torch
from peft import PeftModel
from PIL import Image
from transformers import AutoImageProcessor, AutoModelForImageTextToText, AutoProcessor, AutoTokenizer, GenerationConfig
from transformers import Qwen2_5_VLProcessor as StockProcessor


class ImagesOnly(StockProcessor):
    """The stock processor without its video part, which asks for torchvision."""

    def check_argument_for_proper_class(self, argument_name: str, argument: Any) -> Any:  # noqa: D102
        return None if argument is None else super().check_argument_for_proper_class(argument_name, argument)


def load_processor(model: str) -> Any:
    """Load the processor, with torchvision or without."""
    if importlib.util.find_spec("torchvision"):
        return AutoProcessor.from_pretrained(model)
    tokenizer = AutoTokenizer.from_pretrained(model)
    image_processor = AutoImageProcessor.from_pretrained(model)
    return ImagesOnly(image_processor=image_processor, tokenizer=tokenizer, chat_template=tokenizer.chat_template)


def main(model_path: str, adapter: str, examples: str) -> None:
    """Answer every example."""
    processor = load_processor(model_path)
    model = AutoModelForImageTextToText.from_pretrained(model_path, dtype=torch.float32).eval()
    if adapter != "none":
        model = PeftModel.from_pretrained(model, adapter).eval()
    answers = []
    for row in pq.read_table(examples).to_pylist():
        held = [row[f"image_{number}"] for number in range(1, 5) if row.get(f"image_{number}")]
        images = [Image.open(io.BytesIO(image["bytes"])).convert("RGB") for image in held]
        content = [*({"type": "image"} for _ in images), {"type": "text", "text": row["prompt"]}]
        chat = processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
        letters = [f"({chr(65 + number)})" for number in range(len(row["choices"]))]
        with torch.inference_mode():
            answers.append(
                {
                    "letter": best_letter(model, processor, images, chat, letters),
                    "reply": reply(model, processor, images, chat),
                }
            )
    print(json.dumps(answers))


def best_letter(model: Any, processor: Any, images: list[Image.Image], chat: str, letters: list[str]) -> str:
    """The option whose whole text is likeliest, token by token."""
    scores = []
    for letter in letters:
        asked = processor(images=[images], text=[chat], return_tensors="pt")["input_ids"].shape[1]
        inputs = processor(images=[images], text=[chat + letter], return_tensors="pt")
        logits = model(**inputs).logits[0, asked - 1 : -1]
        tokens = inputs["input_ids"][0, asked:]
        scores.append(torch.log_softmax(logits, -1).gather(1, tokens[:, None]).sum().item())
    return letters[scores.index(max(scores))]


def reply(model: Any, processor: Any, images: list[Image.Image], chat: str) -> str:
    """What the model writes, greedily."""
    inputs = processor(images=[images], text=[chat], return_tensors="pt")
    model.generation_config = GenerationConfig(eos_token_id=model.generation_config.eos_token_id)  # no penalties
    written = model.generate(**inputs, do_sample=False, max_new_tokens=16)
    return processor.tokenizer.decode(written[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
