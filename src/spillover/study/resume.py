"""What is still to be done, and what has changed since: resuming and extending a study."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from spillover.study.plan import Cell, Evaluate, Finetune, Job, Plan
from spillover.study.store import Store
from spillover.study.study import Study


def pending(plan: Plan, store: Store) -> list[Job]:
    """Find the jobs that are still to be done. This is the whole of resuming.

    A model is asked only what it has not answered, and an adapter is trained only if something is to be asked of it.
    """
    answered = store.answered()
    unanswered = {job.key: _unanswered(job, answered) for job in plan.evaluations}
    needed = {key for job in plan.evaluations if unanswered[job.key].questions for key in job.needs}
    jobs: list[Job] = []
    for job in plan.jobs:
        match job:
            case Finetune():
                if job.key in needed and not store.has_adapter(job):
                    jobs.append(job)
            case Evaluate():
                if unanswered[job.key].questions:
                    jobs.append(unanswered[job.key])
    return jobs


def _unanswered(job: Evaluate, answered: Mapping[Cell, Path]) -> Evaluate:
    cells = zip(job.questions, job.cells(), strict=True)
    return replace(job, questions=tuple(question for question, cell in cells if cell not in answered))


def difference(before: Study, after: Study) -> list[str]:
    """Say in lines what differs between two versions of a study, provenance apart.

    >>> difference(Study(name="a", seeds=(0,)), Study(name="a", seeds=(0, 1)))
    ['seeds: + 1']
    """
    ignored = {"provenance", "output", "executor"}
    old, new = (study.model_dump(mode="json", exclude=ignored) for study in (before, after))
    return list(_differences(old, new, ""))


def _differences(old: Any, new: Any, path: str) -> Iterator[str]:
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys((*old, *new)):
            yield from _differences(old.get(key), new.get(key), f"{path}.{key}".lstrip("."))
    elif isinstance(old, list) and isinstance(new, list):
        gone = [f"− {_show(value)}" for value in old if value not in new]
        added = [f"+ {_show(value)}" for value in new if value not in old]
        yield f"{path}: {', '.join([*gone, *added]) or 'another order'}"
    else:
        yield f"{path}: {_show(old)} → {_show(new)}"


def _show(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("name") or value.get("kind") or value)
    return str(value)
