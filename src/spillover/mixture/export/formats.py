"""The forms in which trainers read conversations with images; each writer fills a folder and returns its files' names.

LLaMA-Factory: sharegpt rows with `dataset_info.json`. ms-swift: JSON Lines with a `channel`. In both `<image>`
stands where an image belongs. TRL knows no such mark: its turns are lists of texts and images, the answer apart, so
that the loss is of the answer alone. TRL and Hugging Face datasets: Parquet whose images are in the file, with
datasets' own features. Every path is meant from the folder, so that it can be moved; trainers take relative paths from
where they stand, so they are started in it.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, count
from pathlib import Path
from typing import Any, Literal, get_args

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from spillover.core.files import write_atomically
from spillover.core.prompt import Turn
from spillover.mixture.export.rows import Row
from spillover.mixture.problem import MixtureError

Format = Literal["llama-factory", "swift", "trl", "jsonl", "parquet"]
FORMATS: tuple[Format, ...] = get_args(Format)
IMAGES = "images"
"""The folder of the images, where they are files of their own."""
MARK = "<image>"
"""Stands in a text where an image belongs, wherever a turn is a text."""
SPECIAL: dict[Format, tuple[str, ...]] = {
    "llama-factory": (MARK, "<video>", "<audio>"),
    "swift": (MARK, "<video>", "<audio>", "<bbox>", "<ref-object>", "<cot-process>", "<start-image>", "<img>"),
    "trl": (),
    "jsonl": (MARK,),
    "parquet": (MARK,),
}
"""What a trainer would take for something else than text, as LLaMA-Factory 0.9.5 and ms-swift 4.6 are written."""
UNCUT = 131_072
"""Tokens a row that LLaMA-Factory shall leave whole: its own 2,048 are one image of a Qwen2.5-VL at the size that the
evaluation shows, and a cut takes image tokens. Nothing is padded to it."""
LONGEST_NAME = 60
"""Letters of a source's name in that of its file: no more than 255 bytes, whatever the letters."""
TEXT = {"dtype": "string", "_type": "Value"}
PICTURES = [{"_type": "Image"}]
"""These are features as datasets 3 writes them into a Parquet file's metadata, so that it decodes the images; later
releases read them."""
STRING = pa.string()
PART = pa.struct([("type", STRING), ("text", STRING)])
PICTURE = pa.struct([("bytes", pa.binary()), ("path", STRING)])


def write_rows(rows: Sequence[Row], folder: Path, kind: Format) -> list[str]:
    """Write rows in a trainer's format.

    Returns:
        The names of the files, images apart.

    Raises:
        StoreError: a file cannot be written.
        MixtureError: a text holds what the trainer would take for an image or the like.
    """
    for row in rows:
        _refuse_marks(row, SPECIAL[kind])
    return WRITERS[kind](rows, folder)


def _refuse_marks(row: Row, special: Sequence[str]) -> None:
    for mark in special:
        if any(mark in turn.text for turn in row.turns):
            raise MixtureError(
                f"the text of the example {row.example} of {row.source} holds {mark!r}, which the trainer would not "
                "take for text",
                hint="take it out of the data, or choose another --export",
            )


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
    for source, name in _name_apart(row.source for row in rows).items():
        chosen = [row for row in rows if row.source == source]
        file = f"{name}.jsonl"
        _write_lines(folder / file, (_conversation(row) for row in chosen))
        about[name] = {
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
    settings |= {"cutoff_len": UNCUT, "mask_history": True}  # the loss is of the answer alone, as in a study
    write_atomically(folder / "train.yaml", yaml.safe_dump(settings, sort_keys=False))
    return ["dataset_info.json", "train.yaml", *(each["file_name"] for each in about.values())]


def _name_apart(sources: Iterable[str]) -> dict[str, str]:
    """Name each source once for a file and for a list with commas, different ones even where case does not count."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for source in dict.fromkeys(sources):
        plain = re.sub(r"[^\w-]+", "_", source)[:LONGEST_NAME].strip("_") or "source"
        tried = chain([plain], (f"{plain}_{number}" for number in count(2)))
        names[source] = next(name for name in tried if name.casefold() not in taken)
        taken.add(names[source].casefold())
    return names


def _write_parquet(rows: Sequence[Row], folder: Path) -> list[str]:
    columns = [("messages", _list_of_turns(STRING), _feature_of_turns(TEXT))]
    return _write_table(columns, [{"messages": _marked(row.turns)} for row in rows], rows, folder)


def _write_trl(rows: Sequence[Row], folder: Path) -> list[str]:
    file = {"path": "parquet", "data_files": "train.parquet", "split": "train"}  # datasets takes no path of "."
    settings = {"datasets": [file], "max_length": None}
    write_atomically(folder / "train.yaml", yaml.safe_dump(settings, sort_keys=False))
    feature = _feature_of_turns([{"type": TEXT, "text": TEXT}])
    columns = [(name, _list_of_turns(pa.list_(PART)), feature) for name in ("prompt", "completion")]
    values = [{"prompt": _in_parts(row.turns[:-1]), "completion": _in_parts(row.turns[-1:])} for row in rows]
    return [*_write_table(columns, values, rows, folder), "train.yaml"]


def _list_of_turns(content: pa.DataType) -> pa.DataType:
    return pa.list_(pa.struct([("role", STRING), ("content", content)]))


def _feature_of_turns(content: Any) -> list[Any]:
    return [{"role": TEXT, "content": content}]


def _write_table(
    columns: Sequence[tuple[str, pa.DataType, list[Any]]],
    values: Sequence[dict[str, Any]],
    rows: Sequence[Row],
    folder: Path,
) -> list[str]:
    """Write columns of conversations, each with its type and its feature, and beside them images and sources."""
    schema = pa.schema(
        [*((name, kind) for name, kind, _ in columns), ("images", pa.list_(PICTURE)), ("source", STRING)]
    )
    features = {**{name: feature for name, _, feature in columns}, "images": PICTURES, "source": TEXT}
    schema = schema.with_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    pictures = [[{"bytes": image.data, "path": image.name} for image in row.images] for row in rows]
    whole = [
        {**value, "images": images, "source": row.source}
        for value, images, row in zip(values, pictures, rows, strict=True)
    ]
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(whole, schema), stream, compression="zstd", row_group_size=256)
    write_atomically(folder / "train.parquet", stream.getvalue())
    return ["train.parquet"]


def _marked(turns: Sequence[Turn]) -> list[dict[str, str]]:
    return [
        {"role": turn.role, "content": "".join(MARK if part is None else part for part in turn.parts)} for turn in turns
    ]


def _in_parts(turns: Sequence[Turn]) -> list[dict[str, Any]]:
    """Turns as chat templates read them; Arrow gives every part a text, and that of an image is None."""
    return [
        {
            "role": turn.role,
            "content": [
                {"type": "image", "text": None} if part is None else {"type": "text", "text": part}
                for part in turn.parts
            ],
        }
        for turn in turns
    ]


def _conversation(row: Row) -> dict[str, Any]:
    return {"messages": _marked(row.turns), "images": [f"{IMAGES}/{image.name}" for image in row.images]}


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
