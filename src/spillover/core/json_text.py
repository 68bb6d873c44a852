"""JSON that others wrote: whatever is wrong with it is one kind of error, and nothing in it surprises later on."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")
"""How an escape begins that stands for half of a character, and may lack the other half."""


def parse_json(data: bytes | str, *, finite: bool = True) -> Any:
    r"""Parse one JSON text.

    Args:
        data: bytes are UTF-8, with a byte order mark or without.
        finite: refuse NaN and infinity, which JSON does not have and Python reads.

    Raises:
        ValueError: it is no JSON, not in UTF-8, nested too deeply, or holds half of a character (a lone surrogate),
            which no file could be written with.

    >>> parse_json(b'{"a": 1e999}')
    Traceback (most recent call last):
    ...
    ValueError: 1e999 is no finite number
    """
    text = data.decode("utf-8-sig") if isinstance(data, bytes) else data
    try:
        value = (STRICT if finite else LOOSE).decode(text)
        if HALF_CHARACTER.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    except UnicodeEncodeError as error:
        raise ValueError("a text holds half of a character, as if it had been cut (a lone surrogate)") from error
    return value


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no finite number")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse(text)


STRICT, LOOSE = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite), json.JSONDecoder()
"""Made once: a file of lines is parsed one by one."""
