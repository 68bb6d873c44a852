"""Runs a study: load, plan, do what is pending, keep it. `spillover run` is these lines with a progress display."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from spillover.core.errors import Fault, ModelError, StoreError, StudyError
from spillover.core.keys import content_key
from spillover.models.identity import model_identity
from spillover.models.settings import ModelSettings
from spillover.models.size import count_parameters
from spillover.study.devices import devices_of, executor_of, obstacles, precision_of
from spillover.study.earlier import done_anew, keep_earlier
from spillover.study.executors.executor import JobEvent, JobFailed, JobFinished, JobKept, Worker, never
from spillover.study.job_log import JobLog
from spillover.study.model_faults import missing_weights
from spillover.study.opening import StudyTasks, open_study, study_faults
from spillover.study.overlap import Overlap, find_same_images
from spillover.study.pinning import pin_study
from spillover.study.places import settle_paths
from spillover.study.plan import Evaluate, Finetune, Job, JobInput, Plan, plan_study
from spillover.study.provenance import package_versions
from spillover.study.resume import difference, pending
from spillover.study.shard import Shard
from spillover.study.store import Store
from spillover.study.study import Provenance, RayExecutor, Study
from spillover.tasks.data import find_named
from spillover.tasks.mixed import MixedTask

logger = logging.getLogger(__name__)

LEFT_OPEN = ("precision", "quantisation", "device_map")
"""Of a model: what may be `auto`."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A study that is ready to run."""

    plan: Plan
    """The whole study's."""
    asked: Plan
    """What is asked for now: the whole, one source of it, a shard, or a trial."""
    store: Store
    jobs: list[Job] = field(default_factory=list[Job])
    """What is still to be done of what is asked for."""
    examples: Mapping[str, int] = field(default_factory=dict[str, int])
    """By target: how many the study asks."""
    overlaps: tuple[Overlap, ...] = ()
    """The very images that are both trained on and asked about, as far as they were read; the largest share first."""
    stored: Study | None = None
    """The version of the study that its folder holds, if it was begun."""
    anew: tuple[Job, ...] = ()
    """Of the jobs: those that are finished, but not as the study, what it reads and spillover are now."""

    @property
    def is_trial(self) -> bool:
        """Whether fewer examples are asked than the study says, so that the scores are not the study's."""
        return self.asked.study.evaluation.limit != self.plan.study.evaluation.limit

    @property
    def is_undone(self) -> bool:
        """Whether finished finetunes are to be done anew though the study says what it said."""
        trained = any(isinstance(job, Finetune) for job in self.anew)
        return bool(trained and self.stored and not difference(self.stored, self.plan.study))


def prepare(study: Study, *, only: str | None = None, limit: int | None = None, shard: Shard | None = None) -> Prepared:
    """Check a study, resolve what is `auto` in it, and find what is still to be done. Nothing is written.

    Args:
        study: its relative paths are meant from here, unless it was loaded from a file.
        only: one source's name; the base and this source alone are asked for.
        limit: a trial, on at most so many examples a target.
        shard: a part of what is asked for, the others being done elsewhere.

    Raises:
        StudyError: the study has faults.
        StoreError: its folder belongs to something else.
        TaskError: `only` names no source.
    """
    study = settle_paths(study, Path.cwd())
    store = Store(Path(study.output))
    stored = _begun(store, study)
    pinned = pin_study(study, stored)
    tasks = open_study(pinned.study, pinned)
    study = pinned.study
    source = find_named([*tasks.sources, *tasks.given], only).task.name if only is not None else None
    plan = plan_study(resolve(study, stored), tasks)
    plan = keep_earlier(replace(plan, study=_with_provenance(plan.study, tasks)), store)
    trial = _limited(plan.study, limit)
    asked = plan if trial == plan.study else keep_earlier(plan_study(trial, tasks), store)
    asked = asked.only(source)
    asked = shard.part(asked) if shard else asked
    examples = {data.task.name: data.size("validation", study.evaluation.limit) for data in tasks.targets}
    jobs = pending(asked, store)
    lasting = [job for job in jobs if isinstance(job, Finetune) or trial == plan.study]  # a trial asks otherwise
    return Prepared(
        plan=plan,
        asked=asked,
        store=store,
        jobs=jobs,
        examples=examples,
        overlaps=tuple(find_same_images(study, tasks)),
        stored=stored,
        anew=done_anew(store, lasting) if stored else (),
    )


def _begun(store: Store, study: Study) -> Study | None:
    try:
        return store.begun(study)
    except StoreError as error:
        if others := study_faults(study):
            raise StudyError([Fault(where=study.place("output"), message=str(error)), *others]) from error
        raise


def _limited(study: Study, limit: int | None) -> Study:
    said = study.evaluation.limit
    if limit is None or (said is not None and said <= limit):
        return study
    return study.model_copy(update={"evaluation": study.evaluation.model_copy(update={"limit": limit})})


def _with_provenance(study: Study, tasks: StudyTasks) -> Study:
    """Write down what the study meets: packages, and the content of its models and evaluation examples."""
    limit, examples = study.evaluation.limit, study.training.examples
    repeated = {data.task.name: data.repeated(examples) for data in tasks.sources if isinstance(data, MixedTask)}
    provenance = Provenance(
        versions=package_versions(),
        models={model.name: content_key(model_identity(model)) for model in study.models},
        tasks={data.task.name: content_key(data.identity("validation", limit)) for data in tasks.targets},
        rehearsal=study.provenance is not None and study.provenance.rehearsal,
        repeated={name: parts for name, parts in repeated.items() if parts},
    )
    return study.model_copy(update={"provenance": provenance})


def resolve(study: Study, stored: Study | None) -> Study:
    """Replace everything that is `auto`, the way it was replaced when the study was first planned.

    Raises:
        ModelError: a device is asked for that this machine lacks.
    """
    known = {model.name: model for model in (stored.models if stored else ())}
    models = [_resolve_model(model, known.get(model.name), study) for model in study.models]
    return study.model_copy(update={"models": tuple(models)})


def _resolve_model(model: ModelSettings, stored: ModelSettings | None, study: Study) -> ModelSettings:
    if stored is not None:
        settled = {name: getattr(stored, name) for name in LEFT_OPEN if getattr(model, name) == "auto"}
        model = model.model_copy(update=settled)
    if any(getattr(model, name) == "auto" for name in LEFT_OPEN):
        model = _resolve_here(model, study)
    return model


def _resolve_here(model: ModelSettings, study: Study) -> ModelSettings:
    if model.precision == "auto":
        model = model.model_copy(update={"precision": precision_of(study)})
    if isinstance(study.executor, RayExecutor):  # whose GPUs are not seen from here
        unseen = {"quantisation": "none", "device_map": "single"}
        return model.model_copy(
            update={name: value for name, value in unseen.items() if getattr(model, name) == "auto"}
        )
    from spillover.models.devices import resolve_placement  # noqa: PLC0415 (torch is loaded only where it is asked)

    return resolve_placement(model, count_parameters(model), devices_of(study)[0])


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
        only: one source's name; the base and this source alone are run.
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
    done = 0
    if executor is not None:
        running = executor.run(prepared.jobs, _Start(plan.study), _input_from(store), stop)
        with JobLog(store.folder) as log, closing(running) as events:
            for event in events:
                if not _keep(event, store, versions, log):
                    continue
                if isinstance(event, JobFinished):
                    if not done and not prepared.is_trial:
                        store.remove_findings()
                    done += 1
                if isinstance(event, JobFailed):
                    failures.append(event)
                log.tell(event)  # and not before: it says that what it tells is kept
                on_event(event)
    whole = plan if prepared.is_trial else prepared.plan
    left = len(prepared.jobs) - done - len(failures)
    return Run(plan=whole, store=store, done=done, failures=tuple(failures), left=left)


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


def _refuse_what_cannot_run(prepared: Prepared) -> None:
    if prepared.is_undone:
        raise StoreError(
            f"{len(prepared.anew)} finished jobs would be done anew, though the study says what it said: the models' "
            "files, the data or how spillover trains are not what they were",
            where=str(prepared.store.folder),
            hint="put back what has changed, or give another output: to do them anew; what is finished stays here",
        )
    if prepared.jobs and (found := obstacles(prepared.asked.study)):
        raise ModelError("this machine cannot run the study: " + "; ".join(found))
    if prepared.jobs and (faults := missing_weights(prepared.asked.study)):
        raise StudyError(faults)


def _begin(prepared: Prepared) -> bool:
    """Begin a study or go on with it, and say whether the folder held no study or another version of it."""
    store = prepared.store
    begins = not (prepared.is_trial and store.begun(prepared.asked.study))
    is_new = begins and store.begin(prepared.plan)
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
