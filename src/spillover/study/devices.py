"""Which devices a study runs on, and by what."""

from __future__ import annotations

import os
from importlib.util import find_spec
from itertools import cycle, islice
from operator import attrgetter

from spillover.study.executors import local
from spillover.study.executors.executor import Executor
from spillover.study.study import LocalExecutorSettings, RayExecutorSettings, Study


def devices_of(study: Study) -> tuple[str, ...]:
    """The device of each process that a study runs, on this machine or, as each worker sees it, on a Ray cluster.

    One alone, where a model is spread over all of them.

    Raises:
        ModelError: a device is asked for that is not there.
    """
    if isinstance(study.executor, RayExecutorSettings):
        return (study.executor.device,) * (study.executor.workers or 1)
    from spillover.models.devices import available_devices, check_device  # noqa: PLC0415 (loads torch)

    wanted = study.executor.devices
    devices = available_devices() if wanted == "auto" else wanted
    for device in devices:
        check_device(device)
    if any(model.device_map == "spread" for model in study.models):
        return devices[:1]
    usual = _cores() if devices == ("cpu",) else len(devices)
    return tuple(islice(cycle(devices), study.executor.processes or usual))


def obstacles(study: Study) -> list[str]:
    """Say why this machine cannot run a study that is otherwise sound, so that it may still be planned here."""
    device, here = devices_of(study)[0], isinstance(study.executor, LocalExecutorSettings)
    found: list[str] = []
    for model in study.models:
        if model.quantisation == "4bit" and device == "cpu":
            found.append(f"{model.name}: quantisation: 4bit needs a CUDA device, and none is used here")
        if model.quantisation == "4bit" and here and find_spec("bitsandbytes") is None:
            how = "pip install '.[quantised]' in spillover's clone"
            found.append(f"{model.name}: quantisation: 4bit needs bitsandbytes: {how}")
        if model.device_map == "spread" and device == "cpu":
            found.append(f"{model.name}: device_map: spread needs CUDA devices, and none is used here")
    if draws_curves(study) and find_spec("tensorboard") is None:
        found.append("executor.tensorboard needs TensorBoard: pip install '.[tensorboard]' in spillover's clone")
    if not here and find_spec("ray") is None:
        found.append("executor.kind: ray needs Ray: pip install '.[ray]' in spillover's clone")
    return found


def draws_curves(study: Study) -> bool:
    """Whether workers write curves for TensorBoard: only those beside the study's folder can."""
    return isinstance(study.executor, LocalExecutorSettings) and study.executor.tensorboard


def executor_of(study: Study) -> Executor:
    """Make what runs a study's jobs.

    Raises:
        ModelError: a device is asked for that is not there.
    """
    settings = study.executor
    if not isinstance(settings, RayExecutorSettings):
        return local.LocalExecutor(devices_of(study))
    from spillover.study.executors import ray as on_ray  # noqa: PLC0415 (Ray takes seconds, and need not be installed)

    return on_ray.RayExecutor(
        device=settings.device,
        address=settings.address,
        workers=settings.workers,
        cpus=settings.cpus_per_worker,
        gpus=settings.gpus_per_worker,
        affinity=attrgetter("model"),
    )


def precision_of(study: Study) -> str:
    """What `auto` stands for in a model's precision. A cluster's GPUs are not seen from here: they are taken as new."""
    from spillover.models.devices import resolve_precision  # noqa: PLC0415 (torch is loaded only where it is asked)

    device = devices_of(study)[0]
    if isinstance(study.executor, RayExecutorSettings) and device != "cpu":
        return "bfloat16"
    return resolve_precision("auto", device)


def _cores() -> int:
    """Cores that this process may use; not every system can tell them from those that there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
