"""What happens to each job, in lines that a person reads: `logs/<job key>.txt`, its name first.

Another process reads there how far a running study has come; nothing that is computed rests on it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from spillover.study.executors.executor import (
    JobEvent,
    JobFailed,
    JobFinished,
    JobKept,
    JobMoved,
    JobProgressed,
    JobStarted,
)
from spillover.study.plan import Job

PROGRESS_EVERY_S = 10.0
"""Seconds from one line on a job's progress to the next."""
FAILED, ENDED = "failed: ", "left as it stands: the run has ended"


@dataclass(slots=True)
class JobLog:
    """Writes the lines of the jobs of one run."""

    folder: Path
    """The study's."""
    _running: dict[str, Any] = field(default_factory=dict[str, Any])
    _told: dict[str, float] = field(default_factory=dict[str, float])
    """When each job's progress was last written."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for job in self._running.values():
            self._write(job, ENDED)

    def tell(self, event: JobEvent) -> None:
        """Write down one event."""
        job, now = event.job, time.monotonic()
        match event:
            case JobStarted(worker=worker, process=process, host=host):
                self._running[job.key], self._told[job.key] = job, now
                self._write(job, f"begun by worker {worker}, process {process} on {host}")
            case JobProgressed(done=done, total=total):
                if now - self._told[job.key] >= PROGRESS_EVERY_S:
                    self._told[job.key] = now
                    self._write(job, f"{done} of {total}")
            case JobKept():
                self._write(job, "kept as it stands, to go on from here")
            case JobMoved(error=error):
                self._write(job, f"to be begun again by another worker: {error.message}")
            case JobFinished(result=result):
                self._running.pop(job.key)
                self._write(job, f"done in {result.duration_s:.0f} s")
            case JobFailed(error=error, details=details):
                self._running.pop(job.key, None)
                self._write(job, FAILED + str(error) + (f"\n{details}" if details else ""))

    def _write(self, job: Job, line: str) -> None:
        file = job_log(self.folder, job.key)
        with suppress(OSError):  # a full disk ends the study elsewhere, with advice
            file.parent.mkdir(exist_ok=True)
            heading = "" if file.exists() else f"{job.label}\n"
            with open(file, "a", encoding="utf-8", opener=_open_itself) as stream:
                stream.write(f"{heading}{datetime.now().astimezone().isoformat(' ', 'seconds')} {line}\n")


def _open_itself(file: str, flags: int) -> int:
    """Open a file, but none that it is a link to: a study's folder may be somebody else's, and a log is written to."""
    return os.open(file, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)  # Windows has no such flag


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What was last heard of a job that is not done."""

    job: Any
    said: str
    seconds_ago: float
    failed: bool


def job_log(folder: Path, key: str) -> Path:
    """The file of a job's lines in a study's folder."""
    return folder / "logs" / f"{key}.txt"


def last_heard(folder: Path, jobs: Iterable[Job]) -> dict[str, Heard]:
    """Read what was last heard of pending jobs, by their keys: those that run, and those that have failed.

    A process that was killed says nothing: what it ran seems to run, and was heard of long ago.
    """
    heard: dict[str, Heard] = {}
    for job in jobs:
        file = job_log(folder, job.key)
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
            ago = max(time.time() - file.stat().st_mtime, 0.0)
        except (OSError, UnicodeDecodeError):  # most often it was never begun
            continue
        said = next((line[26:] for line in reversed(lines[1:]) if _is_dated(line)), "")
        if said and said != ENDED:
            failed = said.startswith(FAILED)
            heard[job.key] = Heard(job=job, said=said.removeprefix(FAILED), seconds_ago=ago, failed=failed)
    return heard


def _is_dated(line: str) -> bool:
    """Whether a line begins with a time, as those do that are not of a traceback."""
    try:
        return datetime.fromisoformat(line[:25]).tzinfo is not None
    except ValueError:
        return False
