"""What happens to each job, in lines that a person reads: `logs/<job key>.txt`, its name first.

Another process reads there how far a running study has come; nothing that is computed rests on it.
"""

from __future__ import annotations

import os
import re
import socket
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from spillover.core.files import read_text
from spillover.core.printable import printable
from spillover.study.executors.executor import (
    JobEvent,
    JobFailed,
    JobFinished,
    JobKept,
    JobMoved,
    JobProgressed,
    JobStarted,
)
from spillover.study.executors.queue import NEED_HAS_FAILED
from spillover.study.plan import Job

PROGRESS_EVERY_S = 10.0
"""Seconds from one line on a job's progress to the next."""
SILENT_AFTER_S = 1800.0
"""Seconds without a line after which a driver that cannot be looked for may be gone: loading a base takes minutes."""
FAILED, DONE, ENDED = "failed: ", "done in ", "left as it stands: the run has ended"
DRIVER = "driver: process {process} on {host}"
BEGUN = re.compile(r"begun by .*; driver: process (\d{1,9}) on (.*?)(?:, since \d{1,20} ticks after boot)?")
"""The driver's number and its machine; earlier versions told more."""
CLOCKS_DIFFER_S = 2.0
"""Seconds that a line's time, which has whole ones, and the age of a process, by another clock, may be apart."""


@dataclass(slots=True)
class JobLog:
    """Writes the lines of the jobs of one run."""

    folder: Path
    """The study's."""
    _running: dict[str, Any] = field(default_factory=dict[str, Any])
    _begun: dict[str, float] = field(default_factory=dict[str, float])
    _told: dict[str, float] = field(default_factory=dict[str, float])
    """When each job's progress was last written."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for job in self._running.values():
            self.say(job, ENDED)

    def tell(self, event: JobEvent) -> None:
        """Write down one event."""
        job, now = event.job, time.monotonic()
        match event:
            case JobStarted(worker=worker, process=process, host=host):
                self._running[job.key], self._told[job.key] = job, now
                self._begun.setdefault(job.key, now)
                driver = DRIVER.format(process=os.getpid(), host=socket.gethostname())
                self.say(job, f"begun by worker {worker}, process {process} on {host}; {driver}")
            case JobProgressed(done=done, total=total):
                if now - self._told[job.key] >= PROGRESS_EVERY_S:
                    self._told[job.key] = now
                    self.say(job, f"{done} of {total}")
            case JobKept():
                self.say(job, "kept as it stands, to go on from here")
            case JobMoved(error=error):
                self.say(job, f"to be begun again by another worker: {error.message}")
            case JobFinished(result=result):
                self._running.pop(job.key)
                self.say(job, say_done(now - self._begun[job.key], result.duration_s))
            case JobFailed(error=error, details=details):
                self._running.pop(job.key, None)
                self.say(job, FAILED + str(error) + (f"\n{details}" if details else ""))

    def say(self, job: Job, line: str) -> None:
        """Write a line on a job."""
        file = job_log(self.folder, job.key)
        with suppress(OSError):  # a full disk ends the study elsewhere, with advice
            file.parent.mkdir(exist_ok=True)
            heading = "" if file.exists() else f"{job.label}\n"
            with open(file, "a", encoding="utf-8", opener=_open_itself) as stream:
                stream.write(f"{heading}{datetime.now().astimezone().isoformat(' ', 'seconds')} {line}\n")


def say_done(seconds: float, at_work_s: float) -> str:
    """Say how long a job took since it was begun, and of that at work: its worker may have had to start first.

    >>> say_done(43.2, 12.4), say_done(12.6, 12.4)
    ('done in 43 s, 12 s of it at work', 'done in 12 s')
    """
    if seconds - at_work_s < 1:  # it may even be less, where it is heard late that a job was begun
        return f"{DONE}{at_work_s:.0f} s"
    return f"{DONE}{seconds:.0f} s, {at_work_s:.0f} s of it at work"


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
    damaged: bool
    """Whether it was done, so that its result is damaged or gone."""
    process: int
    """The driver's that began it; 0 where none did, as of a job that cannot be done since another has failed."""
    host: str
    """Where that process runs."""
    begun_at: float = 0.0
    """When that process began it last, in seconds of `time.time`; 0 where none did."""

    @property
    def has_ended(self) -> bool:
        """Whether its driver is gone for certain."""
        return not self.failed and self.host == socket.gethostname() and not _is_alive(self.process, self.begun_at)

    @property
    def is_lost(self) -> bool:
        """Whether it was not heard of for so long that its driver may be gone, or is."""
        return self.has_ended or (not self.failed and self.seconds_ago > SILENT_AFTER_S)


def job_log(folder: Path, key: str) -> Path:
    """The file of a job's lines in a study's folder."""
    return folder / "logs" / f"{key}.txt"


def last_heard(folder: Path, jobs: Iterable[Job]) -> dict[str, Heard]:
    """Read what was last heard of pending jobs, by their keys: those that run, have failed, or were done before.

    A process that was killed says nothing: see `Heard.is_lost`. A job that has failed because another had is left out
    when that one is not failed any more.
    """
    heard: dict[str, Heard] = {}
    for job in jobs:
        file = job_log(folder, job.key)
        try:
            lines = read_text(file).splitlines()
            ago = max(time.time() - file.stat().st_mtime, 0.0)
        except (OSError, UnicodeDecodeError):  # most often it was never begun
            continue
        dated = [(when, line[26:]) for line in reversed(lines[1:]) if (when := _time_of(line)) is not None]
        said = dated[0][1] if dated else ""
        if said and said != ENDED:
            found = ((when, BEGUN.fullmatch(line)) for when, line in dated)
            begun_at, begun = next((each for each in found if each[1]), (0.0, None))
            heard[job.key] = Heard(
                job=job,
                said=printable(said.removeprefix(FAILED)),
                seconds_ago=ago,
                failed=said.startswith(FAILED),
                damaged=said.startswith(DONE),
                process=int(begun[1]) if begun else 0,
                host=printable(begun[2]) if begun else "",
                begun_at=begun_at,
            )
    failed = {key for key, each in heard.items() if each.failed}
    return {
        key: each
        for key, each in heard.items()
        if not (each.failed and each.said == NEED_HAS_FAILED and failed.isdisjoint(each.job.needs))
    }


def _is_alive(process: int, since: float) -> bool:
    """Whether a process runs that was there at a time; a younger one has been given the number of one that is gone."""
    if os.name == "nt":  # where this signal is no question
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is there, and somebody else's
        pass
    age = _age_s(process)
    return age is None or age > time.time() - since - CLOCKS_DIFFER_S


def _age_s(process: int) -> float | None:
    """How long ago a process began, as Linux tells it: field 22 of proc_pid_stat(5); None elsewhere."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    ticks = int(stat.rpartition(")")[2].split()[19])  # the second field is the program's name, and may hold anything
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


def _time_of(line: str) -> float | None:
    """The time that a line begins with, in seconds of `time.time`; None of lines of a traceback, which have none."""
    try:
        when = datetime.fromisoformat(line[:25])
    except ValueError:
        return None
    return when.timestamp() if when.tzinfo else None
