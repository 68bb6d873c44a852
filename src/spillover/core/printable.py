"""Texts that others wrote, on their way to a terminal: what would move its cursor, or worse, is refused or replaced."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
"""Characters that a terminal acts upon (C0, DEL and C1 of ISO/IEC 6429); no name needs one."""


def find_control(names: Iterable[str]) -> str | None:
    r"""The first name in which a control character stands; None where all are clean.

    >>> find_control(["Jigsaw", "\x1b[2J"])
    '\x1b[2J'
    """
    return next((name for name in names if CONTROL.search(name)), None)


def texts_in(value: Any) -> Iterator[str]:
    """Every text of plain values, as YAML and JSON have them: of mappings the keys as well.

    >>> list(texts_in({"a": ["b", 1]}))
    ['a', 'b']
    """
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from texts_in([*value, *value.values()])
    elif isinstance(value, list | tuple):
        for each in value:
            yield from texts_in(each)


def printable(text: str) -> str:
    r"""Replace what is no visible character; lines and tabs stay.

    >>> printable("\x1b[2Ja\nb")
    '�[2Ja\nb'
    """
    return "".join(letter if letter.isprintable() or letter in "\n\t" else "�" for letter in text)
