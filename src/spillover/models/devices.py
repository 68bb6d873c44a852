"""Which devices there are, and what they do well."""

from __future__ import annotations

import torch

from spillover.core.errors import ModelError
from spillover.models.settings import Precision


def check_device(device: str) -> None:
    """Refuse a device that this machine lacks.

    Raises:
        ModelError: there is no such device; those there are, are named.
    """
    try:
        wanted = torch.device(device)
    except RuntimeError as error:
        raise ModelError(f"{device!r} is no device", hint="use auto, cpu, cuda or cuda:0") from error
    count = torch.cuda.device_count()
    if wanted.type == "cuda" and (wanted.index or 0) >= count:
        there = f"{count} CUDA device(s)" if count else "no CUDA device"
        raise ModelError(f"{device!r} was asked for, but this machine has {there}", hint="use devices: auto or [cpu]")


def available_devices() -> tuple[str, ...]:
    """Every GPU of this machine, or its CPU."""
    count = torch.cuda.device_count()
    return tuple(f"cuda:{index}" for index in range(count)) if count else ("cpu",)


def resolve_precision(precision: Precision, device: str) -> Precision:
    """Say what `auto` stands for on a device: bfloat16 on a GPU that does it well, else float32."""
    if precision != "auto":
        return precision
    return "bfloat16" if device.startswith("cuda") and torch.cuda.is_bf16_supported() else "float32"
