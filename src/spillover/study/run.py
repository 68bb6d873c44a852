"""Runs a study: load, plan, do what is pending, keep it. `spillover run` is these lines with a progress display."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass

from spillover.core.errors import ModelError, StoreError, StudyError
from spillover.core.files import is_writable
from spillover.core.numbers import counted
from spillover.study.devices import executor_of, obstacles
from spillover.study.executors.executor import JobEvent, JobFailed, JobFinished, JobKept, Worker, never
from spillover.study.job_log import JobLog
from spillover.study.model_faults import missing_weights
from spillover.study.plan import Evaluate, Finetune, Job, JobInput, Plan
from spillover.study.preparing import Prepared, prepare
from spillover.study.provenance import package_versions
from spillover.study.shard import Shard
from spillover.study.store import Store
from spillover.study.study import Study
from spillover.study.writable import refuse_unwritable

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What came of running a study."""

    plan: Plan
    """The study's; a trial's own, where it was one."""
    store: Store
    done: int = 0
    """Jobs that were done now."""
    failures: tuple[JobFailed, ...] = ()
    """Jobs that could not be done."""
    left: int = 0
    """Jobs that were asked for and neither done nor failed, since the run was asked to stop."""
    kept: int = 0
    """Of those left: the finetunes that were begun now, and go on from where they are."""


def run(
    study: Study,
    *,
    only: str | None = None,
    limit: int | None = None,
    shard: Shard | None = None,
    on_event: Callable[[JobEvent], None] = lambda _: None,
    stop: Callable[[], bool] = never,
) -> Run:
    """Run a study, or what is left of it.

    Jobs run in processes of their own: call this under `if __name__ == "__main__":` in a script.

    Args:
        study: as loaded from its file.
        only: one source's name, or `source=NAME` as the command has it; the base and this source alone are run.
        limit: a trial, on at most so many examples a target: its adapters are the study's, its scores are kept beside
            the study's, and `read_scores` does not read them.
        shard: a part of the jobs; the others are run elsewhere, in this folder or one that is copied into it.
        on_event: called with everything that happens.
        stop: asked again and again; once it is true no job is begun, finetunes hand over what they can go on from, and
            the run ends.

    Returns:
        The plan and the folder, from which `read_scores` reads.

    Raises:
        StudyError: the study has faults.
        StoreError: its folder belongs to something else or cannot be written.
        ModelError: a device or package is asked for that this machine lacks.
    """
    return carry_out(prepare(study, only=only, limit=limit, shard=shard), on_event, stop)


def carry_out(
    prepared: Prepared, on_event: Callable[[JobEvent], None] = lambda _: None, stop: Callable[[], bool] = never
) -> Run:
    """Do the jobs of a prepared study, and keep each result as it comes.

    A trial begins a study that is not begun, and leaves what is there of one as it is.

    Raises:
        StoreError: a result cannot be written. Where the state of an unfinished job cannot, that is a warning: the job
            goes on.
    """
    plan, store = prepared.asked, prepared.store
    _refuse_what_cannot_run(prepared)
    executor = executor_of(plan.study) if prepared.jobs else None
    is_new = _begin(prepared)
    if is_new and executor is None:
        store.remove_findings()  # else they stand until there is something new
    versions = package_versions()
    failures: list[JobFailed] = []
    done, kept = 0, set[str]()
    if executor is not None:
        running = executor.run(prepared.jobs, _Start(plan.study), _input_from(store), stop)
        with JobLog(store.folder) as log, closing(running) as events:
            for event in events:
                if not _keep(event, store, versions, log):
                    continue
                _note_kept(event, kept)
                if isinstance(event, JobFinished):
                    if not done and not prepared.is_trial:
                        store.remove_findings()
                    done += 1
                if isinstance(event, JobFailed):
                    failures.append(event)
                log.tell(event)  # and not before: it says that what it tells is kept
                on_event(event)
        store.settle()  # nor where it was killed: the next driver does it then, at its beginning
    whole = plan if prepared.is_trial else prepared.plan
    left = len(prepared.jobs) - done - len(failures)
    return Run(plan=whole, store=store, done=done, failures=tuple(failures), left=left, kept=len(kept))


def _keep(event: JobEvent, store: Store, versions: Mapping[str, str], log: JobLog) -> bool:
    """Write what an event brings, if it brings anything; False where it could not be, and nothing is lost by that.

    Raises:
        StoreError: a result cannot be written.
    """
    match event:
        case JobFinished(job=job, result=outcome):
            try:
                store.record(outcome, versions)
            except StoreError as error:
                log.tell(JobFailed(job, error))
                raise
        case JobKept(job=job, state=state):
            try:
                store.keep_unfinished(job, state)
            except StoreError as error:
                log.say(job, f"could not be kept as it stands: {error}")
                logger.warning("%s could not be kept as it stands: %s", job.label, error)
                return False
        case _:
            pass
    return True


def _note_kept(event: JobEvent, kept: set[str]) -> None:
    """Note which jobs, by their keys, would go on from what they have handed over."""
    if isinstance(event, JobKept):
        kept.add(event.job.key)
    elif isinstance(event, JobFinished | JobFailed):
        kept.discard(event.job.key)


def _refuse_what_cannot_run(prepared: Prepared) -> None:
    if prepared.is_undone:
        changed = "; ".join(prepared.changed()) or "the models' files, the data or how spillover trains"
        raise StoreError(
            f"{counted(len(prepared.unexplained), 'finished job')} would be done anew, though the study says of them "
            f"what it said. What is not what it was: {changed}",
            where=str(prepared.store.folder),
            hint="put back what has changed, or give another output: to do all anew; what is finished stays here. To "
            "keep what the others are worth, give a task whose data have changed another name:",
        )
    if prepared.jobs and (found := obstacles(prepared.asked.study)):
        raise ModelError("this machine cannot run the study: " + "; ".join(found))
    if prepared.jobs and (faults := missing_weights(prepared.asked.study)):
        raise StudyError(faults)


def _begin(prepared: Prepared) -> bool:
    """Begin a study or go on with it, and say whether the folder held no study or another version of it."""
    store = prepared.store
    if not prepared.jobs and not is_writable(store.folder):  # it can be read all the same
        return False
    if prepared.is_trial and store.begun(prepared.asked.study):
        refuse_unwritable(store.folder)
        is_new = False
    else:
        is_new = store.begin(prepared.plan)
    for job in prepared.jobs:
        if isinstance(job, Evaluate):
            store.adopt(job)
    return is_new


@dataclass(frozen=True, slots=True)
class _Start:
    """Starts a worker in the process where it is called."""

    study: Study

    def __call__(self, device: str) -> Worker:
        from spillover.study.work import start_worker  # noqa: PLC0415 (only workers pay for loading models' modules)

        return start_worker(self.study, device)


def _input_from(store: Store) -> Callable[[Job], JobInput]:
    def input_of(job: Job) -> JobInput:
        match job:
            case Finetune():
                return store.unfinished(job)
            case Evaluate(adapter_key=key, step=int(step)):
                return store.adapter_files(key, step)
            case Evaluate():
                return None

    return input_of
