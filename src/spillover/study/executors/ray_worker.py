"""What lives in a Ray actor: a thread that does jobs, and others that tell the driver how it goes.

Nothing here speaks to Ray: an actor is this class, called from afar.
"""

from __future__ import annotations

import os
import queue
import socket
import threading
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from spillover.core.errors import SpilloverError
from spillover.study.executors.executor import JobStopped, StartWorker, Worker, internal_fault

ANSWER_WITHIN_S = 5.0
"""Seconds after which a worker that has nothing to say says so."""
PROGRESS_EVERY_S = 0.5
"""Seconds from one message on a job's progress to the next."""


class RayWorker:
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
        self._messages.put(("begun", os.getpid(), socket.gethostname()))
        try:
            self._worker = self._worker or self._start_worker(self._device)
            return "result", self._worker(job, content, _Report(self._messages, self._stopping))
        except JobStopped:
            return ("stopped",)
        except SpilloverError as error:
            return "failure", error
        except Exception as error:  # noqa: BLE001 (a fault of ours ends one job, and is shown with its traceback)
            return "failure", internal_fault(error), traceback.format_exc()


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
