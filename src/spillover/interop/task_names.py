"""What others call a task, and what it is called here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache

from spillover.tasks.catalogue import BLINK, IQ_TEST
from spillover.tasks.task import Task, option_letters

KNOWN: tuple[Task, ...] = (*(entry.task for entry in BLINK), IQ_TEST)


def _fold(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold().removeprefix("blink"))


_BY_FOLDED = {_fold(task.name): task.name for task in KNOWN}
_BY_ABBREVIATION = {task.abbreviation.casefold(): task.name for task in KNOWN}
_OPTIONS = {task.name: task.options or 0 for task in KNOWN}


@lru_cache(maxsize=4096)
def settle_name(name: str) -> str:
    """Give a task the name that BLINK gives it, however it is spelt; other tasks keep theirs.

    >>> settle_name("blink_art_style"), settle_name("Multi view reasoning"), settle_name("JG"), settle_name("mmmu_val")
    ('Art_Style', 'Multi-view_Reasoning', 'Jigsaw', 'mmmu_val')
    """
    return _BY_ABBREVIATION.get(name.strip().casefold()) or _BY_FOLDED.get(_fold(name)) or name.strip()


def is_abbreviation(name: str) -> bool:
    """Whether nothing but an abbreviation says that a task is one of BLINK's; a task of the user's may be called so.

    >>> is_abbreviation("CN"), is_abbreviation("counting")
    (True, False)
    """
    return name.strip().casefold() in _BY_ABBREVIATION


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskNames:
    """What the tasks of some files are called here: as the user says, else as `settle_name` does."""

    renamed: Mapping[str, str] = field(default_factory=dict[str, str])
    """By the files' name; a task that is renamed to itself keeps its name."""

    def settle(self, name: str) -> str:
        """Give a task its name.

        >>> TaskNames(renamed={"CN": "CN"}).settle("CN"), TaskNames().settle("CN")
        ('CN', 'Counting')
        """
        return self.renamed.get(name.strip()) or settle_name(name)

    def abbreviated(self, names: Iterable[str]) -> dict[str, str]:
        """Which names were taken for a task of BLINK by its abbreviation alone, and for which."""
        return {
            name: settle_name(name)
            for name in dict.fromkeys(each.strip() for each in names)
            if is_abbreviation(name) and name not in self.renamed
        }


def options_of(name: str) -> tuple[str, ...]:
    """The letters to choose from in a task of BLINK; none where the task is another.

    >>> options_of("Relative_Reflectance")
    ('(A)', '(B)', '(C)')
    """
    return option_letters(_OPTIONS.get(settle_name(name), 0))


def resembles(name: str, others: Iterable[str] = ()) -> str | None:
    """Find the known name that an unknown one was probably meant to be.

    Args:
        name: settled, and known to nobody.
        others: names that are known beside BLINK's.

    >>> resembles("Jigsw"), resembles("mmmu_val")
    ('Jigsaw', None)
    """
    folded = {_fold(other): other for other in (*_BY_FOLDED.values(), *others)}
    close = get_close_matches(_fold(name), folded, n=1, cutoff=0.8)
    return folded[close[0]] if close else None


def is_known(name: str) -> bool:
    """Whether a settled name is one of BLINK's tasks."""
    return name in _OPTIONS
