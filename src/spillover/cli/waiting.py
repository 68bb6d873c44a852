"""What is said while a command takes its time, and how far an import has come."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from spillover.core.printable import printable

PATIENCE_S = 3.0
"""Seconds in which nobody wonders whether anything happens."""
ANALYSING = "analysing: seconds for a study of 13 tasks, minutes for one of hundreds"


def say(console: Console, line: str, style: str | None = None) -> None:
    """Print a line with the date and time, whole: in the log of a batch system nobody sees how wide it is."""
    now = datetime.now().astimezone()
    text = f"{now:%Y-%m-%d %H:%M:%S} {line}"
    console.print(printable(text), style=style, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def sign_of_life(console: Console, doing: str) -> Generator[None]:
    """Say what is being done: on a terminal while it is, elsewhere in a line once it has taken more than 3 s."""
    if console.is_terminal:
        with console.status(Text(doing)):
            yield
        return
    line = threading.Timer(PATIENCE_S, say, (console, doing))
    line.daemon = True
    line.start()
    try:
        yield
    finally:
        line.cancel()


class Bars:
    """Bars that are shown while it is entered, on a terminal alone.

    Args:
        console: where to, usually stderr.
    """

    def __init__(self, console: Console) -> None:
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._progress.disable:  # Rich before 14.3 would print an empty line
            self._progress.stop()


class ImportProgress(Bars):
    """Shows which run is read, how many answers were, and how many runs are left.

    Args:
        runs: how many there are.
        console: where to; by default stderr.
    """

    def __init__(self, runs: int, console: Console | None = None) -> None:
        super().__init__(console or Console(stderr=True))
        self._runs = self._progress.add_task("runs", total=runs)
        self._begun: set[str] = set()
        self._answers = 0

    def tell(self, run: str, answers: int) -> None:
        """Hear of answers that were read."""
        self._begun.add(run)
        self._answers += answers
        text = f"{self._answers:,} answers; {run}"
        self._progress.update(self._runs, completed=len(self._begun) - 1, description=text)
