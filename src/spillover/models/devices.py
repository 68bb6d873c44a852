"""Which devices there are, and what they do well."""

from __future__ import annotations

import re

import torch

from spillover.core.errors import ModelError
from spillover.models.settings import ModelSettings, Precision


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


ROOM = 2 / 3
"""Of a device's memory for weights; the rest is for activations."""
MERGING_ROOM = 0.9
"""Of a device's memory for weights and the copy that an adapter is merged into; nothing is trained meanwhile."""
VALUE_BYTES = {"float32": 4.0, "bfloat16": 2.0, "float16": 2.0}
QUANTISED_BYTES = 0.7
"""A parameter in 4 bits, with the scales and the parts that keep their precision."""


def resolve_placement(settings: ModelSettings, parameters: float, device: str) -> ModelSettings:
    """Say what `auto` stands for in a model's quantisation and device map.

    Args:
        settings: its precision is resolved.
        parameters: how many the model has.
        device: the first that the study runs on; the others are taken to be like it.
    """
    if "auto" not in (settings.quantisation, settings.device_map):
        return settings
    on_gpu = device.startswith("cuda")
    memory = torch.cuda.get_device_properties(device).total_memory if on_gpu else float("inf")
    plain = parameters * VALUE_BYTES[settings.precision]
    fits = plain <= ROOM * memory and 2 * plain <= MERGING_ROOM * memory
    changes: dict[str, str] = {}
    if settings.quantisation == "auto":
        changes["quantisation"] = "none" if fits else "4bit"
    if changes.get("quantisation", settings.quantisation) == "4bit":  # to which adapters are never merged
        fits = parameters * QUANTISED_BYTES <= ROOM * memory
    if settings.device_map == "auto":
        changes["device_map"] = "single" if fits or torch.cuda.device_count() < 2 else "spread"
    return settings.model_copy(update=changes)
