"""A user's own task: a JSON Lines or Parquet file in BLINK's columns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from pyarrow import ArrowInvalid

from spillover.core.errors import TaskError
from spillover.core.prompt import ImageSource
from spillover.tasks.image import EncodedImage, ImageFile
from spillover.tasks.task import Example, lay_out_prompt, option_letters

MAXIMUM_IMAGES = 64


def read_examples(path: Path, count: int | None = None) -> list[Example]:
    """Read the first examples of a file.

    Columns: `image_1`, `image_2`, … (a path beside the file, or bytes in Parquet), `choices` (list of texts; empty or
    absent for open questions), `answer` ("(A)" for multiple choice), `prompt` (the full text), or `question`, from
    which the prompt is laid out as BLINK's; `idx` optional.

    Args:
        path: a .jsonl or .parquet file.
        count: examples at most; None reads all.

    Raises:
        TaskError: the file or one of its rows is not what it should be; file and line are named.
    """
    examples: list[Example] = []
    seen: dict[str, str] = {}
    for place, row in _rows(path):
        if count is not None and len(examples) >= count:
            break
        example = _example(row, path, place, f"{path.stem}_{len(examples)}")
        if example.id in seen:
            raise TaskError(f"the idx {example.id!r} stands at {seen[example.id]} too", where=place)
        seen[example.id] = place
        examples.append(example)
    if not examples:
        raise TaskError("the file holds no examples", where=str(path))
    return examples


def _rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    readers = {".jsonl": _json_lines, ".parquet": _parquet_rows}
    if path.suffix not in readers:
        raise TaskError(
            f"cannot read a file that ends in {path.suffix!r}", where=str(path), hint="give a .jsonl or a .parquet file"
        )
    try:
        yield from readers[path.suffix](path)
    except OSError as error:
        raise TaskError(f"cannot read the file: {error.strerror or error}", where=str(path)) from error
    except (ArrowInvalid, UnicodeDecodeError) as error:
        raise TaskError(f"the file is broken: {error}", where=str(path)) from error


def _json_lines(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    with path.open(encoding="utf-8") as stream:
        for number, line in enumerate(stream, 1):
            if line.strip():
                yield f"{path}:{number}", _parse_line(line, f"{path}:{number}")


def _parquet_rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    number = 0
    for batch in pq.ParquetFile(path).iter_batches(batch_size=256):
        for row in batch.to_pylist():
            number += 1
            yield f"{path} row {number}", row


def _parse_line(line: str, place: str) -> Mapping[str, Any]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise TaskError(f"this line is no JSON: {error.msg}", where=f"{place} column {error.colno}") from error
    if not isinstance(row, dict):
        raise TaskError("this line is no JSON object", where=place)
    return row


def _example(row: Mapping[str, Any], path: Path, place: str, default_id: str) -> Example:
    choices = tuple(str(choice) for choice in row.get("choices") or ())
    answer = row.get("answer")
    if not isinstance(answer, str) or not answer:
        raise TaskError(
            "the example has no answer", where=place, hint='columns needed: answer ("(A)"), prompt or question'
        )
    letters = option_letters(len(choices))
    if choices and answer not in letters:
        raise TaskError(
            f"the answer {answer!r} is not among the choices", where=place, hint=f"allowed: {', '.join(letters)}"
        )
    text = row.get("prompt") or row.get("question")
    if not isinstance(text, str):
        raise TaskError("the example has neither prompt nor question", where=place)
    prompt = text if row.get("prompt") else lay_out_prompt(text, choices)
    return Example(
        id=str(row.get("idx") or default_id),
        images=tuple(_images(row, path, place)),
        prompt=prompt,
        choices=choices,
        answer=answer,
    )


def _images(row: Mapping[str, Any], path: Path, place: str) -> Iterator[ImageSource]:
    for number in range(1, MAXIMUM_IMAGES + 1):
        match row.get(f"image_{number}"):
            case None:
                continue
            case str(name):
                yield _image_file(name, path, place)
            case bytes(data) | {"bytes": bytes(data)}:
                yield EncodedImage(data, f"{place} image_{number}")
            case {"path": str(name)}:
                yield _image_file(name, path, place)
            case other:
                raise TaskError(f"image_{number} is {type(other).__name__}, neither a path nor bytes", where=place)


def _image_file(name: str, path: Path, place: str) -> ImageFile:
    image = path.parent / name
    if not image.is_file():
        raise TaskError(f"there is no image {name!r}", where=place, hint=f"paths are read from {path.parent}")
    return ImageFile(image)
