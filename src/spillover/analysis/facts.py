"""What is known of the tasks of an analysis beside their scores: short names, groups, chance, possible ceilings."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

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
        One `Task` a name, with abbreviations that differ from each other.

    Complexity: O(names).

    >>> facts = collect_facts(["Jigsaw", "My_Own_Task"])
    >>> facts["Jigsaw"].level, facts["My_Own_Task"].abbreviation
    ('mid', 'MOT')
    """
    given = {task.name: task for task in tasks}
    facts = {name: given.get(name) or _look_up(name) for name in names}
    called = Counter(task.abbreviation for task in facts.values())
    return {
        name: task if called[task.abbreviation] == 1 else replace(task, abbreviation=name)
        for name, task in facts.items()
    }


def _look_up(name: str) -> Task:
    try:
        return find_task(name)
    except TaskError:
        initials = "".join(word[0] for word in re.findall(r"[A-Za-z0-9]+", name)).upper()
        return Task(name=name, abbreviation=initials if len(initials) > 1 else name[:4])
