"""What a user should look at in what was made of the runs' and tasks' names, before anything is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache, partial

from spillover.core.numbers import counted
from spillover.interop.found import Place
from spillover.interop.mapping import MappedRun
from spillover.interop.run_pattern import RunPattern, fitting_pattern
from spillover.interop.task_names import TaskNames, find_task_in, is_any_of


def mapping_notes(mapped: Sequence[MappedRun], names: TaskNames) -> list[str]:
    """Say what a user should look at before the runs are read; what would mislead most comes first."""
    notes = list(_sources_with_a_task(mapped, names))
    notes += renaming_notes(names, [task for each in mapped for task in each.run.tasks])
    notes += dict.fromkeys(note for each in mapped for note in each.run.notes)
    if earlier := [file for each in mapped for file in each.run.earlier]:
        listing = f"{counted(len(earlier), 'file')}, the first {earlier[0].parent.name}/{earlier[0].name}"
        notes.append(f"the newest evaluation of each run and task is read, earlier ones are left out: {listing}")
    held: dict[Place, dict[str, list[str]]] = {}
    for each in mapped:
        for task in dict.fromkeys(names.settle(task) for task in each.run.tasks):
            held.setdefault(each.place, {}).setdefault(task, []).append(each.run.name)
    for place, tasks in held.items():
        shared = {task: runs for task, runs in tasks.items() if len(runs) > 1}
        if shared:
            here = place.source if place.seed is None else f"{place.source}, seed {place.seed}"
            runs = ", ".join(next(iter(shared.values())))
            notes.append(
                f"several runs are {here} and hold {', '.join(shared)}: {runs}; no example may be in two of them"
            )
    return notes


def _sources_with_a_task(mapped: Sequence[MappedRun], names: TaskNames) -> Iterator[str]:
    """Say which sources are no tasks but hold the name of one: what was finetuned on it then counts as another's."""
    targets = dict.fromkeys(names.settle(task) for each in mapped for task in each.run.tasks)
    finetunes = [each for each in mapped if not each.is_base]
    sources = dict.fromkeys(each.place.source for each in finetunes)
    held = {
        source: task
        for source in sources
        if source not in targets and not names.is_said(source) and (task := find_task_in(source, targets))
    }
    if not held:
        return
    pattern = fitting_pattern([each.run.name for each in finetunes], cache(partial(is_any_of, targets)))
    first = next(iter(held))
    mended = RunPattern.of(pattern).read(_first_run(finetunes, first), lambda _: False) if pattern else None
    is_better = mended is not None and is_any_of(targets, mended[0])
    hint = f"--pattern '{pattern}'" if is_better else " ".join(f"--rename {name}={task}" for name, task in held.items())
    listing = ", ".join(f"{source} ({task})" for source, task in held.items())
    yield (
        f"sources that are no tasks here, but hold the name of one: {listing}; what they do to that task counts as "
        f"transfer between two tasks. If it is their own: {hint}"
    )


def _first_run(mapped: Sequence[MappedRun], source: str) -> str:
    return next(each.run.name for each in mapped if each.place.source == source)


def renaming_notes(names: TaskNames, tasks: Iterable[str]) -> list[str]:
    """Say in one line which tasks of the files are called here as BLINK calls them."""
    changed = names.changed(tasks)
    if not changed:
        return []
    first = next(iter(changed))
    listing = ", ".join(f"{name} is {settled}" for name, settled in changed.items())
    return [f"taken for BLINK's tasks by their names: {listing}; --rename {first}={first} keeps a name"]
