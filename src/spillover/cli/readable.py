"""Durations and sizes, as people write and read them."""

from __future__ import annotations

import re

import typer

LONGEST_S = 10 * 366 * 86400.0
"""Timers of the operating system have an end, too."""
PART = r"(\d+(?:\.\d+)?)\s*([dhms])\s*"
"""Of a duration: a number and its unit."""
UNITS_S = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}


def readable_time(seconds: float) -> str:
    """Write a duration for people.

    >>> readable_time(4000)
    '1 h 7 min'
    """
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{round(seconds)} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def read_duration_s(text: str) -> float:
    """Read a duration as people write it.

    Raises:
        BadParameter: it is none, 0, or longer than ten years.

    >>> read_duration_s("90m"), read_duration_s("1h 30m"), read_duration_s("0.5H")
    (5400.0, 5400.0, 1800.0)
    """
    written = text.strip().lower()
    is_duration = re.fullmatch(f"({PART})+", written)
    seconds = sum(float(number) * UNITS_S[unit] for number, unit in re.findall(PART, written))
    if not is_duration or not 0 < seconds <= LONGEST_S:
        what = "longer than ten years" if is_duration and seconds else "no duration"
        raise typer.BadParameter(f"{text!r} is {what}; write one such as 2h, 90m, 45s or 1h 30m")
    return seconds


def readable_size(size_bytes: float) -> str:
    """Write a size for people.

    >>> readable_size(0), readable_size(41_000_000), readable_size(2.5e12)
    ('0 MB', '41 MB', '2500.0 GB')
    """
    megabytes = size_bytes / 1e6
    if megabytes >= 1000:
        return f"{megabytes / 1000:.1f} GB"
    return f"{megabytes:.0f} MB" if megabytes >= 10 or not megabytes else f"{megabytes:.1f} MB"
