"""The forms in which trainers read conversations with images; each writer fills a folder and returns its files' names.

LLaMA-Factory: sharegpt rows with `dataset_info.json`. ms-swift: JSON Lines with a `channel`. TRL and Hugging Face
datasets: Parquet whose images are in the file, with datasets' own features. Every path is meant from the folder, so
that it can be moved; trainers take relative paths from where they stand, so they are started in it.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from spillover.core.files import write_atomically
from spillover.mixture.export.rows import Row

Format = Literal["llama-factory", "swift", "trl", "jsonl", "parquet"]
FORMATS: tuple[Format, ...] = get_args(Format)
IMAGES = "images"
"""The folder of the images, where they are files of their own."""
TEXT = {"dtype": "string", "_type": "Value"}
FEATURES: dict[str, Any] = {
    "messages": [{"role": TEXT, "content": TEXT}],
    "images": [{"_type": "Image"}],
    "source": TEXT,
}
"""As datasets 3 writes them into a Parquet file's metadata, so that it decodes the images; later releases read them."""


def write_rows(rows: Sequence[Row], folder: Path, kind: Format) -> list[str]:
    """Write rows in a trainer's format.

    Returns:
        The names of the files, images apart.

    Raises:
        StoreError: a file cannot be written.
    """
    return WRITERS[kind](rows, folder)


def _write_jsonl(rows: Sequence[Row], folder: Path) -> list[str]:
    _write_images(rows, folder)
    _write_lines(folder / "train.jsonl", ({**_conversation(row), "source": row.source} for row in rows))
    return ["train.jsonl"]


def _write_swift(rows: Sequence[Row], folder: Path) -> list[str]:
    _write_images(rows, folder)
    _write_lines(folder / "train.jsonl", ({**_conversation(row), "channel": row.source} for row in rows))
    return ["train.jsonl"]


def _write_llama_factory(rows: Sequence[Row], folder: Path) -> list[str]:
    _write_images(rows, folder)
    about: dict[str, Any] = {}
    for number, source in enumerate(dict.fromkeys(row.source for row in rows)):
        chosen = [row for row in rows if row.source == source]
        file = f"source_{number}.jsonl"
        _write_lines(folder / file, (_conversation(row) for row in chosen))
        about[f"spillover_{number}"] = {
            "file_name": file,
            "formatting": "sharegpt",
            "columns": {"messages": "messages", "images": "images"},
            "tags": {
                "role_tag": "role",
                "content_tag": "content",
                "user_tag": "user",
                "assistant_tag": "assistant",
                "system_tag": "system",
            },
            "num_samples": len(chosen),
        }
    write_atomically(folder / "dataset_info.json", json.dumps(about, indent=1))
    settings = {"dataset_dir": ".", "media_dir": ".", "dataset": ",".join(about), "mix_strategy": "concat"}
    write_atomically(folder / "train.yaml", yaml.safe_dump(settings, sort_keys=False))
    return ["dataset_info.json", "train.yaml", *(each["file_name"] for each in about.values())]


def _write_parquet(rows: Sequence[Row], folder: Path) -> list[str]:
    held = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    said = pa.struct([("role", pa.string()), ("content", pa.string())])
    schema = pa.schema([("messages", pa.list_(said)), ("images", pa.list_(held)), ("source", pa.string())])
    schema = schema.with_metadata({"huggingface": json.dumps({"info": {"features": FEATURES}})})
    values = [
        {
            "messages": list(row.messages),
            "images": [{"bytes": image.data, "path": image.name} for image in row.images],
            "source": row.source,
        }
        for row in rows
    ]
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(values, schema), stream, compression="zstd", row_group_size=256)
    write_atomically(folder / "train.parquet", stream.getvalue())
    return ["train.parquet"]


def _write_trl(rows: Sequence[Row], folder: Path) -> list[str]:
    file = {"path": "parquet", "data_files": "train.parquet", "split": "train"}  # datasets takes no path of "."
    settings = {"datasets": [file], "max_length": None}
    write_atomically(folder / "train.yaml", yaml.safe_dump(settings, sort_keys=False))
    return [*_write_parquet(rows, folder), "train.yaml"]


def _conversation(row: Row) -> dict[str, Any]:
    return {"messages": list(row.messages), "images": [f"{IMAGES}/{image.name}" for image in row.images]}


def _write_lines(file: Path, values: Iterable[dict[str, Any]]) -> None:
    write_atomically(file, "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values))


def _write_images(rows: Sequence[Row], folder: Path) -> None:
    for name, data in {image.name: image.data for row in rows for image in row.images}.items():
        write_atomically(folder / IMAGES / name, data)


WRITERS: dict[Format, Callable[[Sequence[Row], Path], list[str]]] = {
    "llama-factory": _write_llama_factory,
    "swift": _write_swift,
    "trl": _write_trl,
    "jsonl": _write_jsonl,
    "parquet": _write_parquet,
}
