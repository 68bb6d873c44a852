"""What others call a task, and what it is called here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache

from spillover.core.errors import ImportFileError, shortened
from spillover.core.printable import find_control
from spillover.tasks.catalogue import BLINK, IQ_TEST
from spillover.tasks.task import Task, option_letters

KNOWN: tuple[Task, ...] = (*(entry.task for entry in BLINK), IQ_TEST)


def _fold(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold().removeprefix("blink"))


_BY_FOLDED = {_fold(task.name): task.name for task in KNOWN}
_BY_ABBREVIATION = {task.abbreviation: task.name for task in KNOWN}
_OPTIONS = {task.name: task.options or 0 for task in KNOWN}


@lru_cache(maxsize=4096)
def settle_name(name: str) -> str:
    """Give a task the name that BLINK gives it, where its name says that it is one of BLINK's; others keep theirs.

    It says so by BLINK's abbreviation, or by `blink` before BLINK's name, however that is spelt, as evaluation tools
    write it. What is merely called so, such as a dataset `counting` of the user's, is not BLINK's for that.

    >>> settle_name("blink_art_style"), settle_name("BLINK:Counting"), settle_name("JG"), settle_name("counting")
    ('Art_Style', 'Counting', 'Jigsaw', 'counting')
    """
    name = name.strip()
    if name.casefold().startswith("blink"):
        return _BY_FOLDED.get(_fold(name), name)
    return _BY_ABBREVIATION.get(name, name)


def spelt_nearly_as(name: str) -> str | None:
    """The task of BLINK whose name this is but for case, spaces and signs.

    >>> spelt_nearly_as("multi view reasoning"), spelt_nearly_as("mmmu_val")
    ('Multi-view_Reasoning', None)
    """
    return _BY_FOLDED.get(_fold(name))


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskNames:
    """What the tasks of some files are called here: as the user says, else as `settle_name` does."""

    renamed: Mapping[str, str] = field(default_factory=dict[str, str])
    """By the files' name; a task that is renamed to itself keeps its name."""

    def settle(self, name: str) -> str:
        """Give a task its name.

        Raises:
            ImportFileError: a control character stands in it.

        >>> TaskNames(renamed={"CN": "CN"}).settle("CN"), TaskNames().settle("CN")
        ('CN', 'Counting')
        """
        refuse_control([name], "task")
        return self.renamed.get(name.strip()) or settle_name(name)

    def changed(self, names: Iterable[str]) -> dict[str, str]:
        """Which names are others here though the user did not say so, each with its name here."""
        return {
            name: settled
            for name in dict.fromkeys(each.strip() for each in names)
            if name not in self.renamed and (settled := settle_name(name)) != name
        }

    def is_said(self, name: str) -> bool:
        """Whether the user said that a task is called so here."""
        return name in self.renamed.values()


def refuse_control(names: Iterable[str], what: str) -> None:
    """Refuse names that would steer the terminal where they are shown.

    Raises:
        ImportFileError: a control character stands in one.
    """
    if (steers := find_control(names)) is not None:
        message = f"a control character stands in the name of a {what}: {shortened(steers)}"
        raise ImportFileError(message, hint="give it another name in the file")


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


def is_same_word(name: str, other: str) -> bool:
    """Whether two names differ by case, signs and `blink` before them alone.

    >>> is_same_word("art style", "Art_Style"), is_same_word("Jigsw", "Jigsaw")
    (True, False)
    """
    return _fold(name) == _fold(other)


def is_any_of(tasks: Iterable[str], name: str) -> bool:
    """Whether a name is that of a task, but for case and signs.

    >>> is_any_of(["Jigsaw"], "jigsaw"), is_any_of(["Jigsaw"], "jigsaw-lora")
    (True, False)
    """
    return any(is_same_word(name, task) for task in tasks)


def find_task_in(name: str, tasks: Iterable[str]) -> str | None:
    """Find the task whose name is some of the words of a longer name; of several, the longest.

    >>> find_task_in("qwen-jigsaw-lora", ["Art_Style", "Jigsaw"]), find_task_in("jigsaws", ["Jigsaw"])
    ('Jigsaw', None)
    """
    words = [word for word in re.split(r"[\W_]+", name.casefold()) if word]
    runs = {"".join(words[start:end]) for start in range(len(words)) for end in range(start + 1, len(words) + 1)}
    held = [task for task in tasks if _fold(task) in runs and not is_same_word(task, name)]
    return max(held, key=len, default=None)


def is_known(name: str) -> bool:
    """Whether a settled name is one of BLINK's tasks."""
    return name in _OPTIONS
