"""Runs jobs on a Ray cluster: a laptop's cores, several GPUs, or many machines that share no disk.

Workers are actors that keep what they have loaded. A job's input and result travel through Ray's object store; only the
driver reads and writes the study's folder. Everything that a worker says of its job comes to the driver in order, as
the answers to one question asked again and again; so a worker that vanishes is noticed at once, and its job begun again
elsewhere, from what it has handed over last.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import ray
from ray.exceptions import RayError

from spillover.core.errors import SpilloverError
from spillover.study.executors.executor import (
    ASK_EVERY_S,
    JobEvent,
    JobFinished,
    JobKept,
    JobProgressed,
    JobStarted,
    StartWorker,
    never,
)
from spillover.study.executors.queue import MAXIMUM_TRIES, JobQueue
from spillover.study.executors.ray_cluster import Head, connected
from spillover.study.executors.ray_worker import RayWorker

log = logging.getLogger(__name__)

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
            InterruptedRunError: the cluster has lost its head.
        """
        if not jobs:
            return
        with connected(self.address) as head:
            room = self._room()
            desk = _Desk(self, start_worker, input_of, JobQueue(list(jobs), {job.key for job in jobs}), head)
            try:
                for number in range(min(self.workers or room, len(jobs))):
                    desk.seats.append(desk.open(number))
                yield from desk.work(stop)
            finally:
                if not head.is_lost:  # or Ray would wait for it, and end this process
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
    where: str = "before it had begun"
    """Where the worker is, once it has begun a job."""
    told: bool = False
    """Whether the worker was told to stop."""


@dataclass(slots=True)
class _Desk:
    """Where one run is directed."""

    executor: RayExecutor
    start_worker: StartWorker
    input_of: Callable[[Any], Any]
    queue: JobQueue
    head: Head
    seats: list[_Seat] = field(default_factory=list[_Seat])

    def open(self, number: int) -> _Seat:
        """Ask for a worker; Ray starts it wherever there is room."""
        executor = self.executor
        options = {"num_cpus": executor.cpus, "num_gpus": executor.gpus, "max_concurrency": 3}
        remote: Any = ray.remote(RayWorker)  # what Ray makes of a class, its types do not tell
        actor = remote.options(**options).remote(executor.device, self.start_worker)
        return _Seat(number, actor, actor.greet.remote())

    def work(self, stop: Callable[[], bool]) -> Iterator[JobEvent]:
        """Hand out jobs and listen, until nothing is left."""
        stopping, idle_since = False, time.monotonic()
        while (self.queue.waiting and not stopping) or any(seat.job is not None for seat in self.seats):
            self.head.watch()
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
            case "begun":
                process, host = content
                seat.where = f"process {process} on {host}"
                yield JobStarted(job, seat.number, process, host)
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
        self.head.await_answer()  # without it Ray could neither end a worker nor start one
        if job is None:  # nobody else would tell
            log.warning("worker %d, which had no job, has vanished: another is started", seat.number)
        log.debug("worker %d has vanished: %s", seat.number, error)
        ray.kill(seat.actor)  # one that only cannot be reached would hold its place, and go on
        gone = SpilloverError(
            f"its worker ({seat.where}) has vanished: it was killed (SIGKILL), or its node is gone",
            hint="it may have run out of memory",
        )
        fresh = self.open(seat.number)
        fresh.stillborn = 0 if seat.ready else seat.stillborn + 1
        self.seats[self.seats.index(seat)] = fresh
        if job is not None:
            yield from self.queue.lose(job, gone)
        if fresh.stillborn >= MAXIMUM_TRIES:  # nothing lives there to take a job
            message = f"no worker can be started on the Ray cluster: {' '.join(str(error).split())}"
            hint = "spillover must be installed on every node, in the version of this machine"
            raise SpilloverError(message, hint=hint)
