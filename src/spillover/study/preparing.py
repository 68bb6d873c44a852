"""Prepares a study to be run: what it says is checked, what is `auto` resolved, what is still to be done found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from spillover.core.errors import Fault, StoreError, StudyError
from spillover.core.keys import content_key
from spillover.models.identity import model_identity
from spillover.models.settings import ModelSettings
from spillover.models.size import count_parameters
from spillover.study.devices import devices_of, precision_of
from spillover.study.earlier import done_anew, find_unexplained, keep_earlier, lacking_checkpoints, tell_changed
from spillover.study.opening import StudyTasks, open_study, study_faults
from spillover.study.overlap import Overlap, find_same_images
from spillover.study.pinning import pin_study
from spillover.study.places import settle_paths
from spillover.study.plan import Finetune, Job, Plan, plan_study
from spillover.study.provenance import package_versions
from spillover.study.resume import difference, pending
from spillover.study.shard import Shard
from spillover.study.store import FINDINGS, Store
from spillover.study.study import Provenance, RayExecutorSettings, Study
from spillover.tasks.data import find_task_data
from spillover.tasks.mixed import MixedTask

LEFT_OPEN = ("precision", "quantisation", "device_map")
"""Of a model: what may be `auto`."""


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
    lacking: tuple[Finetune, ...] = ()
    """Of the jobs: finetunes that are finished, but were not kept at every checkpoint; they are trained once more."""

    @property
    def is_trial(self) -> bool:
        """Whether fewer examples are asked than the study says, so that the scores are not the study's."""
        return self.asked.study.evaluation.limit != self.plan.study.evaluation.limit

    @property
    def is_analysed(self) -> bool:
        """Whether no job is left, and the folder holds the findings of the study as it is."""
        is_same = self.stored is not None and not difference(self.stored, self.plan.study)
        return not self.jobs and is_same and all((self.store.folder / name).is_file() for name in FINDINGS)

    @property
    def unexplained(self) -> tuple[Job, ...]:
        """Of the jobs to be done anew: those that no change of the study explains."""
        return find_unexplained(self.stored, self.plan, self.anew) if self.stored else ()

    @property
    def is_undone(self) -> bool:
        """Whether finished finetunes are to be done anew though the study says of them what it said."""
        return any(isinstance(job, Finetune) for job in self.unexplained)

    def changed(self) -> list[str]:
        """What finished jobs rest on that is not what it was, though the study says what it said; may be nothing."""
        return tell_changed(self.stored, self.plan, self.unexplained, self.jobs) if self.stored else []


def prepare(study: Study, *, only: str | None = None, limit: int | None = None, shard: Shard | None = None) -> Prepared:
    """Check a study, resolve what is `auto` in it, and find what is still to be done. Nothing is written.

    Args:
        study: its relative paths are meant from here, unless it was loaded from a file.
        only: one source's name, or `source=NAME` as the command has it; the base and this source alone are asked for.
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
    every = [*tasks.sources, *tasks.given]
    source = find_task_data(every, only.removeprefix("source=")).task.name if only is not None else None
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
        lacking=lacking_checkpoints(store, jobs),
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
    """Write down what the study meets: packages, and the content of its models and examples."""
    limit, examples = study.evaluation.limit, study.training.examples
    repeated = {data.task.name: data.repeated(examples) for data in tasks.sources if isinstance(data, MixedTask)}
    provenance = Provenance(
        versions=package_versions(),
        models={model.name: content_key(model_identity(model)) for model in study.models},
        tasks={data.task.name: content_key(data.identity("validation", limit)) for data in tasks.targets},
        training={data.task.name: content_key(data.identity("train", examples)) for data in tasks.sources},
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
    if isinstance(study.executor, RayExecutorSettings):  # whose GPUs are not seen from here
        unseen = {"quantisation": "none", "device_map": "single"}
        return model.model_copy(
            update={name: value for name, value in unseen.items() if getattr(model, name) == "auto"}
        )
    from spillover.models.devices import resolve_placement  # noqa: PLC0415 (torch is loaded only where it is asked)

    return resolve_placement(model, count_parameters(model), devices_of(study)[0])
