"""Writes a small copy of BLINK as the hub lays it out: a folder a configuration, sharded Parquet, a README."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from spillover.tasks.catalogue import find_task
from spillover.tasks.image import encode_png
from spillover.tasks.task import option_letters

IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
SCHEMA = pa.schema(
    [
        ("idx", pa.string()),
        ("question", pa.string()),
        ("sub_task", pa.string()),
        *((f"image_{number}", IMAGE) for number in (1, 2, 3, 4)),
        ("choices", pa.list_(pa.string())),
        ("answer", pa.string()),
        ("prompt", pa.string()),
        ("explanation", pa.string()),
    ]
)


def row(name: str, split: str, number: int) -> dict[str, Any]:
    task = find_task(name)
    letters = option_letters(task.options or 0)
    images = {
        f"image_{place + 1}": {
            "bytes": encode_png(Image.new("RGB", (8 + number, 6), (20 * place, number, 90))),
            "path": None,
        }
        if place < (task.images or 0)
        else None
        for place in range(4)
    }
    return {
        "idx": f"{split}_{name}_{number + 1}",
        "question": f"Question {number}?",
        "sub_task": name,
        **images,
        "choices": [f"choice {letter}" for letter in letters],
        "answer": "hidden" if split == "test" else letters[number % len(letters)],
        "prompt": f"The data's own text of question {number}.\nSelect from the following choices.\n(A) …",
        "explanation": "",
    }


def write_blink(folder: Path, names: tuple[str, ...], examples: int = 3, shards: int = 1) -> Path:
    """Write the validation and test splits of some tasks."""
    configs: list[str] = []
    for name in names:
        (folder / name).mkdir(parents=True, exist_ok=True)
        for split, count in (("val", shards), ("test", 1)):
            rows = [row(name, split, number) for number in range(examples)]
            for shard in range(count):
                part = pa.Table.from_pylist(rows[shard::count], schema=SCHEMA)
                pq.write_table(part, folder / name / f"{split}-{shard:05d}-of-{count:05d}.parquet")
        files = "".join(f"  - split: {split}\n    path: {name}/{split}-*\n" for split in ("val", "test"))
        configs.append(f"- config_name: {name}\n  data_files:\n{files}")
    (folder / "README.md").write_text("---\nconfigs:\n" + "".join(configs) + "---\nA copy.\n")
    return folder
