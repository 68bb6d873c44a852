"""Which devices there are, and what they do well."""

from __future__ import annotations

import re

import torch

from spillover.core.errors import ModelError
from spillover.models.settings import Precision


def check_device(device: str, where: str | None = None) -> None:
    """Refuse a device that this machine lacks, or that nothing here was ever run on, such as mps.

    Args:
        device: its name.
        where: the place in the study file, for errors.

    Raises:
        ModelError: there is no such device; those there are, are named.
    """
    wanted = re.fullmatch(r"cpu|cuda(?::(\d+))?", device)
    if wanted is None:
        raise ModelError(
            f"{device!r} is no device that spillover runs on",
            where=where,
            hint="use devices: auto, or a list of cpu, cuda, cuda:0, …",
        )
    count = torch.cuda.device_count()
    if device != "cpu" and int(wanted[1] or 0) >= count:
        there = f"{count} CUDA device(s)" if count else "no CUDA device"
        raise ModelError(
            f"{device!r} was asked for, but this machine has {there}",
            where=where,
            hint="use devices: auto or [cpu]",
        )


def available_devices() -> tuple[str, ...]:
    """Every GPU of this machine, or its CPU."""
    count = torch.cuda.device_count()
    return tuple(f"cuda:{index}" for index in range(count)) if count else ("cpu",)


def resolve_precision(precision: Precision, device: str) -> Precision:
    """Say what `auto` stands for on a device: bfloat16 on a GPU that does it well, else float32."""
    if precision != "auto":
        return precision
    return "bfloat16" if device.startswith("cuda") and torch.cuda.is_bf16_supported() else "float32"
