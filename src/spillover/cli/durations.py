"""Durations as people read them."""

from __future__ import annotations


def readable_time(seconds: float) -> str:
    """Write a duration for people.

    >>> readable_time(4000)
    '1 h 7 min'
    """
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{round(seconds)} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
