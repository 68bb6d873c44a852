"""Writes examples as Parquet in BLINK's columns, readable by datasets, pandas and this package."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from spillover.core.files import write_atomically
from spillover.core.prompt import ImageSource
from spillover.tasks.image import EncodedImage, encode_png
from spillover.tasks.task import Example

IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
"""As Hugging Face's datasets stores an image."""


def write_examples(examples: Sequence[Example], task: str, path: Path) -> None:
    """Write examples with their images in one file.

    Args:
        examples: at least one.
        task: goes to the column `sub_task`.
        path: a .parquet file, replaced if it is there.

    Raises:
        StoreError: the file cannot be written.
        TaskError: an image cannot be read.
    """
    pictures = max(len(example.images) for example in examples)
    columns = {
        "idx": pa.array([example.id for example in examples], pa.string()),
        "question": pa.array([example.prompt.split("\n(A)")[0] for example in examples], pa.string()),
        "sub_task": pa.array([task] * len(examples), pa.string()),
        **{f"image_{number + 1}": _images(examples, number) for number in range(pictures)},
        "choices": pa.array([list(example.choices) for example in examples], pa.list_(pa.string())),
        "answer": pa.array([example.answer for example in examples], pa.string()),
        "prompt": pa.array([example.prompt for example in examples], pa.string()),
        "explanation": pa.array([""] * len(examples), pa.string()),
    }
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream, compression="zstd")
    write_atomically(path, stream.getvalue())


def _images(examples: Sequence[Example], number: int) -> pa.Array:
    held = [
        {"bytes": encoded_bytes(example.images[number]), "path": None} if number < len(example.images) else None
        for example in examples
    ]
    return pa.array(held, IMAGE)


def encoded_bytes(image: ImageSource) -> bytes:
    """An image as it is kept in files: its own encoded bytes where it has them, else PNG.

    Raises:
        TaskError: it cannot be read.
    """
    return image.data if isinstance(image, EncodedImage) else encode_png(image.load())
