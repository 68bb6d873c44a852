"""How a command is asked to end before it is done: by SIGTERM, or after a time.

It is loaded before everything else, since loading the rest takes seconds in which a scheduler may ask already.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NoReturn

TRY_AGAIN = 75
"""Exit code of a command that was stopped and may be given again: `EX_TEMPFAIL` of sysexits.h."""

TERMINATED = 143
"""Exit code of a command that SIGTERM has ended, as shells tell it, where given again it would begin anew."""

ONE_WISH_S = 5.0
"""Seconds in which SIGTERM is one wish however often it comes: shells and launchers forward what came to all."""


def end(code: int) -> NoReturn:
    """End the process with a code. Where that is `TRY_AGAIN`, a late SIGTERM makes no other code of it.

    While Python takes itself down it hears no signals, which for large libraries takes a second.
    """
    if code == TRY_AGAIN:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(code)


class Stopped(BaseException):
    """Raised where a command is asked to end while no job runs: nothing is lost by ending there, as at Ctrl-C.

    Args:
        reason: why it is to end.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(slots=True)
class Stop:
    """Whether a command is to end."""

    after_s: float | None = None
    """Seconds from now; None is never."""
    reason: str = ""
    """Why it is to end; empty while it is not."""
    _begun: float = field(default_factory=time.monotonic)
    _heard: float = 0.0
    _asked: bool = False
    """Whether somebody asks, again and again, so that nothing is raised."""

    def __call__(self) -> bool:
        """Ask whether to stop."""
        if not self.reason and self.after_s is not None and time.monotonic() - self._begun >= self.after_s:
            self.reason = "its time is up"
        return bool(self.reason)

    def listen(self) -> None:
        """Hear SIGTERM from now on: `Stopped` is raised. One that comes more than 5 s after the first ends at once."""
        signal.signal(signal.SIGTERM, self._hear)

    @contextmanager
    def listening(self) -> Generator[None]:
        """Hear SIGTERM, and the end of the time: `Stopped` is raised, but while it is asked.

        What was heard stays heard: afterwards the process is on its way out.
        """
        before = signal.signal(signal.SIGTERM, self._hear)
        has_timer = hasattr(signal, "setitimer")  # not on Windows, where asking alone tells that the time is up
        if has_timer and self.after_s is not None:
            signal.signal(signal.SIGALRM, lambda *_: self._end("its time is up"))
            signal.setitimer(signal.ITIMER_REAL, max(self._begun + self.after_s - time.monotonic(), 1e-6))
        try:
            yield
        finally:
            if has_timer:
                signal.setitimer(signal.ITIMER_REAL, 0)
            if not self._heard:
                signal.signal(signal.SIGTERM, before)

    @contextmanager
    def asked(self) -> Generator[None]:
        """Raise nothing: what runs within asks again and again, and ends in a way by which nothing is lost."""
        self._asked = True
        try:
            yield
        finally:
            self._asked = False

    def _hear(self, number: int, _: object) -> None:
        now = time.monotonic()
        if not self._heard:
            self._heard = now
            self._end("SIGTERM")
        elif now - self._heard > ONE_WISH_S:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

    def _end(self, reason: str) -> None:
        if self.reason:  # it is ending already
            return
        self.reason = reason
        if not self._asked:
            raise Stopped(reason)
