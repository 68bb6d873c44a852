"""Progress of a study, a line for each running job and one for the whole, or plain lines; and of an import."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from spillover.study.executors.executor import (
    JobEvent,
    JobFailed,
    JobFinished,
    JobKept,
    JobMoved,
    JobProgressed,
    JobStarted,
)


class StudyProgress:
    """Shows what happens to the jobs of a study.

    Args:
        console: where to, usually stderr.
        total: how many jobs there are.
    """

    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        self._total = total
        self._done = 0
        self._bars: dict[str, TaskID] = {}
        self._progress = _bars(console)
        self._whole = self._progress.add_task("jobs", total=total)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def show(self, event: JobEvent) -> None:
        """Show one event."""
        match event:
            case JobStarted(job):
                self._bars[job.key] = self._progress.add_task(job.label, total=None)
            case JobProgressed(job, done, total):
                self._progress.update(self._bars[job.key], completed=done, total=total)
            case JobFinished(job, outcome):
                self._end(job.key, f"done in {outcome.duration_s:.0f} s: {job.label}")
            case JobFailed(job, error):
                self._end(job.key, f"failed: {job.label}: {error.message}")
            case JobMoved(job, error):
                self._end_bar(job.key)
                line = f"to be begun again by another worker: {job.label}: {error.message}"
                self._console.print(line, style="yellow", markup=False, highlight=False, soft_wrap=True)
            case JobKept():  # nothing to see
                pass

    def _end(self, key: str, line: str) -> None:
        self._done += 1
        self._end_bar(key)
        self._progress.update(self._whole, completed=self._done)
        if not self._console.is_terminal:
            self._console.print(f"[{self._done}/{self._total}] {line}", markup=False, highlight=False)

    def _end_bar(self, key: str) -> None:
        if key in self._bars:
            self._progress.remove_task(self._bars.pop(key))


class ImportProgress:
    """Shows on stderr which run is read, how many answers were, and how many runs are left.

    Args:
        runs: how many there are.
        console: where to; by default stderr.
    """

    def __init__(self, runs: int, console: Console | None = None) -> None:
        console = console or Console(stderr=True)
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._runs = self._progress.add_task("runs", total=runs)
        self._begun: set[str] = set()
        self._answers = 0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def tell(self, run: str, answers: int) -> None:
        """Hear of answers that were read."""
        self._begun.add(run)
        self._answers += answers
        text = f"{self._answers:,} answers; {run}"
        self._progress.update(self._runs, completed=len(self._begun) - 1, description=text)


def _bars(console: Console) -> Progress:
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
