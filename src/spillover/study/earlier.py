"""What was done of a study before spillover, or what results depend on, became another: kept where it holds, else told.

A key only says that something is another. Without this, finished jobs would be done anew in silence, and those of a
real study take hundreds of GPU hours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from spillover.core.errors import SpilloverError
from spillover.models.settings import EARLIER_TRAININGS
from spillover.study.adapter_store import is_there
from spillover.study.plan import SAME_WEIGHTS, Evaluate, Finetune, Job, Plan
from spillover.study.resume import difference, pending
from spillover.study.store import Store
from spillover.study.study import Provenance, Study
from spillover.tasks.data import Split
from spillover.tasks.settings import FileTask, HubTask, Recipe

NAMED = (FileTask, HubTask)
"""Entries of `tasks` that are one task each, and say what it is called."""
ASKED_ALONE = {"names", "examples", "validation"}
"""Of an entry: which tasks it has, and what is evaluated on; nothing that changes what one of them trains on."""


def keep_earlier(plan: Plan, store: Store) -> Plan:
    """Take what earlier versions of spillover trained for a plan, where that leaves less to do.

    Only an adapter that is finished is taken: no key may stand for what another version trained.

    Args:
        plan: as `plan_study` lays it out.
        store: the study's.
    """
    left = pending(plan, store)
    if not left:
        return plan
    for place in range(len(EARLIER_TRAININGS)):
        left += pending(_under(plan, {key: earlier[place] for key, earlier in plan.earlier.items()}), store)
    to_train = {job.adapter_key for job in left if isinstance(job, Finetune)}
    to_ask: Counter[str] = Counter()
    for job in left:
        to_ask[job.adapter_key] += len(job.questions) if isinstance(job, Evaluate) else 0

    def best(key: str) -> str:
        finished = [other for other in plan.earlier[key] if other not in to_train]
        return min([key, *finished], key=lambda each: (each in to_train, to_ask[each]))  # among equals the newest

    return _under(plan, {key: best(key) for key in plan.earlier})


def _under(plan: Plan, keys: Mapping[str, str]) -> Plan:
    """Give adapters other keys, and so their jobs."""
    jobs: list[Job] = []
    called: dict[str, str] = {}
    for job in plan.jobs:
        needs = tuple(called[key] for key in job.needs)
        moved = replace(job, adapter_key=keys.get(job.adapter_key, job.adapter_key), needs=needs)
        called[job.key] = moved.key
        jobs.append(moved)
    return replace(plan, jobs=tuple(jobs))


def done_anew(store: Store, jobs: Sequence[Job]) -> tuple[Job, ...]:
    """Find jobs that are to be done, though the plan in the folder has them done: what they depend on is another.

    Args:
        store: the study's; where it has no plan that can be read, nothing is known to be done.
        jobs: what is to be done.
    """
    if not jobs:
        return ()
    try:
        before = store.stored_plan()
    except SpilloverError:
        return ()
    to_do = {job.label for job in pending(before, store)}
    finished = {of: key for job in before.jobs if job.label not in to_do for of, key in _keys(job).items()}
    return tuple(job for job in jobs if any(finished.get(of, key) != key for of, key in _keys(job).items()))


def _keys(job: Job) -> dict[tuple[str, ...], str]:
    """What results of a job are known by: an adapter, or the question that each target is."""
    if isinstance(job, Finetune):
        return {(job.label,): job.adapter_key}
    return {(job.label, each.target, each.protocol): each.target_key for each in job.questions}


def lacking_checkpoints(store: Store, jobs: Iterable[Job]) -> tuple[Finetune, ...]:
    """Find finetunes that are finished, but were not kept at every checkpoint that is wanted now.

    An adapter's last step is written last, and its weights at an earlier one are had by training alone.

    Args:
        store: the study's.
        jobs: what is to be done.
    """
    finetunes = (job for job in jobs if isinstance(job, Finetune))
    return tuple(job for job in finetunes if is_there(store.adapter(job.adapter_key, job.steps[-1])))


def find_unexplained(before: Study, plan: Plan, anew: Sequence[Job]) -> tuple[Job, ...]:
    """Find jobs that are to be done anew though the study says of them what it said.

    Where the study has changed in any way, those are finetunes alone, and of none whose data were not hashed when the
    folder was written, as earlier versions did not: whether its data have changed cannot be told.

    Args:
        before: the study as its folder has it.
        plan: as it is now.
        anew: what is to be done anew.
    """
    if not difference(before, plan.study):
        return tuple(anew)
    hashed = before.provenance.training if before.provenance else {}
    finetunes = (job for job in anew if isinstance(job, Finetune) and job.source in hashed)
    return tuple(job for job in finetunes if _said(before, job) == _said(plan.study, job))


def _said(study: Study, job: Finetune) -> list[Any]:
    """What a study says of all that a finetune's weights depend on."""
    model = next((each for each in study.models if each.name == job.model), None)
    mixture = next((each for each in study.mixtures if each.name == job.source), None)
    parts = mixture.mixture.parts if mixture and isinstance(mixture.mixture, Recipe) else (job.source,)
    own = {name: each for each in study.tasks if isinstance(each, NAMED) for name in (each.name, each.abbreviation)}
    suites = [each for each in study.tasks if not isinstance(each, NAMED)]
    tasks = [[own[part]] if part in own else suites or study.tasks for part in parts]
    return [
        model and model.model_dump(exclude={"device_map"}),
        study.training_of(job.source).model_dump(exclude=SAME_WEIGHTS),
        study.evaluation.maximum_new_tokens if job.control == "own" else None,
        mixture and mixture.model_dump(),
        [[task.model_dump(exclude=ASKED_ALONE) for task in each] for each in tasks],
    ]


def tell_changed(before: Study, plan: Plan, anew: Sequence[Job], to_do: Iterable[Job]) -> list[str]:
    """Name what finished jobs rest on that is not what it was, though the study is, as far as can be told.

    Args:
        before: the study as its folder has it.
        plan: as it is now.
        anew: what is to be done anew, and the study does not explain.
        to_do: all that is to be done. Of a study of before there were hashes of training data, a finetune that is not
            in it shows that spillover trains as it did.
    """
    old, new = (study.provenance or Provenance() for study in (before, plan.study))
    models = [name for name in dict.fromkeys(job.model for job in anew) if _differs(old.models, new.models, name)]
    asked = dict.fromkeys(each.target for job in anew if isinstance(job, Evaluate) for each in job.questions)
    trained = dict.fromkeys(job.source for job in anew if isinstance(job, Finetune) and job.model not in models)
    hashed = [name for name in trained if name in old.training]
    others = [name for name in trained if name not in old.training]
    undone = {job.key for job in to_do}
    is_kept = any(job.key not in undone for job in plan.finetunes)
    changed = [name for name in hashed if _differs(old.training, new.training, name)] + (others if is_kept else [])
    said = [f"the files of the model {name}" for name in models]
    said += [f"the training data of {name}{_file(plan.study, name, 'train')}" for name in changed]
    said += [f"the training data of {', '.join(others)}, or how spillover trains"] if others and not is_kept else []
    said += ["how spillover trains"] if set(hashed) - set(changed) else []
    targets = [name for name in asked if _differs(old.tasks, new.tasks, name)]
    return said + [f"the evaluation data of {name}{_file(plan.study, name, 'validation')}" for name in targets]


def _differs(old: Mapping[str, str], new: Mapping[str, str], name: str) -> bool:
    """Whether a hash is known to be another."""
    return name in old and name in new and old[name] != new[name]


def _file(study: Study, name: str, split: Split) -> str:
    """Where a task's data stand, if they are a file."""
    files = (getattr(each, split) for each in study.tasks if isinstance(each, FileTask) and each.name == name)
    file = next(files, None)
    return f" ({file})" if file else ""


def tell_earlier(plan: Plan, jobs: Iterable[Job]) -> list[str]:
    """Say in lines what of a plan is kept of earlier versions of spillover.

    Args:
        plan: the study's, with what is kept.
        jobs: what is still to be done.
    """
    known = {key for earlier in plan.earlier.values() for key in earlier}
    kept = sum(job.adapter_key in known for job in plan.finetunes)
    if not kept:
        return []
    to_do = sum(isinstance(job, Finetune) for job in jobs)
    mixed = f" beside the {to_do} to do, which this one trains" if to_do else ""
    return [
        f"{kept} of {len(plan.finetunes)} finetunes were made by an earlier version of spillover, which trained a "
        f"little otherwise; they are kept{mixed}; to train all by this one, give another output:"
    ]
