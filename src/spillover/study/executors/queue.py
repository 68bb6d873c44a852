"""Jobs that wait for a worker, or for other jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from spillover.core.errors import SpilloverError
from spillover.study.executors.executor import JobEvent, JobFailed, JobMoved

MAXIMUM_TRIES = 3
"""A job whose workers vanish so often is given up: it may be what ends them."""
NEED_HAS_FAILED = "a job that it needs has failed"


@dataclass(slots=True)
class JobQueue:
    """Jobs that wait, and keys of those that others wait for."""

    waiting: list[Any]
    unfinished: set[str] = field(default_factory=set[str])
    lost: dict[str, int] = field(default_factory=dict[str, int])
    """How many workers have vanished over a job."""

    def take(self, prefer: Callable[[Any], bool] = lambda _: True) -> Any:
        """Take the first preferred job whose needs are done, or else the first; None where all must wait."""
        ready = (job for job in self.waiting if not self.unfinished.intersection(job.needs))
        first = next(ready, None)
        chosen = first if first is None or prefer(first) else next(filter(prefer, ready), first)
        if chosen is not None:
            self.waiting.remove(chosen)
        return chosen

    def lose(self, job: Any, error: SpilloverError) -> Iterator[JobEvent]:
        """Let a job whose worker has vanished be taken by the next that is free, unless it was tried often enough."""
        self.lost[job.key] = self.lost.get(job.key, 0) + 1
        if self.lost[job.key] < MAXIMUM_TRIES:
            self.waiting.insert(0, job)
            yield JobMoved(job, error)
        else:
            message = f"{error.message}; it was tried {MAXIMUM_TRIES} times"
            yield from self.fail(job, SpilloverError(message, hint=error.hint))

    def fail(self, job: Any, error: SpilloverError, details: str | None = None) -> Iterator[JobFailed]:
        """Tell of a job that has failed, and drop every job that can no longer be done."""
        yield JobFailed(job, error, details)
        for dropped in self._drop_dependents(job):
            yield JobFailed(dropped, SpilloverError(NEED_HAS_FAILED))

    def _drop_dependents(self, failed: Any) -> Iterator[Any]:
        for job in [job for job in self.waiting if failed.key in job.needs]:
            if job in self.waiting:
                self.waiting.remove(job)
                yield job
                yield from self._drop_dependents(job)
