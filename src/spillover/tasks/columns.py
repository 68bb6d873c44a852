"""Which columns of a file are read, and which are left though they look as if they were meant to be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from string import ascii_uppercase

from spillover.tasks.conversations import is_conversation
from spillover.tasks.files import IMAGE_COLUMNS
from spillover.tasks.rows import read_rows
from spillover.tasks.settings import Columns

ROWS = 100
"""Rows that are looked at."""
OF_QUESTIONS = ("idx", "prompt", "question", "choices", "answer", *IMAGE_COLUMNS)
OF_CONVERSATIONS = ("idx", "messages", "conversations", "prompt", "completion", *IMAGE_COLUMNS)
USUAL = {
    "choices": ("options", "option", "candidates"),
    "images": ("file_name", "img", "img_path", "image_path", "picture"),
}
"""What others call columns without which a question is another one, but can be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnUse:
    """What becomes of a file's columns."""

    read: tuple[str, ...]
    left: tuple[str, ...]
    """Not read."""
    mistaken: dict[str, str]
    """By what it should be called: the columns that are probably meant, as `--column` takes them."""


def use_of_columns(path: Path, columns: Columns) -> ColumnUse:
    """Say what becomes of the columns of a file's first rows.

    Raises:
        TaskError: the file cannot be read.
    """
    rows = [row for _, row in islice(read_rows(path), ROWS)]
    names = dict.fromkeys(name for row in rows for name in row)
    said = columns.model_dump(exclude_defaults=True)
    named = {name for given in said.values() for name in ((given,) if isinstance(given, str) else given)}
    usual = OF_CONVERSATIONS if any(map(is_conversation, rows)) else OF_QUESTIONS
    replaced = {*said, *(IMAGE_COLUMNS if "images" in said else ())}
    read = [name for name in names if name in named or (name in usual and name not in replaced)]
    left = [name for name in names if name not in read]
    held = {*said, *read, *({"images"} if not set(IMAGE_COLUMNS).isdisjoint(read) else ())}
    mistaken = dict(_mistaken(left, held)) if usual is OF_QUESTIONS else {}
    return ColumnUse(read=tuple(read), left=tuple(left), mistaken=mistaken)


def _mistaken(left: list[str], held: set[str]) -> Iterator[tuple[str, str]]:
    lettered = [letter for place, letter in enumerate(ascii_uppercase) if set(ascii_uppercase[: place + 1]) <= {*left}]
    for key, usual in USUAL.items():
        if key in held:
            continue
        if found := [name for name in left if name in usual]:
            yield key, found[0]
        elif key == "choices" and len(lettered) > 1:
            yield key, ",".join(lettered)
