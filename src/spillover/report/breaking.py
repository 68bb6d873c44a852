"""Names in the tables of a terminal, broken where a reader would break them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.text import Text


@dataclass(frozen=True, slots=True)
class Breakable:
    """Text that is broken after spaces and underscores; within a word only where the word itself does not fit."""

    text: str

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        longest = max(map(cell_len, _words(self.text)), default=0)
        return Measurement(longest, cell_len(self.text)).with_maximum(options.max_width)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text("\n".join(_lines(self.text, options.max_width)), overflow="fold")


def _words(text: str) -> list[str]:
    return re.findall(r"[^\s_]*[\s_]*", text)


def _lines(text: str, width: int) -> Iterator[str]:
    """Fill lines with whole words.

    >>> list(_lines("Functional_Correspondence, Jigsaw", 18))
    ['Functional_', 'Correspondence,', 'Jigsaw']
    """
    line = ""
    for word in _words(text):
        if line and cell_len((line + word).rstrip()) > width:
            yield line.rstrip()
            line = ""
        line += word
    yield line.rstrip()
