"""What becomes of standard streams that cannot be written: a full disk, a reader that has left, a closed descriptor.

Progress and advice on stderr are lost, which must end nothing. Data on stdout are what the command was given for.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO, cast


class OutputError(Exception):
    """Stdout cannot be written; it is no OSError, so that nobody between takes it for one of a file.

    Args:
        reason: the operating system's word.
        reader_left: whether what reads it has had enough, as `head` has.
    """

    def __init__(self, reason: str, *, reader_left: bool) -> None:
        self.reader_left = reader_left
        super().__init__(f"cannot write to stdout: {reason}")


class _Watched:
    """A text stream that leads nowhere once it has failed, so that Python does not complain of it at its end."""

    def __init__(self, stream: TextIO, *, carries_data: bool) -> None:
        self._stream = stream
        self._carries_data = carries_data

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError as error:
            self._lead_nowhere(error)
            return len(text)

    def writelines(self, lines: list[str]) -> None:
        self.write("".join(lines))

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            self._lead_nowhere(error)

    def _lead_nowhere(self, error: OSError) -> None:
        with suppress(OSError):  # of a test's stream, which has no descriptor
            _fill(self._stream.fileno())
        if self._carries_data:
            reader_left = isinstance(error, BrokenPipeError)
            raise OutputError(error.strerror or "it is closed", reader_left=reader_left) from error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def watched_streams() -> Generator[None]:
    """Write to stdout and stderr through what tells their failures from all others.

    Stdout raises `OutputError` where it cannot be written, and once it is asked to `flush`; stderr loses what it cannot
    show.
    """
    before = sys.stdout, sys.stderr
    sys.stdout = cast("TextIO", _Watched(before[0] or _closed(1), carries_data=True))
    sys.stderr = cast("TextIO", _Watched(before[1] or _closed(2), carries_data=False))
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def _closed(descriptor: int) -> TextIO:
    """Stand in for a stream that was closed before Python began, as `>&-` does: it is none then."""
    _fill(descriptor)  # or the next file that is opened would stand there, and take what libraries print
    return Path(os.devnull).open("r" if descriptor == 1 else "w")  # data are refused, advice is lost


def _fill(descriptor: int) -> None:
    """Let a descriptor lead nowhere, in processes that are started later as well."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    if nowhere != descriptor:
        os.dup2(nowhere, descriptor)
        os.close(nowhere)
    else:
        os.set_inheritable(descriptor, True)
