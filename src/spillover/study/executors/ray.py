"""Runs jobs on a Ray cluster: a laptop's cores, several GPUs, or many machines that share no disk.

Workers are actors that keep what they have loaded. A job's input and result travel through Ray's object store; only the
driver reads and writes the study's folder. Everything that a worker says of its job comes to the driver in order, as
the answers to one question asked again and again; so a worker that vanishes is noticed at once, and its job begun again
elsewhere, from what it has handed over last.
"""

from __future__ import annotations

import logging
import os
import queue
import signal
import socket
import threading
import time
import traceback
from collections.abc import Callable, Generator, Hashable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import ray
from ray.exceptions import RayError

from spillover.core.errors import SpilloverError
from spillover.study.executors.executor import (
    JobEvent,
    JobFinished,
    JobKept,
    JobMoved,
    JobProgressed,
    JobStarted,
    JobStopped,
    StartWorker,
    Worker,
    never,
)
from spillover.study.executors.queue import JobQueue

log = logging.getLogger(__name__)

MAXIMUM_TRIES = 3
"""A job whose workers vanish so often is given up, and so is a place where no worker lives to take a job."""
ASK_EVERY_S = 0.5
"""Seconds until it is asked again whether to stop, while nothing happens."""
ANSWER_WITHIN_S = 5.0
"""Seconds after which a worker that has nothing to say says so."""
PROGRESS_EVERY_S = 0.5
"""Seconds from one message on a job's progress to the next."""
WARN_AFTER_S = 30.0
"""Seconds without any worker, after which it is told what is waited for."""


def _no_affinity(_: Any) -> Hashable:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class RayExecutor:
    """An executor of Ray actors."""

    device: str = "cpu"
    """As each worker sees it: Ray shows it its own GPUs alone, so that "cuda:0" is its first."""
    address: str | None = None
    """Of a cluster; "auto" finds the one that this machine belongs to, None starts one on this machine."""
    workers: int | None = None
    """How many at most; None is as many as the cluster has room for when the run begins."""
    cpus: float = 1
    """CPU cores a worker."""
    gpus: float = 0
    """GPUs a worker: a part of one, or several."""
    affinity: Callable[[Any], Hashable] = _no_affinity
    """What a worker keeps loaded from one job to the next: it prefers jobs with the same."""

    def run(
        self,
        jobs: Sequence[Any],
        start_worker: StartWorker,
        input_of: Callable[[Any], Any],
        stop: Callable[[], bool] = never,
    ) -> Generator[JobEvent]:
        """Run every job once; see `Executor.run`.

        Raises:
            SpilloverError: there is no cluster at the address, or no machine of it has room for a worker.
        """
        if not jobs:
            return
        with _connected(self.address):
            room = self._room()
            desk = _Desk(self, start_worker, input_of, JobQueue(list(jobs), {job.key for job in jobs}))
            try:
                for number in range(min(self.workers or room, len(jobs))):
                    desk.seats.append(desk.open(number))
                yield from desk.work(stop)
            finally:
                for seat in desk.seats:
                    ray.kill(seat.actor)

    def _room(self) -> int:
        """Count the workers that the cluster's machines have room for."""
        wanted = {name: amount for name, amount in (("CPU", self.cpus), ("GPU", self.gpus)) if amount}
        alive = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        room = sum(min(int(node.get(name, 0) / amount) for name, amount in wanted.items()) for node in alive)
        if not room and self.workers is None:
            needed = " and ".join(f"{amount:g} {name}" for name, amount in wanted.items())
            hint = "on machines without a GPU set executor.gpus_per_worker: 0; where nodes come later, executor.workers"
            raise SpilloverError(f"no node of the Ray cluster has room for a worker: {needed}", hint=hint)
        return room


@dataclass(slots=True)
class _Seat:
    """A worker, and the job that it has."""

    number: int
    actor: Any
    asked: Any
    """The answer that will come."""
    ready: bool = False
    job: Any = None
    loaded: Hashable = None
    stillborn: int = 0
    """Workers in this place, one after the other, that were gone before they could take a job."""
    told: bool = False
    """Whether the worker was told to stop."""


@dataclass(slots=True)
class _Desk:
    """Where one run is directed."""

    executor: RayExecutor
    start_worker: StartWorker
    input_of: Callable[[Any], Any]
    queue: JobQueue
    seats: list[_Seat] = field(default_factory=list[_Seat])
    tries: dict[str, int] = field(default_factory=dict[str, int])
    """How often a job was begun."""

    def open(self, number: int) -> _Seat:
        """Ask for a worker; Ray starts it wherever there is room."""
        executor = self.executor
        options = {"num_cpus": executor.cpus, "num_gpus": executor.gpus, "max_concurrency": 3}
        remote: Any = ray.remote(_Worker)  # what Ray makes of a class, its types do not tell
        actor = remote.options(**options).remote(executor.device, self.start_worker)
        return _Seat(number, actor, actor.greet.remote())

    def work(self, stop: Callable[[], bool]) -> Iterator[JobEvent]:
        """Hand out jobs and listen, until nothing is left."""
        stopping, idle_since = False, time.monotonic()
        while (self.queue.waiting and not stopping) or any(seat.job is not None for seat in self.seats):
            if stopping := stopping or stop():
                self._tell_to_stop()
            else:
                yield from self._hand_out()
            by_answer = {seat.asked: seat for seat in self.seats}
            answered, _ = ray.wait(list(by_answer), num_returns=1, timeout=ASK_EVERY_S)
            for answer in answered:
                yield from self._listen(by_answer[answer])
            if any(seat.ready for seat in self.seats):
                idle_since = time.monotonic()
            elif time.monotonic() - idle_since > WARN_AFTER_S:
                log.warning("no worker has room yet: waiting for the Ray cluster")
                idle_since = float("inf")

    def _hand_out(self) -> Iterator[JobEvent]:
        for seat in self.seats:
            while seat.ready and seat.job is None:
                job = self.queue.take(lambda job, seat=seat: self.executor.affinity(job) == seat.loaded)
                if job is None:
                    return
                try:
                    content = self.input_of(job)
                except SpilloverError as error:
                    yield from self.queue.fail(job, error)
                    continue
                self.tries[job.key] = self.tries.get(job.key, 0) + 1
                if self.tries[job.key] == 1:
                    yield JobStarted(job, seat.number)
                seat.job, seat.loaded = job, self.executor.affinity(job)
                seat.actor.take.remote(job, content)

    def _tell_to_stop(self) -> None:
        for seat in self.seats:
            if seat.job is not None and not seat.told:
                seat.told = True
                seat.actor.stop.remote()

    def _listen(self, seat: _Seat) -> Iterator[JobEvent]:
        try:
            messages = ray.get(seat.asked)
        except RayError as error:
            yield from self._replace(seat, error)
            return
        seat.ready = True
        seat.asked = seat.actor.news.remote()
        for kind, *content in messages:
            yield from self._hear(seat, kind, content)

    def _hear(self, seat: _Seat, kind: str, content: list[Any]) -> Iterator[JobEvent]:
        job = seat.job
        match kind:
            case "progress":
                yield JobProgressed(job, *content)
            case "kept":
                yield JobKept(job, *content)
            case "result":
                seat.job = None
                yield JobFinished(job, *content)
                self.queue.unfinished.discard(job.key)
            case "stopped":
                seat.job = None
            case _:
                seat.job = None
                yield from self.queue.fail(job, *content)

    def _replace(self, seat: _Seat, error: RayError) -> Iterator[JobEvent]:
        """Open a place anew whose worker is gone, and let its job be taken by any other."""
        job = seat.job
        log.debug("worker %d has vanished: %s", seat.number, error)
        ray.kill(seat.actor)  # one that only cannot be reached would hold its place, and go on
        gone = SpilloverError(
            "its worker has vanished: it was killed (SIGKILL), or its node is gone",
            hint="it may have run out of memory",
        )
        fresh = self.open(seat.number)
        fresh.stillborn = 0 if seat.ready else seat.stillborn + 1
        self.seats[self.seats.index(seat)] = fresh
        if job is not None and self.tries[job.key] < MAXIMUM_TRIES:
            self.queue.waiting.insert(0, job)
            yield JobMoved(job, gone)
        elif job is not None:
            yield from self.queue.fail(job, gone)
        if fresh.stillborn >= MAXIMUM_TRIES:
            message = f"no worker can be started on the Ray cluster: {' '.join(str(error).split())}"
            hint = "spillover must be installed on every node, in the version of this machine"
            raise SpilloverError(message, hint=hint)


class _Worker:
    """Lives in an actor: one thread does jobs, others tell how it goes."""

    def __init__(self, device: str, start_worker: StartWorker) -> None:
        self._device = device
        self._start_worker = start_worker
        self._jobs: queue.SimpleQueue[tuple[Any, Any]] = queue.SimpleQueue()
        self._messages: queue.SimpleQueue[tuple[Any, ...]] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._worker: Worker | None = None
        threading.Thread(target=self._work, daemon=True).start()

    def greet(self) -> list[tuple[Any, ...]]:
        """Tell that the worker is there."""
        return []

    def take(self, job: Any, content: Any) -> None:
        """Take a job."""
        self._jobs.put((job, content))

    def stop(self) -> None:
        """Leave the job as it stands, as soon as it can be."""
        self._stopping.set()

    def news(self) -> list[tuple[Any, ...]]:
        """Say what has happened since it was last asked; wait for something, but not for ever."""
        messages: list[tuple[Any, ...]] = []
        with suppress(queue.Empty):
            messages.append(self._messages.get(timeout=ANSWER_WITHIN_S))
            while True:
                messages.append(self._messages.get_nowait())
        return messages

    def _work(self) -> None:
        try:
            while True:
                self._messages.put(self._do(*self._jobs.get()))
        finally:
            os._exit(1)  # whatever ends this thread ends the worker, which the driver notices

    def _do(self, job: Any, content: Any) -> tuple[Any, ...]:
        try:
            self._worker = self._worker or self._start_worker(self._device)
            return "result", self._worker(job, content, _Report(self._messages, self._stopping))
        except JobStopped:
            return ("stopped",)
        except SpilloverError as error:
            return "failure", error
        except Exception as error:  # noqa: BLE001 (a fault of ours ends one job, and is shown with its traceback)
            summary = SpilloverError(f"internal error: {type(error).__name__}: {error}")
            return "failure", summary, traceback.format_exc()


@dataclass(slots=True)
class _Report:
    """Tells of a job through the worker's messages."""

    messages: queue.SimpleQueue[tuple[Any, ...]]
    stop: threading.Event
    _told: float = float("-inf")

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() - self._told >= PROGRESS_EVERY_S or done == total:
            self._told = time.monotonic()
            self.messages.put(("progress", done, total))

    def keep(self, state: bytes) -> None:
        self.messages.put(("kept", state))

    @property
    def stopping(self) -> bool:
        return self.stop.is_set()


@contextmanager
def _connected(address: str | None) -> Generator[None]:
    """Be the driver of a cluster, unless this process is one already."""
    if ray.is_initialized():
        yield
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # on a cluster of ours nothing is sent to anybody
    with _sigterm_as_it_was():
        try:
            _knock(address)
            ray.init(address=address or "local", log_to_driver=False, logging_level=logging.WARNING)
        except (OSError, RuntimeError, ValueError) as error:
            raise SpilloverError(
                f"cannot join the Ray cluster at {address!r}: {' '.join(str(error).split())}",
                where="executor.address",
                hint="start one with ray start --head, or leave address out to use this machine alone",
            ) from error
    try:
        yield
    finally:
        ray.shutdown()


def _knock(address: str | None) -> None:
    """See whether anything listens at an address: Ray itself would wait there for minutes."""
    host, colon, port = (address or "").removeprefix("ray://").rpartition(":")
    if colon:
        socket.create_connection((host, int(port)), timeout=ANSWER_WITHIN_S).close()


@contextmanager
def _sigterm_as_it_was() -> Generator[None]:
    """Ray sets a handler of its own, which would end a run that was only asked to stop."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)
