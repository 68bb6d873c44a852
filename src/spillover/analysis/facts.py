"""What is known of the tasks of an analysis beside their scores: short names, groups, chance, possible ceilings."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import takewhile

from spillover.core.errors import TaskError
from spillover.tasks.catalogue import find_task
from spillover.tasks.task import Task

Facts = Mapping[str, Task]


def collect_facts(names: Iterable[str], tasks: Iterable[Task] = ()) -> dict[str, Task]:
    """Find what is known of each task: from the given tasks, else from BLINK's catalogue, else the bare name.

    Args:
        names: tasks of the data, sources and targets.
        tasks: tasks that the caller knows; they win over the catalogue.

    Returns:
        One `Task` a name, with abbreviations that differ from each other. Of tasks that have none of their own it is
        the name, without the words with which all of their names begin.

    Complexity: O(names · log names), of the sorting.

    >>> facts = collect_facts(["Jigsaw", "My_Own_Task"])
    >>> facts["Jigsaw"].level, facts["My_Own_Task"].abbreviation
    ('mid', 'MOT')
    """
    given = {task.name: task for task in tasks}
    facts = {name: given.get(name) or _look_up(name) for name in names}
    called = Counter(task.abbreviation for task in facts.values())
    unnamed = [name for name, task in facts.items() if called[task.abbreviation] > 1 or task.abbreviation == name]
    short = dict(zip(unnamed, _without_prefix(unnamed), strict=True))
    if not {task.abbreviation for name, task in facts.items() if name not in short}.isdisjoint(short.values()):
        short = {name: name for name in unnamed}
    return {name: replace(task, abbreviation=short.get(name, task.abbreviation)) for name, task in facts.items()}


def _without_prefix(names: Sequence[str]) -> list[str]:
    """Take off the whole words with which all names begin, unless that leaves nothing of one.

    >>> _without_prefix(["our_vqa_00", "our_vqa_01"]), _without_prefix(["Jigsaw", "Jig"])
    (['00', '01'], ['Jigsaw', 'Jig'])
    """
    if len(names) < 2:
        return list(names)
    words = zip(*(re.findall(r"[^\W_]*[\W_]+", name) for name in names), strict=False)
    prefix = "".join(word for word, *_ in takewhile(lambda each: len(set(each)) == 1, words))
    shortened = [name.removeprefix(prefix) for name in names]
    return shortened if all(shortened) else list(names)


def _look_up(name: str) -> Task:
    try:
        return find_task(name)
    except TaskError:
        initials = "".join(word[0] for word in re.findall(r"[A-Za-z0-9]+", name)).upper()
        return Task(name=name, abbreviation=initials if len(initials) > 1 else name[:4])
