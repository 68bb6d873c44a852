"""Progress of a study: a line for each running job and one for the whole, or plain lines."""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import TaskID

from spillover.cli.waiting import Bars, say
from spillover.study.executors.executor import (
    JobEvent,
    JobFailed,
    JobFinished,
    JobKept,
    JobMoved,
    JobProgressed,
    JobStarted,
)
from spillover.study.job_log import say_done
from spillover.study.plan import Finetune

TOLD_EVERY_S = 600.0
"""Seconds from one line on a running job to the next, where no terminal shows it all the time."""


class StudyProgress(Bars):
    """Shows what happens to the jobs of a study: bars on a terminal, elsewhere lines with date and time.

    Args:
        console: where to, usually stderr.
        total: how many jobs there are.
    """

    def __init__(self, console: Console, total: int) -> None:
        super().__init__(console)
        self._console = console
        self._total = total
        self._done = 0
        self._bars: dict[str, TaskID] = {}
        self._begun: dict[str, float] = {}
        self._told: dict[str, float] = {}
        """When a line was last printed of each job."""
        self._whole = self._progress.add_task("jobs", total=total)

    def show(self, event: JobEvent) -> None:
        """Show one event."""
        now = time.monotonic()
        match event:
            case JobStarted(job):
                self._bars[job.key] = self._progress.add_task(job.label, total=None)
                self._told[job.key] = now
                self._begun.setdefault(job.key, now)
                self._line(f"begun: {job.label}")
            case JobProgressed(job, done, total):
                self._progress.update(self._bars[job.key], completed=done, total=total)
                if now - self._told[job.key] >= TOLD_EVERY_S:
                    self._told[job.key] = now
                    self._line(f"{'step' if isinstance(job, Finetune) else 'example'} {done} of {total}: {job.label}")
            case JobFinished(job, outcome):
                self._end(job.key, f"{say_done(now - self._begun[job.key], outcome.duration_s)}: {job.label}")
            case JobFailed(job, error):
                self._end(job.key, f"failed: {job.label}: {error.message}")
            case JobMoved(job, error):
                self._end_bar(job.key)
                say(self._console, f"to be begun again by another worker: {job.label}: {error.message}", style="yellow")
            case JobKept():  # nothing to see
                pass

    def _end(self, key: str, line: str) -> None:
        self._done += 1
        self._end_bar(key)
        self._progress.update(self._whole, completed=self._done)
        self._line(f"[{self._done}/{self._total}] {line}")

    def _end_bar(self, key: str) -> None:
        if key in self._bars:
            self._progress.remove_task(self._bars.pop(key))

    def _line(self, line: str) -> None:
        if not self._console.is_terminal:
            say(self._console, line)
