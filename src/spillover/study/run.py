"""Runs a study: load, plan, do what is pending, keep it. `spillover run` is these lines with a progress display."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from spillover.core.errors import ModelError
from spillover.models.identity import pin_revision
from spillover.models.settings import ModelSettings
from spillover.study.executors.executor import Executor, JobEvent, JobFailed, JobFinished, Worker
from spillover.study.executors.local import LocalExecutor
from spillover.study.opening import open_study
from spillover.study.plan import Evaluate, Job, Plan, plan_study
from spillover.study.provenance import package_versions
from spillover.study.resume import pending
from spillover.study.store import Store
from spillover.study.study import Provenance, Study
from spillover.tasks.data import find_task_data, pin_tasks


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What came of running a study."""

    plan: Plan
    store: Store
    done: int = 0
    """Jobs that were done now."""
    failures: tuple[JobFailed, ...] = ()
    """Jobs that could not be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A study that is ready to run."""

    plan: Plan
    store: Store
    jobs: list[Job] = field(default_factory=list[Job])
    """What is still to be done."""


def prepare(study: Study, *, only: str | None = None) -> Prepared:
    """Check a study, resolve what is `auto` in it, and find what is still to be done. Nothing is written.

    Raises:
        StudyError: the study has faults.
        StoreError: its folder belongs to something else.
        TaskError: `only` names no source.
    """
    store = Store(Path(study.output or study.name).expanduser())
    stored = store.stored_study()
    study = study.model_copy(update={"tasks": pin_tasks(study.tasks, stored.tasks if stored else ())})
    tasks = open_study(study)
    resolved = resolve(study, stored)
    source = find_task_data(tasks.sources, only).task.name if only is not None else None
    plan = plan_study(resolved, tasks).only(source)
    return Prepared(plan=plan, store=store, jobs=pending(plan, store))


def resolve(study: Study, stored: Study | None) -> Study:
    """Replace everything that is `auto`, the way it was replaced when the study was first planned.

    Raises:
        ModelError: a device is asked for that this machine lacks, or a hub model cannot be looked up.
    """
    known = {(model.path, model.name): model for model in (stored.models if stored else ())}
    models = [_resolve_model(model, known.get((model.path, model.name)), study) for model in study.models]
    return study.model_copy(update={"models": tuple(models), "provenance": Provenance(versions=package_versions())})


def _resolve_model(model: ModelSettings, stored: ModelSettings | None, study: Study) -> ModelSettings:
    if model.precision == "auto":
        precision = stored.precision if stored else _precision_here(study)
        model = model.model_copy(update={"precision": precision})
    if model.revision is None and stored is not None:
        model = model.model_copy(update={"revision": stored.revision})
    return pin_revision(model)


def _precision_here(study: Study) -> str:
    from spillover.models.devices import resolve_precision  # noqa: PLC0415 (torch is loaded only where it is asked)

    return resolve_precision("auto", devices_of(study)[0])


def devices_of(study: Study) -> tuple[str, ...]:
    """The device of each process that a study runs on this machine.

    Raises:
        ModelError: a device is asked for that is not there.
    """
    from spillover.models.devices import available_devices, check_device  # noqa: PLC0415 (as above)

    wanted = study.executor.devices
    devices = available_devices() if wanted == "auto" else wanted
    if not devices:
        raise ModelError("executor.devices is empty", hint="use devices: auto")
    for device in devices:
        check_device(device, study.place("executor.devices"))
    if devices == ("cpu",):
        return ("cpu",) * (study.executor.processes or _cores())
    return devices


def _cores() -> int:
    """Cores that this process may use; not every system can tell them from those that there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run(
    study: Study,
    *,
    only: str | None = None,
    on_event: Callable[[JobEvent], None] = lambda _: None,
) -> Run:
    """Run a study, or what is left of it.

    Jobs run in processes of their own: call this under `if __name__ == "__main__":` in a script.

    Args:
        study: as loaded from its file.
        only: one source's name; the base and this source alone are run.
        on_event: called with everything that happens.

    Returns:
        The plan and the folder, from which `read_scores` reads.

    Raises:
        StudyError: the study has faults.
        StoreError: its folder belongs to something else or cannot be written.
        ModelError: a device is asked for that this machine lacks.
    """
    return carry_out(prepare(study, only=only), on_event)


def carry_out(prepared: Prepared, on_event: Callable[[JobEvent], None]) -> Run:
    """Do the jobs of a prepared study, and keep each result as it comes."""
    plan, store = prepared.plan, prepared.store
    store.begin(plan.study)
    versions = package_versions()
    failures: list[JobFailed] = []
    done = 0
    if prepared.jobs:
        executor: Executor = LocalExecutor(devices_of(plan.study))
        for event in executor.run(prepared.jobs, _Start(plan.study), _input_from(store)):
            match event:
                case JobFinished(result=outcome):
                    store.record(outcome, versions)
                    done += 1
                case JobFailed():
                    failures.append(event)
                case _:
                    pass
            on_event(event)
    return Run(plan=plan, store=store, done=done, failures=tuple(failures))


@dataclass(frozen=True, slots=True)
class _Start:
    """Starts a worker in the process where it is called."""

    study: Study

    def __call__(self, device: str) -> Worker:
        from spillover.study.work import start_worker  # noqa: PLC0415 (only workers pay for loading models' modules)

        return start_worker(self.study, device)


def _input_from(store: Store) -> Callable[[Job], dict[str, bytes] | None]:
    def input_of(job: Job) -> dict[str, bytes] | None:
        if isinstance(job, Evaluate) and job.step is not None:
            return store.adapter_files(job.adapter_key, job.step)
        return None

    return input_of
