"""The Ray cluster that a run joins and leaves, and whether its head is still there."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

import ray

from spillover.core.errors import InterruptedRunError, SpilloverError

ANSWER_WITHIN_S = 5.0
"""Seconds that the head has to answer a knock."""
KNOCK_EVERY_S = 5.0
"""Seconds from one knock to the next, while all is well."""
LOST_AFTER_S = 20.0
"""Seconds without an answer, after which the run ends. After 60 (RAY_gcs_rpc_server_reconnect_timeout_s) Ray would end
this process by itself, with exit code 1."""


@dataclass(slots=True)
class Head:
    """The server that leads a cluster (Ray's GCS). Without it no worker can be found, started or ended."""

    address: str
    """HOST:PORT."""
    is_lost: bool = False
    _answered: float = field(default_factory=time.monotonic)

    def watch(self) -> None:
        """Knock, if that was not done lately; see `await_answer`."""
        if time.monotonic() - self._answered > KNOCK_EVERY_S:
            self.await_answer()

    def await_answer(self) -> None:
        """Wait until the head answers: one that was started with a database of its own may come back.

        Raises:
            InterruptedRunError: it did not for `LOST_AFTER_S`.
        """
        until = time.monotonic() + LOST_AFTER_S
        while True:
            try:
                _knock(self.address)
            except OSError as error:
                if time.monotonic() > until:
                    self.is_lost = True
                    raise InterruptedRunError(
                        f"the head of the Ray cluster at {self.address} is lost: {error}",
                        hint="what was finished is kept: give the same command again, when there is a cluster",
                    ) from error
                time.sleep(1)
            else:
                self._answered = time.monotonic()
                return


@contextmanager
def connected(address: str | None) -> Generator[Head]:
    """Be the driver of a cluster, unless this process is one already.

    Raises:
        SpilloverError: there is no cluster at the address.
    """
    if ray.is_initialized():
        yield _head(address)
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
        yield _head(address)
    finally:
        ray.shutdown()


def _head(address: str | None) -> Head:
    if address is not None and address.startswith("ray://"):  # no more of it is seen from here than this gate
        return Head(address)
    return Head(ray.get_runtime_context().gcs_address)


def _knock(address: str | None) -> None:
    """See whether anything listens at an address: Ray itself would wait there for minutes."""
    host, colon, port = (address or "").removeprefix("ray://").rpartition(":")
    if colon:
        socket.create_connection((host.strip("[]"), int(port)), timeout=ANSWER_WITHIN_S).close()


@contextmanager
def _sigterm_as_it_was() -> Generator[None]:
    """Ray sets a handler of its own, which would end a run that was only asked to stop."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)
