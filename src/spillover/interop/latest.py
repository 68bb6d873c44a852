"""Which of several evaluations of one task by one run is the newest, as files date themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def part_newest(items: Sequence[Item], about: Callable[[Item], tuple[str, str]]) -> tuple[list[Item], list[Item]]:
    """Part the newest evaluation of each task from the earlier ones.

    Args:
        items: files of one run, or what stands for them.
        about: from an item to its task and its date, which sorts as text; "" where it has none.

    Returns:
        The items of every task's newest date, and the others.

    >>> part_newest(["a 2025", "a 2026", "b 2025"], lambda item: (item[0], item[2:]))
    (['a 2026', 'b 2025'], ['a 2025'])
    """
    newest: dict[str, str] = {}
    for task, date in map(about, items):
        newest[task] = max(newest.get(task, ""), date)
    kept = [item for item in items if about(item) in newest.items()]
    return kept, [item for item in items if about(item) not in newest.items()]
