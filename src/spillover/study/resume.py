"""What is still to be done, and what has changed since: resuming and extending a study."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from spillover.core.scores import BASE_SOURCE
from spillover.study.plan import Evaluate, Finetune, Job, Plan
from spillover.study.store import Store
from spillover.study.study import Study


def pending(plan: Plan, store: Store) -> list[Job]:
    """Find the jobs that are still to be done. This is the whole of resuming.

    A model is asked only what it has not answered, and an adapter is trained only if something is to be asked of it.
    """
    lacking = unanswered(plan, store)
    needed = {key for job in lacking if job.questions for key in job.needs}
    left = iter(lacking)
    jobs: list[Job] = []
    for job in plan.jobs:
        match job:
            case Finetune():
                if job.key in needed and not store.has_adapter(job):
                    jobs.append(job)
            case Evaluate():
                if (rest := next(left)).questions:
                    jobs.append(rest)
    return jobs


def unanswered(plan: Plan, store: Store) -> list[Evaluate]:
    """Leave of each evaluation what is still to be asked, which may be nothing."""
    answered = store.answered()
    return [_rest(job, answered.get(job.asked, {})) for job in plan.evaluations]


def _rest(job: Evaluate, answered: Container[str]) -> Evaluate:
    return replace(job, questions=tuple(each for each in job.questions if each.target_key not in answered))


def finished_part(plan: Plan, store: Store) -> Plan:
    """Keep what can be analysed: of each model the base, and sources and controls that lack no score of any seed.

    A model whose base, or every source, lacks something is left out.
    """
    lacking = {_unit(job) for job in unanswered(plan, store) if job.questions}
    whole = {_unit(job) for job in plan.evaluations} - lacking
    bases = {model for model, source, _ in whole if source == BASE_SOURCE}
    with_sources = {model for model, source, control in whole if source != BASE_SOURCE and control is None}
    kept = bases & with_sources
    return replace(plan, jobs=tuple(job for job in plan.jobs if job.model in kept and _unit(job) in whole))


def _unit(job: Job) -> tuple[str, str, str | None]:
    return job.model, job.source, job.control


def changed_versions(made_with: Mapping[str, Sequence[str]], here: Mapping[str, str]) -> list[str]:
    """Say in lines which packages are not those that a study's results were made with.

    >>> changed_versions({"numpy": ["1.26"], "torch": ["2.6"]}, {"numpy": "1.26", "torch": "2.13"})
    ['torch 2.13 is here; what is done was made with 2.6']
    """
    return [
        f"{name} {here.get(name, 'missing')} is here; what is done was made with {' and '.join(versions)}"
        for name, versions in made_with.items()
        if set(versions) != {here.get(name)}
    ]


def difference(before: Study, after: Study) -> list[str]:
    """Say in lines what differs between two versions of a study, provenance apart.

    >>> difference(Study(name="a", seeds=(0,)), Study(name="a", seeds=(0, 1)))
    ['seeds: + 1']
    >>> fewer = Study.model_validate({"name": "a", "tasks": {"kind": "perception", "examples": 9}})
    >>> difference(Study(name="a"), fewer)
    ['tasks[perception].examples: 200 → 9']
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
        yield from _list_differences(old, new, path)
    else:
        yield f"{path}: {_show(old)} → {_show(new)}"


def _list_differences(old: list[Any], new: list[Any], path: str) -> Iterator[str]:
    """What came and went; what is still there under its old name, but not as it was, is taken apart."""
    before, after = _labelled(old), _labelled(new)
    gone = [f"− {name}" for name in before if name not in after]
    added = [f"+ {name}" for name in after if name not in before]
    changed = [name for name in before if name in after and before[name] != after[name]]
    if gone or added:
        yield f"{path}: {', '.join([*gone, *added])}"
    for name in changed:
        yield from _differences(before[name], after[name], f"{path}[{name}]")
    if not (gone or added or changed):
        yield f"{path}: another order"


def _labelled(values: list[Any]) -> dict[str, Any]:
    labelled: dict[str, Any] = {}
    for value in values:
        label, number = _show(value), 1
        while label in labelled:
            number += 1
            label = f"{_show(value)} {number}"
        labelled[label] = value
    return labelled


def _show(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("name") or value.get("kind") or ", ".join(value.get("adapters") or ()) or value)
    return str(value)
