"""Which devices of this machine a study runs on."""

from __future__ import annotations

import os
from importlib.util import find_spec
from itertools import cycle, islice

from spillover.study.study import Study


def devices_of(study: Study) -> tuple[str, ...]:
    """The device of each process that a study runs on this machine.

    Raises:
        ModelError: a device is asked for that is not there.
    """
    from spillover.models.devices import available_devices, check_device  # noqa: PLC0415 (loads torch)

    wanted = study.executor.devices
    devices = available_devices() if wanted == "auto" else wanted
    for device in devices:
        check_device(device)
    usual = _cores() if devices == ("cpu",) else len(devices)
    return tuple(islice(cycle(devices), study.executor.processes or usual))


def obstacles(study: Study) -> list[str]:
    """Say why this machine cannot run a study that is otherwise sound, so that it may still be planned here."""
    quantised = [model.name for model in study.models if model.quantisation != "none"]
    if not quantised:
        return []
    found: list[str] = []
    if not any(device.startswith("cuda") for device in devices_of(study)):
        found.append(f"{', '.join(quantised)}: quantisation: 4bit needs a CUDA device, and none is used here")
    if find_spec("bitsandbytes") is None:
        found.append(
            f"{', '.join(quantised)}: quantisation: 4bit needs bitsandbytes: pip install 'spillover[quantised]'"
        )
    return found


def _cores() -> int:
    """Cores that this process may use; not every system can tell them from those that there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
