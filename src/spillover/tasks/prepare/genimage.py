"""Forensic_Detection from a folder of real and generated images: one real among three generated.

Three layouts: `real/` and `fake/`; GenImage's `nature/` and `ai/` (Zhu et al., NeurIPS 2023, arXiv 2306.08571); and
Defactify's Parquet files with `Image`, `Caption`, `Label_A` (0 real, 1 generated). All four images of a question are
cut and scaled to one size and encoded alike, so that neither resolution nor compression gives the answer away.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from spillover.core.errors import TaskError
from spillover.tasks.catalogue import find_task
from spillover.tasks.image import ImageFile, decode_image
from spillover.tasks.prepare.reading import list_images, no_dataset
from spillover.tasks.prepare.recipe import Material, Question, Recipe, SkippedError, Tally
from spillover.tasks.rows import no_parquet

LAYOUT = "real/ and fake/, or nature/ and ai/ (GenImage), or Parquet files with Image and Label_A (Defactify)"
TEXT = "Three of these four images were made by an image generator, and one is a photograph. Which is the photograph?"
CHOICES = ("the first image", "the second image", "the third image", "the fourth image")
REAL, FAKE = ("real", "nature"), ("fake", "ai")
LARGEST, SMALLEST = 512, 128
"""Side of the square that all four images are cut to, pixels."""

Picture = tuple[str, Callable[[], Image.Image]]
"""A name, and what loads it."""


def _open(folder: Path, tally: Tally) -> Material:
    parquet = sorted(folder.rglob("*.parquet"))
    real, fake = _from_parquet(parquet, tally) if parquet else (_below(folder, REAL), _below(folder, FAKE))
    if not real or len(fake) < 3:
        raise no_dataset(folder, "a folder of real and generated images, three generated at least", LAYOUT)
    return Material([name for name, _ in real], lambda index, rng: _pose(real[index], fake, rng))


def _below(folder: Path, names: tuple[str, ...]) -> list[Picture]:
    """Images in folders of these names, wherever below; validation and test folders are left out."""
    files = [
        file
        for file in list_images(folder)
        if (parts := {part.lower() for part in file.relative_to(folder).parent.parts}) & set(names)
        and not parts & {"val", "valid", "validation", "test"}
    ]
    return [(file.relative_to(folder).as_posix(), ImageFile(file).load) for file in files]


def _from_parquet(files: list[Path], tally: Tally) -> tuple[list[Picture], list[Picture]]:
    sides: tuple[list[Picture], list[Picture]] = ([], [])
    for file in files:
        if file.name.startswith(("val", "test")):
            continue
        for name, label, load in _labelled(file):
            if isinstance(label, int | float) and label in (0, 1):
                sides[int(label)].append((name, load))
            else:
                tally.skip("it is labelled neither real nor generated", name)
    return sides


def _labelled(file: Path) -> list[tuple[str, Any, Callable[[], Image.Image]]]:
    with _parquet(file) as stored:
        for column in ("Image", "Label_A"):
            if column not in stored.schema_arrow.names:
                raise TaskError(f"the file has no column {column!r}", where=str(file), hint=f"expected: {LAYOUT}")
        groups = [stored.read_row_group(group, ["Label_A"]).column(0) for group in range(stored.num_row_groups)]
    return [
        (f"{file.name} group {group} row {row}", label, lambda group=group, row=row: _decode(file, group, row))
        for group, labels in enumerate(groups)
        for row, label in enumerate(labels.to_pylist())
    ]


def _decode(file: Path, group: int, row: int) -> Image.Image:
    held = _row_group(file, group)[row].as_py()
    return decode_image(held["bytes"] if isinstance(held, dict) else held, f"{file} group {group} row {row}")


@lru_cache(maxsize=8)
def _row_group(file: Path, group: int) -> pa.ChunkedArray:
    with _parquet(file) as stored:
        return stored.read_row_group(group, ["Image"]).column(0)


@contextmanager
def _parquet(file: Path) -> Generator[pq.ParquetFile]:
    """Open a Parquet file; where it cannot be read, at the start or inside, a TaskError says why."""
    try:
        with pq.ParquetFile(file) as stored:
            yield stored
    except pa.ArrowException as error:
        raise no_parquet(file, error) from error
    except OSError as error:
        raise TaskError(f"cannot read the file: {error.strerror or error}", where=str(file)) from error


def _pose(real: Picture, fake: list[Picture], rng: np.random.Generator) -> Question:
    drawn = [fake[int(place)] for place in rng.choice(len(fake), size=3, replace=False)]
    correct = int(rng.integers(4))
    drawn.insert(correct, real)
    images = [load() for _, load in drawn]
    side = min(LARGEST, *(min(image.size) for image in images))
    if side < SMALLEST:
        raise SkippedError(f"one of the images is smaller than {SMALLEST} pixels")
    squares = tuple(_square(image, side) for image in images)
    return Question(images=squares, text=TEXT, choices=CHOICES, correct=correct)


def _square(image: Image.Image, side: int) -> Image.Image:
    """The middle of an image, scaled to a square: every image of a question is resampled once, by the same filter."""
    short = min(image.size)
    left, top = (image.width - short) // 2, (image.height - short) // 2
    middle = image.crop((left, top, left + short, top + short))
    return middle.resize((side, side), Image.Resampling.LANCZOS)


RECIPE = Recipe(
    task=find_task("Forensic_Detection"),
    dataset="real and generated images",
    split="all but val and test",
    layout=LAYOUT,
    open=_open,
)
