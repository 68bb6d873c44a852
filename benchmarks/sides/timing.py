"""Times several sides of one comparison in turns, so that whatever slows the machine slows them all.

What is timed is the processor's time. All sides use one thread and wait for nothing, so that on a quiet machine it is
the wall clock's; on a busy one it leaves out what others take.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

Result = TypeVar("Result")
STATUS = Path("/proc/self/status")
FORGET_PEAK = Path("/proc/self/clear_refs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The middle and the ends of a few measurements."""

    median: float
    lowest: float
    highest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Sum up measurements."""
        return cls(median=statistics.median(values), lowest=min(values), highest=max(values))


@dataclass(frozen=True, slots=True)
class Timed(Generic[Result]):
    """What a side took in each round, processor seconds, and what it gave in the last."""

    seconds: tuple[float, ...]
    result: Result

    @property
    def spread(self) -> Spread:
        """Of its seconds."""
        return Spread.of(self.seconds)

    def times_of(self, other: Timed[Result]) -> Spread:
        """How many times as long as another side it took, round by round."""
        return Spread.of([mine / its for mine, its in zip(self.seconds, other.seconds, strict=True)])


def in_rounds(sides: Mapping[str, Callable[[], Result]], rounds: int) -> dict[str, Timed[Result]]:
    """Let every side do its work once a round, each round beginning with another, and measure processor seconds."""
    names = list(sides)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    results: dict[str, Result] = {}
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            gc.collect()
            start = time.process_time()
            results[name] = sides[name]()
            seconds[name].append(time.process_time() - start)
    return {name: Timed(tuple(seconds[name]), results[name]) for name in names}


def peak_memory_mib(work: Callable[[], object]) -> float | None:
    """Main memory that this process takes at most during a piece of work, MiB; None where the system is not Linux.

    Memory that earlier work gave back may still count, so that small pieces of work must come before large ones.
    """
    gc.collect()
    if not FORGET_PEAK.exists():
        work()
        return None
    FORGET_PEAK.write_text("5")
    work()
    peak = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(peak.split()[1]) / 1024
