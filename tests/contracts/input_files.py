"""Miniatures of everything that spillover is given to read; other tools' results are in `result_files.py`.

`broken_inputs.py` breaks them.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from PIL import Image
from safetensors.numpy import save_file

from spillover.core.prompt import Turn
from spillover.mixture.export.formats import write_rows
from spillover.mixture.export.rows import ExportedImage, Row
from spillover.models.tiny import CHECKPOINT
from spillover.study.reading import load_study

STUDY: dict[str, Any] = {
    "name": "mine",
    "models": [{"path": "tiny", "name": "small", "precision": "float32"}],
    "tasks": [
        {"kind": "perception", "names": ["Relative_Depth", "Counting"], "examples": 4, "seed": 1},
        {"kind": "files", "name": "Own", "train": "own.jsonl", "validation": "own.jsonl"},
    ],
    "sources": ["Own", "Relative_Depth"],
    "targets": "all",
    "controls": [{"kind": "shuffled", "sources": ["Own"]}],
    "seeds": [0, 1],
    "training": {"examples": 4, "epochs": 1, "learning_rate": 0.003, "lora": {"rank": 4, "alpha": 8}},
    "evaluation": {"protocols": ["letters", "generate"], "limit": 4},
    "analysis": {"ceiling": 1, "replicates": 20, "permutations": 5},
    "output": "results",
}


def picture(number: int, size: int = 12) -> Image.Image:
    pixels = np.random.default_rng(number).integers(0, 256, (size, size, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def rows() -> list[dict[str, Any]]:
    """Four questions."""
    return [
        {
            "idx": f"own_{number}",
            "question": f"Which is {number}?",
            "choices": ["left", "right", "neither"],
            "answer": f"({'ABC'[number % 3]})",
            "image_1": f"{number}.png",
        }
        for number in range(4)
    ]


def write_pictures(folder: Path) -> None:
    for number in range(4):
        picture(number).save(folder / f"{number}.png")


def write_lines(file: Path, values: list[dict[str, Any]]) -> None:
    file.write_text("".join(json.dumps(value) + "\n" for value in values))


def write_questions(folder: Path) -> None:
    write_pictures(folder)
    write_lines(folder / "own.jsonl", rows())


def write_list(folder: Path) -> None:
    write_pictures(folder)
    (folder / "own.json").write_text(json.dumps(rows(), indent=1))


def write_parquet(folder: Path) -> None:
    held = [
        {**row, "image_1": {"bytes": _encoded(picture(number), "PNG"), "path": None}}
        for number, row in enumerate(rows())
    ]
    pq.write_table(pa.Table.from_pylist(held), folder / "own.parquet")


def write_conversations(folder: Path) -> None:
    write_pictures(folder)
    said = [
        {
            "messages": [
                {"role": "system", "content": "Answer."},
                {"role": "user", "content": f"<image>What is {number}?"},
                {"role": "assistant", "content": f"It is {number}."},
            ],
            "images": [f"{number}.png"],
        }
        for number in range(4)
    ]
    write_lines(folder / "own.jsonl", said)


def write_export(folder: Path) -> None:
    """What `mix --export parquet` writes, given back as a task."""
    exported = [
        Row(
            source="Own",
            example=f"own_{number}",
            turns=(
                Turn(role="user", text=f"Which is {number}?", image_places=(0,)),
                Turn(role="assistant", text="(A)"),
            ),
            images=(ExportedImage(name=f"{number}.png", data=_encoded(picture(number), "PNG")),),
        )
        for number in range(4)
    ]
    (name,) = write_rows(exported, folder, "parquet")
    (folder / name).rename(folder / "own.parquet")


def write_photographs(folder: Path) -> None:
    """A question about an image in each of several formats."""
    for number, kind in enumerate(("PNG", "JPEG", "WEBP", "GIF")):
        (folder / f"{number}.png").write_bytes(_encoded(picture(number, 40), kind))
    write_lines(folder / "own.jsonl", rows())


def write_study(folder: Path) -> None:
    write_questions(folder)
    (folder / "study.yaml").write_text(yaml.safe_dump(STUDY, sort_keys=False))


def write_mixture(folder: Path) -> None:
    write_questions(folder)
    mixture = {
        "schema": 2,
        "settings": {"seed": 3, "measure": "raw"},
        "sources": [{"source": "Own", "examples": 3}, {"source": "Counting", "examples": 5}],
        "effects": [{"task": "Counting", "predicted": 0.25, "low": 0.125, "high": 0.5, "promised": None}],
    }
    (folder / "mixture.json").write_text(json.dumps(mixture, indent=1))
    (folder / "study.yaml").write_text(
        yaml.safe_dump(STUDY | {"sources": [{"mixture": "mixture.json"}], "controls": []})
    )


LORA = {
    "peft_type": "LORA",
    "task_type": "CAUSAL_LM",
    "base_model_name_or_path": "tiny",
    "r": 4,
    "lora_alpha": 8,
    "lora_dropout": 0.0,
    "bias": "none",
    "target_modules": ["q_proj"],
    "layers_to_transform": [0],
    "layers_pattern": "language_model.layers",
}
LAYER = "base_model.model.model.language_model.layers.0.self_attn.q_proj"


def write_adapter(folder: Path) -> None:
    (folder / "adapter").mkdir()
    (folder / "adapter" / "adapter_config.json").write_text(json.dumps(LORA, indent=1))
    rng = np.random.default_rng(0)
    tensors = {f"{LAYER}.lora_A.weight": (4, 128), f"{LAYER}.lora_B.weight": (128, 4)}
    save_file(
        {name: rng.normal(size=shape).astype(np.float32) for name, shape in tensors.items()},
        folder / "adapter" / "adapter_model.safetensors",
    )
    changes = {
        "tasks": STUDY["tasks"][:1],
        "sources": [{"adapters": {"Given": "adapter"}}],
        "controls": [],
        "seeds": [0],
    }
    (folder / "study.yaml").write_text(yaml.safe_dump(STUDY | changes))


def write_model(folder: Path) -> None:
    (folder / "model").mkdir()
    for file in CHECKPOINT.iterdir():
        if file.is_file():
            (folder / "model" / file.name).write_bytes(file.read_bytes())
    changes = {
        "models": [{"path": "./model", "precision": "float32"}],
        "tasks": STUDY["tasks"][:1],
        "sources": "all",
        "controls": [],
    }
    (folder / "study.yaml").write_text(yaml.safe_dump(STUDY | changes))


def write_results(folder: Path) -> None:
    """A study's folder, with made-up answers."""
    from tests.unit.study.made_up import record_evaluations

    from spillover.study.preparing import prepare

    write_study(folder)
    prepared = prepare(load_study(folder / "study.yaml"))
    prepared.store.begin(prepared.plan)
    record_evaluations(prepared.store, prepared.plan)


def _encoded(image: Image.Image, kind: str) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind)
    return stream.getvalue()
