"""What a warning is, what it is drawn from, and which targets it flags; `warn` raises them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from spillover.analysis.answers import TargetAnswers
from spillover.analysis.cube import ScoreCube
from spillover.analysis.frame import Frame
from spillover.analysis.pgf import TransferArray
from spillover.analysis.records import BaseRecord
from spillover.analysis.settings import AnalysisSettings
from spillover.analysis.shapes import PerTarget
from spillover.core.printable import printable

FLAGGED_FOR: Mapping[str, str] = {
    "unread_replies": "many replies could not be read",
    "collapse": "one letter is answered nearly always",
    "shared_count": "answers may have collapsed onto one letter",
    "below_chance": "the base is below chance",
    "label_revision": "the labels may be wrong",
}
"""Kinds of warnings whose targets are left out of the second version of every summary, each in short."""
FLAGGING = frozenset(FLAGGED_FOR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """Something that a careful reviewer would raise."""

    kind: str
    """One of those in `docs/findings.md`."""
    tasks: tuple[str, ...]
    text: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", printable(self.text))  # some tell what stands in files of somebody else's


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What warnings are drawn from."""

    transfers: TransferArray
    frame: Frame
    base: dict[str, BaseRecord]
    gap: PerTarget
    """Answers between base and ceiling, by target; NaN where counts are not known."""
    squares_by_target: PerTarget
    correct: tuple[np.ndarray | None, ...]
    """Number correct by target, shape seed × source; None where not known."""
    cube: ScoreCube | None
    answers: tuple[TargetAnswers, ...]
    """Empty from a published table."""


def flags_of(warnings: tuple[Warned, ...], target: str) -> tuple[str, ...]:
    """Say in short what a target is flagged for; the gravest first.

    Complexity: O(warnings).

    >>> flags_of((Warned(kind="unread_replies", tasks=("Jigsaw",), text=""),), "Jigsaw")
    ('many replies could not be read',)
    """
    kinds = {warned.kind for warned in warnings if target in warned.tasks}
    return tuple(words for kind, words in FLAGGED_FOR.items() if kind in kinds)


def find_flagged(warnings: tuple[Warned, ...], settings: AnalysisSettings) -> tuple[str, ...]:
    """Name the targets that the second version of every summary leaves out.

    Complexity: O(warnings).

    >>> find_flagged((Warned(kind="collapse", tasks=("Jigsaw",), text=""),), AnalysisSettings())
    ('Jigsaw',)
    """
    flagged = [task for warned in warnings if warned.kind in FLAGGING for task in warned.tasks]
    return tuple(dict.fromkeys([*flagged, *settings.excluded_targets]))
