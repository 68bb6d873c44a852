"""JSON that others wrote, read with bounds: hostile files end in a clear error, never in a traceback."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spillover.core import json_text
from spillover.core.errors import ImportFileError

LARGEST_DOCUMENT = 128 << 20
"""Bytes of a JSON file that is read as a whole."""
LONGEST_LINE = 32 << 20
"""Bytes of one line of a JSON Lines file; files themselves may be of any size."""
HEAD = 1 << 16
"""Bytes by which a format is recognised."""
CUT_SHORT = "the file may have been cut short, or is no JSON"
COPY_AGAIN = "it may have been damaged or cut short: copy it anew"
WRITE_OR_LEAVE = "write it anew, or leave it out"


def parse_json(data: bytes | str, where: str) -> Any:
    """Parse one JSON text.

    Raises:
        ImportFileError: it is no JSON, not in UTF-8, or nested too deeply.
    """
    try:
        return json_text.parse_json(data, finite=False)  # numbers are looked at where they are asked for
    except UnicodeDecodeError as error:
        raise ImportFileError(f"the text is not UTF-8: {error.reason}", where=where, hint="save it as UTF-8") from error
    except ValueError as error:
        raise ImportFileError(f"no valid JSON: {error}", where=where, hint=CUT_SHORT) from error


def read_document(path: Path) -> Record:
    """Read a JSON file that holds one object.

    Raises:
        ImportFileError: it cannot be read, is too large, or holds something else.
    """
    where = str(path)
    return Record.of(parse_json(read_bounded(path, LARGEST_DOCUMENT), where), where)


def read_bounded(path: Path, limit: int) -> bytes:
    """Read a whole file.

    Raises:
        ImportFileError: it cannot be read or is larger than `limit` bytes.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(limit + 1)
    except OSError as error:
        raise unreadable(path, error) from error
    if len(data) > limit:
        raise ImportFileError(
            f"the file is larger than {limit >> 20} MB, more than is read as one",
            where=str(path),
            hint="give results a task or a run apart, in files of their own",
        )
    return data


def read_head(path: Path) -> str:
    """Read the beginning of a file as text, whatever it is.

    Raises:
        ImportFileError: it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return stream.read(HEAD).decode("utf-8-sig", "replace")
    except OSError as error:
        raise unreadable(path, error) from error


def read_lines(path: Path) -> Iterator[Record]:
    """Read a JSON Lines file one object at a time.

    Raises:
        ImportFileError: the file cannot be read, or a line is too long or is no JSON object; the line is named.
    """
    try:
        with path.open("rb") as stream:
            number = 0
            while line := stream.readline(LONGEST_LINE + 1):
                number += 1
                where = f"{path}:{number}"
                if len(line) > LONGEST_LINE:
                    raise ImportFileError(
                        f"the line is longer than {LONGEST_LINE >> 20} MB",
                        where=where,
                        hint="one sample a line is read: leave out what it holds besides, such as images",
                    )
                if line.strip():
                    yield Record.of(parse_json(line, where), where)
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: OSError) -> ImportFileError:
    """Say why a file cannot be read."""
    return ImportFileError(f"cannot read the file: {error.strerror or error}", where=str(path))


def clean_text(text: str) -> str:
    r"""Replace what no encoding can write (lone surrogates), so that a text can be stored.

    >>> clean_text("a\ud800b")
    'a?b'
    """
    return text.encode("utf-8", "replace").decode("utf-8")


@dataclass(frozen=True, slots=True)
class Record:
    """One JSON object with its place, whose fields are checked as they are asked for."""

    fields: Mapping[str, Any]
    where: str

    @classmethod
    def of(cls, value: Any, where: str) -> Record:
        """Take a value that must be an object.

        Raises:
            ImportFileError: it is something else.
        """
        if not isinstance(value, dict):
            raise ImportFileError(f"a JSON object is expected, not {_kind(value)}", where=where)
        return cls(value, where)

    def __contains__(self, key: str) -> bool:
        return self.fields.get(key) is not None

    def record(self, key: str) -> Record:
        """A field that is an object; an empty one where it is absent."""
        return Record.of(self.fields.get(key) or {}, f"{self.where}, {key}")

    def items(self, key: str) -> list[Any]:
        """A field that is a list; an empty one where it is absent."""
        value = self.fields.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._wrong(key, "a list")
        return value

    def text(self, key: str) -> str | None:
        """A field that is a text; numbers are written out; None where it is absent."""
        value = self.fields.get(key)
        if value is None or isinstance(value, str):
            return value if value is None else clean_text(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._wrong(key, "a text")
        return str(value) if isinstance(value, float) or abs(value) < 10**18 else f"{value:x}"

    def required_text(self, key: str) -> str:
        """A field that must be there."""
        value = self.text(key)
        if value is None:
            raise ImportFileError(
                f"the field {key!r} is missing", where=self.where, hint=f"there are: {self.listing()}"
            )
        return value

    def number(self, key: str) -> float | None:
        """A field that is a finite number, true or false; None where it is absent."""
        value = self.fields.get(key)
        return None if value is None else self.as_number(key, value)

    def as_number(self, key: str, value: Any) -> float:
        """Take a value as a finite number."""
        if not isinstance(value, int | float) or not abs(value) < 1e300 or math.isnan(value):
            raise self._wrong(key, "a finite number")
        return float(value)

    def listing(self) -> str:
        """The fields that are there, a few of them."""
        names = [clean_text(name) for name in self.fields]
        return ", ".join(names[:20]) + (", …" if len(names) > 20 else "")

    def _wrong(self, key: str, wanted: str) -> ImportFileError:
        return ImportFileError(f"{key!r} should be {wanted}, not {_kind(self.fields.get(key))}", where=self.where)


def _kind(value: Any) -> str:
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    return clean_text(repr(value)[:40]) if not isinstance(value, int) or abs(value) < 10**18 else "a huge number"
