"""Which devices of this machine a study runs on."""

from __future__ import annotations

import os

from spillover.core.errors import ModelError
from spillover.study.study import Study


def devices_of(study: Study) -> tuple[str, ...]:
    """The device of each process that a study runs on this machine.

    Raises:
        ModelError: a device is asked for that is not there, or processes are counted where each has a GPU of its own.
    """
    from spillover.models.devices import available_devices, check_device  # noqa: PLC0415 (loads torch)

    wanted, processes = study.executor.devices, study.executor.processes
    devices = available_devices() if wanted == "auto" else wanted
    for device in devices:
        check_device(device)
    if devices == ("cpu",):
        return ("cpu",) * (processes or _cores())
    if processes not in (None, len(devices)):
        raise ModelError(
            f"processes: {processes} with the devices {', '.join(devices)}",
            hint="every listed device gets one process: leave processes out, or list a device more often",
        )
    return devices


def _cores() -> int:
    """Cores that this process may use; not every system can tell them from those that there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
