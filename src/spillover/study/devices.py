"""Which devices of this machine a study runs on."""

from __future__ import annotations

import os
from importlib.util import find_spec
from itertools import cycle, islice

from spillover.study.study import Study


def devices_of(study: Study) -> tuple[str, ...]:
    """The device of each process that a study runs on this machine: one, where a model is spread over all of them.

    Raises:
        ModelError: a device is asked for that is not there.
    """
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
    on_gpu = devices_of(study)[0].startswith("cuda")
    found: list[str] = []
    for model in study.models:
        if model.quantisation == "4bit" and not on_gpu:
            found.append(f"{model.name}: quantisation: 4bit needs a CUDA device, and none is used here")
        if model.quantisation == "4bit" and find_spec("bitsandbytes") is None:
            found.append(f"{model.name}: quantisation: 4bit needs bitsandbytes: pip install 'spillover[quantised]'")
        if model.device_map == "spread" and not on_gpu:
            found.append(f"{model.name}: device_map: spread needs CUDA devices, and none is used here")
    if study.executor.tensorboard and find_spec("tensorboard") is None:
        found.append("executor.tensorboard needs TensorBoard: pip install 'spillover[tensorboard]'")
    return found


def _cores() -> int:
    """Cores that this process may use; not every system can tell them from those that there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
