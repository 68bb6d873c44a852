"""Keeps what was used last within a limit of bytes, so that a worker of any number of tasks stays within its memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """What was used last. Whatever is no longer here has to be made again, and must come out the same.

    Complexity: O(1) a call, amortised.

    Args:
        limit_bytes: of all values together; a value that is larger alone is never kept.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._kept: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        self._bytes = 0

    def get(self, key: Key) -> Value | None:
        """Find a value that is still kept, and count it as used; None if it is not.

        >>> recent = Recent[str, int](limit_bytes=10)
        >>> for name in "abc":
        ...     recent.keep(name, ord(name), size_bytes=4)
        >>> recent.get("a"), recent.get("b")
        (None, 98)
        """
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key][0]

    def keep(self, key: Key, value: Value, size_bytes: int) -> None:
        """Keep a value, and let go of those that were used least recently where the limit asks for it."""
        if key in self._kept:
            self._bytes -= self._kept.pop(key)[1]
        if size_bytes > self._limit_bytes:
            return
        self._kept[key] = value, size_bytes
        self._bytes += size_bytes
        while self._bytes > self._limit_bytes:
            _, (_, size) = self._kept.popitem(last=False)
            self._bytes -= size

    def clear(self) -> None:
        """Let go of everything."""
        self._kept.clear()
        self._bytes = 0
