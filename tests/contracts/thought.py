"""One way to break an input, and what must come of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Thought:
    """One way to break an input."""

    kind: str
    """Of `broken_inputs.KINDS`."""
    name: str
    harm: Callable[[Path], object]
    """Breaks the miniature in a folder."""
    says: str = ""
    """A part of the fault; where empty, the input must be read, and rightly."""
