"""The plan as a study's folder keeps it: all that reading needs, so that no data or model is looked at again.

A folder that was copied to another machine is read with this file, study.yaml and the scores alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ConfigDict, TypeAdapter, ValidationError

from spillover.core.errors import StoreError
from spillover.core.files import read_file
from spillover.core.printable import find_control
from spillover.study.plan import Evaluate, Finetune, Job, Plan, Question
from spillover.study.study import Study
from spillover.tasks.task import Task

PLAN_SCHEMA = 2
"""1 repeated the questions in every evaluation, which is read as well."""
KEY = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _PlanFile:
    __pydantic_config__ = ConfigDict(extra="forbid")  # of its parts, too: a key that is mistyped would be a value lost
    schema: int
    tasks: tuple[Task, ...]
    questions: tuple[Question, ...] = ()
    """Those of every evaluation that lists none: a study asks all its models the same."""
    jobs: tuple[Finetune | Evaluate, ...]


_ADAPTER = TypeAdapter(_PlanFile)


def dump_plan(plan: Plan) -> bytes:
    """Write a plan, its study left out, as JSON."""
    shared = plan.evaluations[0].questions if plan.evaluations else ()
    jobs = tuple(_with_questions(job, shared, ()) for job in plan.jobs)
    return _ADAPTER.dump_json(_PlanFile(schema=PLAN_SCHEMA, tasks=plan.tasks, questions=shared, jobs=jobs), indent=1)


def _with_questions(job: Job, given: tuple[Question, ...], wanted: tuple[Question, ...]) -> Job:
    """Give an evaluation that has the given questions the wanted ones."""
    return replace(job, questions=wanted) if isinstance(job, Evaluate) and job.questions == given else job


def read_plan(file: Path, study: Study) -> Plan:
    """Read the plan that belongs to a stored study.

    Raises:
        StoreError: there is none, it is broken, or a later spillover wrote it.
    """
    hint = "give spillover run STUDY once more: it writes the file anew and repeats no finished job"
    try:
        kept = _ADAPTER.validate_json(read_file(file))
    except FileNotFoundError as error:
        message = f"the folder has no {file.name}: an earlier version of spillover made it"
        raise StoreError(message, where=str(file.parent), hint=hint) from error
    except OSError as error:
        raise StoreError(f"cannot read the plan: {error.strerror}", where=str(file)) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise StoreError(f"the plan is broken: {place}: {first['msg']}", where=str(file), hint=hint) from error
    if kept.schema > PLAN_SCHEMA:
        message = f"the plan has the schema {kept.schema}, and this spillover reads {PLAN_SCHEMA}"
        raise StoreError(message, where=str(file), hint="install the spillover that wrote it, or a later one")
    for key in _keys(kept):
        if not KEY.fullmatch(key):  # adapters lie under their keys, so a key must never be a path
            raise StoreError(f"the plan is broken: {key!r} is no key", where=str(file), hint=hint)
    if (steers := find_control(_names(kept))) is not None:
        raise StoreError(f"the plan is broken: a control character stands in {steers!r}", where=str(file), hint=hint)
    jobs = tuple(_with_questions(job, (), kept.questions) for job in kept.jobs)
    return Plan(study=study, tasks=kept.tasks, jobs=jobs)


def _names(kept: _PlanFile) -> Iterator[str]:
    """What tables and progress call things by."""
    yield from (name for task in kept.tasks for name in (task.name, task.abbreviation))
    for job in kept.jobs:
        yield from (job.model, job.source, job.control or "")
        yield from (question.target for question in (job.questions if isinstance(job, Evaluate) else ()))
    yield from (question.target for question in kept.questions)


def _keys(kept: _PlanFile) -> Iterator[str]:
    listed = [kept.questions, *(job.questions for job in kept.jobs if isinstance(job, Evaluate))]
    yield from (question.target_key for questions in listed for question in questions)
    for job in kept.jobs:
        yield job.adapter_key
        yield from job.needs
