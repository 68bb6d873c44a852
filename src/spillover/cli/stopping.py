"""How a run is asked to end before it is done, so that nothing is lost: after a time, or by SIGTERM."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

import typer

TRY_AGAIN = 75
"""Exit code of a run that was stopped and can go on: `EX_TEMPFAIL` of sysexits.h."""

UNITS_S = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}


@dataclass(slots=True)
class Stop:
    """Whether a run is to end."""

    after_s: float | None = None
    """Seconds from now; None is never."""
    reason: str = ""
    """Why it is to end; empty while it is not."""
    _begun: float = field(default_factory=time.monotonic)

    def __call__(self) -> bool:
        """Ask whether to stop."""
        if not self.reason and self.after_s is not None and time.monotonic() - self._begun >= self.after_s:
            self.reason = "its time is up"
        return bool(self.reason)

    @contextmanager
    def on_sigterm(self) -> Generator[None]:
        """Hear SIGTERM as the wish to stop; a second one ends the process as it always does."""

        def hear(number: int, _: object) -> None:
            self.reason = "SIGTERM"
            signal.signal(number, signal.SIG_DFL)

        before = signal.signal(signal.SIGTERM, hear)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, before)


def read_duration_s(text: str) -> float:
    """Read a duration as people write it.

    Raises:
        BadParameter: it is none, or 0.

    >>> read_duration_s("90m"), read_duration_s("1h30m"), read_duration_s("0.5h")
    (5400.0, 5400.0, 1800.0)
    """
    parts = re.findall(r"(\d+(?:\.\d+)?)([dhms])", text)
    seconds = sum(float(number) * UNITS_S[unit] for number, unit in parts)
    if "".join(number + unit for number, unit in parts) != text or not seconds:
        raise typer.BadParameter(f"{text!r} is no duration; write one such as 2h, 90m or 1h30m")
    return seconds
