"""Examples in rows of BLINK's columns: files of a user's own, prepared training sets, BLINK's Parquet files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from spillover.core.errors import TaskError
from spillover.core.prompt import ImageSource
from spillover.tasks.image import EncodedImage, ImageFile
from spillover.tasks.rows import PlacedRow, Row, read_rows
from spillover.tasks.task import MAXIMUM_CHOICES, Example, lay_out_prompt, option_letters

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
    return collect_examples(read_rows(path), path.parent, path.stem, count)


def collect_examples(rows: Iterable[PlacedRow], folder: Path, name: str, count: int | None) -> list[Example]:
    """Make examples of the first rows.

    Args:
        rows: in BLINK's columns.
        folder: where paths of images begin.
        name: of the whole, for examples without an idx, and for errors.
        count: examples at most; None takes all.

    Raises:
        TaskError: there is no row, a row is not what it should be, or an idx stands twice.
    """
    examples: list[Example] = []
    seen: dict[str, str] = {}
    for place, row in rows:
        if count is not None and len(examples) >= count:
            break
        example = _example(row, folder, place, f"{name}_{len(examples)}")
        if example.id in seen:
            raise TaskError(f"the idx {example.id!r} stands at {seen[example.id]} too", where=place)
        seen[example.id] = place
        examples.append(example)
    if not examples:
        raise TaskError("there are no examples", where=str(folder / name))
    return examples


def _example(row: Row, folder: Path, place: str, default_id: str) -> Example:
    choices = tuple(str(choice) for choice in row.get("choices") or ())
    if len(choices) > MAXIMUM_CHOICES:
        raise TaskError(f"{len(choices)} choices, more than the {MAXIMUM_CHOICES} letters", where=place)
    answer = row.get("answer")
    if not isinstance(answer, str) or not answer:
        raise TaskError(
            "the example has no answer", where=place, hint='columns needed: answer ("(A)"), prompt or question'
        )
    letters = option_letters(len(choices))
    if choices and answer == "hidden":
        raise TaskError(
            "the answer is hidden: this is a test split whose answers its authors keep",
            where=place,
            hint="use the validation split",
        )
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
        images=tuple(_images(row, folder, place)),
        prompt=prompt,
        choices=choices,
        answer=answer,
    )


def _images(row: Row, folder: Path, place: str) -> Iterator[ImageSource]:
    for number in range(1, MAXIMUM_IMAGES + 1):
        held = row.get(f"image_{number}")
        if held is not None:
            yield open_image(held, folder, f"{place} image_{number}")


def open_image(held: object, folder: Path, place: str) -> ImageSource:
    """Open an image as a row holds it: a path, bytes, or either in a struct as `datasets` writes it.

    Raises:
        TaskError: it is something else, or there is no such file.
    """
    match held:
        case str(name):
            return _image_file(name, folder, place)
        case bytes(data) | {"bytes": bytes(data)}:
            return EncodedImage(data, place)
        case {"path": str(name)}:
            return _image_file(name, folder, place)
        case other:
            raise TaskError(f"the image is {type(other).__name__}, neither a path nor bytes", where=place)


def _image_file(name: str, folder: Path, place: str) -> ImageFile:
    image = folder / name
    if not image.is_file():
        raise TaskError(f"there is no image {name!r}", where=place, hint=f"paths are read from {folder}")
    return ImageFile(image)
