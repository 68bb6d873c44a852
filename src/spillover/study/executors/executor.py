"""What a study asks of any executor: run these jobs, in an order that respects what each needs, and tell how it goes.

Executors know nothing of models or tasks: a job has a key and needs, and a worker is a callable.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from spillover.core.errors import SpilloverError

ASK_EVERY_S = 0.5
"""Seconds until an executor asks again whether to stop, while nothing happens."""


class RunnableJob(Protocol):
    """A job as executors see it."""

    @property
    def key(self) -> str:
        """Unique among the jobs."""
        ...

    @property
    def needs(self) -> tuple[str, ...]:
        """Keys of jobs that must be done before; those that are not among the jobs count as done."""
        ...


class Report(Protocol):
    """How a worker tells of the job that it does."""

    def __call__(self, done: int, total: int) -> None:
        """Tell what is done of it, and how much there is."""
        ...

    def keep(self, state: bytes) -> None:
        """Hand over what the job could go on from, in place of what was handed over before."""
        ...

    @property
    def stopping(self) -> bool:
        """Whether the run is to end: hand over what the job could go on from, and raise `JobStopped`."""
        ...


class JobStopped(Exception):  # noqa: N818 (it is no error)
    """Raised by a worker that leaves its job as it stands, since it was asked to; it is neither done nor failed."""


Worker = Callable[[Any, Any, Report], Any]
"""`worker(job, input, report)` does a job and returns its result."""
StartWorker = Callable[[str], Worker]
"""`start_worker(device)` makes a worker inside its process; it must be picklable, and what it returns need not be."""


@dataclass(frozen=True, slots=True)
class JobStarted:
    """A worker has taken a job; told again by the next one, where a job has moved."""

    job: Any
    """Its `label` names it, here and in the other events."""
    worker: int
    """The number of its place among the run's workers."""
    process: int
    """Its process id, on its host."""
    host: str
    """The machine's name."""


@dataclass(frozen=True, slots=True)
class JobProgressed:
    """A job has come so far."""

    job: Any
    done: int
    """Steps of a finetune, examples of an evaluation."""
    total: int
    """How many there are of them."""


@dataclass(frozen=True, slots=True)
class JobKept:
    """A job that goes on has handed over what it could go on from."""

    job: Any
    state: bytes
    """Opaque: what the worker's job reads again."""


@dataclass(frozen=True, slots=True)
class JobMoved:
    """A job has lost its worker, and will be begun again by another, from what it has kept."""

    job: Any
    error: SpilloverError


@dataclass(frozen=True, slots=True)
class JobFinished:
    """A job is done; jobs that need it start only after this event was taken."""

    job: Any
    result: Any


@dataclass(frozen=True, slots=True)
class JobFailed:
    """A job has failed, or cannot be done since one that it needs has; the others go on."""

    job: Any
    error: SpilloverError
    details: str | None = None
    """The traceback, where the fault is ours."""


JobEvent = JobStarted | JobProgressed | JobKept | JobMoved | JobFinished | JobFailed
"""What can happen to a job; each event has it as `job`."""


def internal_fault(error: Exception) -> SpilloverError:
    """Sum up, for the driver, an error that nobody foresaw; its traceback goes beside it."""
    return SpilloverError(f"internal error: {type(error).__name__}: {error}")


def never() -> bool:
    """Do not stop."""
    return False


class Executor(Protocol):
    """Runs jobs."""

    def run(
        self,
        jobs: Sequence[Any],
        start_worker: StartWorker,
        input_of: Callable[[Any], Any],
        stop: Callable[[], bool] = never,
    ) -> Generator[JobEvent]:
        """Run every job once, those that it needs before it.

        Args:
            jobs: `RunnableJob`s, preferred order first.
            start_worker: makes a worker in each process.
            input_of: gives a job's input when it is about to start, after all that it needs has finished.
            stop: asked again and again; once it is true no job is begun, those that run may hand over what they can go
                on from, and when they have the iteration ends.

        Yields:
            What happens, as it happens. Closing the iteration stops all work at once.
        """
        ...
