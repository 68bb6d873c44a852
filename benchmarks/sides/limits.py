"""What the machine could do at most, how fast it multiplies and copies; and what operations a piece of work takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

SIDE = 1024
"""Of the square matrices that are multiplied."""
COPIED = 1 << 25
"""Numbers that are copied, of 4 bytes each: more than caches hold."""
TRIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The best of a few tries, on one thread, in float32."""

    gigaflops: float
    """10⁹ operations a processor second, of a product of large square matrices."""
    gigabytes: float
    """10⁹ bytes a processor second, read and written, of a copy beyond the caches."""


def measure_machine() -> Machine:
    """Multiply and copy."""
    one, other = torch.randn(2, SIDE, SIDE)
    source, copy = torch.randn(2, COPIED)
    return Machine(
        gigaflops=2 * SIDE**3 / _fastest(lambda: one @ other) / 1e9,
        gigabytes=2 * source.nbytes / _fastest(lambda: copy.copy_(source)) / 1e9,
    )


def _fastest(work: Callable[[], object]) -> float:
    seconds: list[float] = []
    for _ in range(TRIES):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return min(seconds)


def count_operations(work: Callable[[], object]) -> int:
    """Floating-point operations of a piece of work's matrix products; attention's own, a few per cent, are not seen."""
    with FlopCounterMode(display=False) as counter:
        work()
    return counter.get_total_flops()
