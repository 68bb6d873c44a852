"""Runs jobs in processes of this machine: one a GPU, or one single-thread process a CPU core.

Single threads give the same bits whatever the number of processes, and on small models more work done than several
threads a process.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from spillover.core.errors import SpilloverError
from spillover.study.executors.executor import (
    ASK_EVERY_S,
    JobEvent,
    JobFinished,
    JobKept,
    JobProgressed,
    JobStarted,
    JobStopped,
    StartWorker,
    internal_fault,
    never,
)
from spillover.study.executors.queue import JobQueue

DRIVERS_OWN = (signal.SIGINT, signal.SIGTERM)
"""Signals that the driver alone hears."""
THREADS: tuple[str, ...] = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(slots=True)
class _Seat:
    """A worker process and the job that it has."""

    number: int
    device: str
    process: BaseProcess
    pipe: Connection
    job: Any = None
    told: bool = False
    """Whether the worker was told to stop."""


@dataclass(frozen=True, slots=True)
class LocalExecutor:
    """An executor of local processes."""

    devices: tuple[str, ...]
    """The device of each process, such as ("cpu", "cpu") or ("cuda:0",)."""

    def run(
        self,
        jobs: Sequence[Any],
        start_worker: StartWorker,
        input_of: Callable[[Any], Any],
        stop: Callable[[], bool] = never,
    ) -> Generator[JobEvent]:
        """Run every job once; see `Executor.run`."""
        queue = JobQueue(list(jobs), {job.key for job in jobs})
        seats: list[_Seat] = []
        try:
            for number, device in enumerate(self.devices[: len(jobs)]):
                seats.append(_open_seat(number, device, start_worker))
            stopping = False
            while (queue.waiting and not stopping) or any(seat.job for seat in seats):
                if stopping := stopping or stop():
                    _tell_to_stop(seats)
                else:
                    yield from _hand_out(queue, seats, input_of)
                busy = {seat.pipe: seat for seat in seats if seat.job is not None}
                for pipe in wait(list(busy), ASK_EVERY_S):
                    yield from _listen(busy[pipe], queue, seats, start_worker)  # type: ignore[index]
        finally:
            for seat in seats:
                if seat.job is not None:
                    seat.process.kill()  # before its pipe is gone, or it would complain of that
                seat.pipe.close()  # an idle worker takes this as the end of its day
            for seat in seats:
                seat.process.join(timeout=5)
                seat.process.kill()
                seat.process.join()


def _hand_out(queue: JobQueue, seats: list[_Seat], input_of: Callable[[Any], Any]) -> Iterator[JobEvent]:
    for seat in seats:
        while seat.job is None and (job := queue.take()) is not None:
            try:
                content = input_of(job)
            except SpilloverError as error:
                yield from queue.fail(job, error)
                continue
            seat.job = job
            with suppress(BrokenPipeError, ConnectionResetError):  # listening will tell that the worker is gone
                seat.pipe.send((job, content))


def _tell_to_stop(seats: list[_Seat]) -> None:
    for seat in seats:
        if seat.job is not None and not seat.told:
            seat.told = True
            with suppress(BrokenPipeError, ConnectionResetError):  # listening will tell that the worker is gone
                seat.pipe.send(None)


def _listen(seat: _Seat, queue: JobQueue, seats: list[_Seat], start_worker: StartWorker) -> Iterator[JobEvent]:
    job = seat.job
    try:
        kind, *content = seat.pipe.recv()
    except (EOFError, OSError):  # the latter where it was killed in the middle of a message
        error = _death(seat, share_memory=len(seats) > 1)
        seat.pipe.close()
        seats[seat.number] = _open_seat(seat.number, seat.device, start_worker)
        yield from queue.lose(job, error)
        return
    match kind:
        case "taken":
            yield JobStarted(job, seat.number, *content)
        case "progress":
            yield JobProgressed(job, *content)
        case "kept":
            yield JobKept(job, *content)
        case "result":
            seat.job = None
            yield JobFinished(job, *content)
            queue.unfinished.discard(job.key)
        case "stopped":
            seat.job = None
        case _:
            seat.job = None
            error, details = content
            yield from queue.fail(job, error, details)


def _death(seat: _Seat, *, share_memory: bool) -> SpilloverError:
    """Say how a seat's process ended."""
    seat.process.join()
    code = seat.process.exitcode
    cause = (
        f"was killed by {signal.Signals(-code).name}" if code is not None and code < 0 else f"ended with code {code}"
    )
    advice = "set executor.processes lower" if share_memory else "free some, or take a machine that has more"
    return SpilloverError(f"its process {cause}", hint=f"it may have run out of memory: {advice}")


def _open_seat(number: int, device: str, start_worker: StartWorker) -> _Seat:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, device, start_worker), daemon=True)
    with _inherited(single_thread=device == "cpu"):
        process.start()
    theirs.close()
    return _Seat(number, device, process, ours)


@contextmanager
def _inherited(*, single_thread: bool) -> Generator[None]:
    """Set what a process takes over at its start: threads of its libraries, and deafness to Ctrl-C and SIGTERM.

    Both may reach the whole group of processes; the driver alone decides. They are held back, not ignored: one that
    comes meanwhile reaches the driver afterwards.
    """
    threads = dict.fromkeys(THREADS, "1") if single_thread else {}
    before = {name: os.environ.get(name) for name in threads}
    os.environ.update(threads)
    maskable = hasattr(signal, "pthread_sigmask")  # not on Windows, where processes take over no mask
    if maskable:
        resource_tracker.ensure_running()  # its first start, within a process's, would let Ctrl-C through
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, DRIVERS_OWN) if maskable else None
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
        if mask is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)


@dataclass(frozen=True, slots=True)
class _Report:
    """Tells through a pipe how a job goes."""

    pipe: Connection

    def __call__(self, done: int, total: int) -> None:
        self.pipe.send(("progress", done, total))

    def keep(self, state: bytes) -> None:
        self.pipe.send(("kept", state))

    @property
    def stopping(self) -> bool:
        return self.pipe.poll()  # nothing else comes while a job is done, unless the driver is gone


def _work(pipe: Connection, device: str, start_worker: StartWorker) -> None:
    for number in DRIVERS_OWN:
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    with suppress(BrokenPipeError, ConnectionResetError):  # the driver was killed, and nobody is left to tell
        _serve(pipe, device, start_worker)


def _serve(pipe: Connection, device: str, start_worker: StartWorker) -> None:
    worker = None
    while True:
        try:
            message = pipe.recv()
        except EOFError:
            return
        if message is None:
            return
        job, content = message
        pipe.send(("taken", os.getpid(), socket.gethostname()))
        try:
            worker = worker or start_worker(device)
            result = worker(job, content, _Report(pipe))
            pipe.send(("result", result))
        except JobStopped:
            pipe.send(("stopped",))
        except SpilloverError as error:
            pipe.send(("failure", error, None))
        except Exception as error:  # noqa: BLE001 (a fault of ours ends one job, and is shown with its traceback)
            pipe.send(("failure", internal_fault(error), traceback.format_exc()))


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        with suppress(OSError, AttributeError):  # it may be full, closed, or not there
            sys.stderr.flush()
        os._exit(1)
