"""Reads what datasets are made of: lists in JSON and CSV, and photographs, with every fault named."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from PIL import Image

from spillover.core.errors import TaskError
from spillover.core.json_text import parse_json
from spillover.tasks.image import ImageFile
from spillover.tasks.prepare.recipe import SkippedError, Tally

LONGEST_SIDE = 1024
"""Photographs are scaled down to so many pixels, before anything is drawn on them."""
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".ppm", ".bmp", ".thumb"})


def no_dataset(folder: Path, dataset: str, layout: str) -> TaskError:
    """The error of a folder that is not the dataset."""
    reason = "there is no such folder" if not folder.is_dir() else f"this is not {dataset}"
    return TaskError(reason, where=str(folder), hint=f"expected there: {layout}")


def find_one(folder: Path, patterns: Sequence[str]) -> Path | None:
    """The first file, in order of patterns and names, that matches."""
    return next((file for pattern in patterns for file in sorted(folder.glob(pattern)) if file.is_file()), None)


def read_json(path: Path) -> Any:
    """Read a JSON file, compressed or not.

    Raises:
        TaskError: it cannot be read or is broken; half a download, for example.
    """
    try:
        data = path.read_bytes()
        return parse_json(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)
    except (EOFError, gzip.BadGzipFile, ValueError, zlib.error) as error:
        raise TaskError(f"the file is broken: {error}", where=str(path), hint="download it again") from error
    except OSError as error:
        raise TaskError(f"cannot read the file: {error.strerror or error}", where=str(path)) from error


def read_lines(path: Path) -> list[str]:
    """Read a text file's lines.

    Raises:
        TaskError: it cannot be read, or is not UTF-8.
    """
    try:
        with path.open(encoding="utf-8-sig") as stream:  # str.splitlines() would end lines inside texts too
            return [line.removesuffix("\n") for line in stream]
    except UnicodeDecodeError as error:
        raise TaskError(f"the file is not UTF-8 text: {error}", where=str(path)) from error
    except OSError as error:
        raise TaskError(f"cannot read the file: {error.strerror or error}", where=str(path)) from error


def read_csv(path: Path, tally: Tally) -> Iterator[tuple[str, list[str]]]:
    """Read a CSV file, a row a line: so a quote that nothing closes costs its line, and not the rest of the file.

    Yields:
        A row's place and its values; empty lines are left out, and broken ones skipped.

    Raises:
        TaskError: it cannot be read.
    """
    for number, line in enumerate(read_lines(path), 1):
        place = f"{path.name}:{number}"
        try:
            rows = list(csv.reader([line], strict=True))
        except csv.Error as error:
            tally.skip(f"its line is no CSV: {error}", place)
        else:
            yield from ((place, row) for row in rows if row)


def read_table(path: Path, columns: Sequence[str], tally: Tally) -> Iterator[tuple[str, dict[str, str]]]:
    """Read a CSV file with a header; rows with more or fewer values than it are skipped.

    Yields:
        A row's place and its values by column.

    Raises:
        TaskError: it cannot be read, or lacks one of the columns.
    """
    rows = read_csv(path, tally)
    _, header = next(rows, ("", []))
    missing = [column for column in columns if column not in header]
    if missing:
        raise TaskError(
            f"the table has no column {missing[0]!r}", where=str(path), hint=f"needed: {', '.join(columns)}"
        )
    for place, row in rows:
        if len(row) == len(header):
            yield place, dict(zip(header, row, strict=True))
        else:
            tally.skip("its line has not as many values as the header", place)


def as_text(value: Any) -> str:
    """A field that must be a text with something in it.

    Raises:
        TypeError: it is not.
    """
    if not isinstance(value, str) or not value.strip():
        raise TypeError(f"a text is expected, not {value!r:.60}")
    return value


def locate(name: str, folders: Iterable[Path], keep: int = 0) -> Path:
    """Find a file that a list names, below one of the folders.

    Args:
        name: a relative path with slashes; "./" and folders of the list's author may stand before it.
        folders: where it may begin.
        keep: if not 0, the last so many parts are tried too.

    Raises:
        SkippedError: there is none, or the name leads out of the folders.
        OSError: no file could have such a name, or a folder must not be read.
    """
    parts = tuple(part for part in PurePosixPath(name.replace("\\", "/")).parts if part not in (".", "/"))
    if not parts or ".." in parts:
        raise SkippedError("its image's name leads out of the folder")
    tails = [parts, *(parts[-length:] for length in range(min(keep, len(parts)), 0, -1))]
    for folder in folders:
        for tail in tails:
            path = folder.joinpath(*tail)
            if path.is_file():
                return path
    raise SkippedError("its image is missing")


def list_images(folder: Path) -> list[Path]:
    """All image files below a folder, in order."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())


def open_photo(path: Path, *, upright: bool = True) -> tuple[Image.Image, float]:
    """Open a photograph, at most `LONGEST_SIDE` wide and high.

    Args:
        path: the file.
        upright: turn it as its EXIF entry says. What has coordinates is used as it is stored: they were measured there.

    Returns:
        The image, and the factor by which it was scaled (at most 1).

    Raises:
        TaskError: it cannot be read, or is broken.
    """
    return fit(ImageFile(path).load(upright=upright))


def open_measured(path: Path, size: tuple[int, int]) -> tuple[Image.Image, float, float]:
    """Open a photograph, as it is stored, whose list gives its width and height in pixels.

    Returns:
        The image, and the factors from the list's coordinates to its own, across and down.

    Raises:
        SkippedError: it has not the list's proportions: it was turned or cut, or is another image.
        TaskError: it cannot be read, or is broken.
    """
    image, _ = open_photo(path, upright=False)
    width, height = size
    # a scaled copy may be off by half a pixel each way, and by as much again when it is scaled here
    if width < 1 or height < 1 or abs(image.width * height - image.height * width) > width + height:
        raise SkippedError("its image has not the width and height of the list")
    return image, image.width / width, image.height / height


def fit(image: Image.Image, longest: int = LONGEST_SIDE) -> tuple[Image.Image, float]:
    """Scale an image down so that no side is longer.

    Returns:
        The image, and the factor by which it was scaled.
    """
    scale = min(1.0, longest / max(image.size))
    if scale == 1.0:
        return image, scale
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS), scale
