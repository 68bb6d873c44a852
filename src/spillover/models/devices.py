"""Which devices there are, and what they do well. The CPU is known without torch, which is slow to load."""

from __future__ import annotations

import re

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
    if device == "cpu":
        return
    count = _cuda_devices()
    if int(wanted[1] or 0) >= count:
        there = f"{count} CUDA device(s)" if count else "no CUDA device"
        raise ModelError(
            f"{device!r} was asked for, but this machine has {there}",
            where=where,
            hint="use devices: auto or [cpu]",
        )


def available_devices() -> tuple[str, ...]:
    """Every GPU of this machine, or its CPU."""
    count = _cuda_devices()
    return tuple(f"cuda:{index}" for index in range(count)) if count else ("cpu",)


def _cuda_devices() -> int:
    import torch  # noqa: PLC0415 (see above)

    return torch.cuda.device_count()


def resolve_precision(precision: Precision, device: str) -> Precision:
    """Say what `auto` stands for on a device: bfloat16 on a GPU that does it well, else float32."""
    if precision != "auto":
        return precision
    if not device.startswith("cuda"):
        return "float32"
    import torch  # noqa: PLC0415 (see above)

    return "bfloat16" if torch.cuda.is_bf16_supported() else "float32"


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
    memory = _memory_bytes(device)
    plain = parameters * VALUE_BYTES[settings.precision]
    fits = plain <= ROOM * memory and 2 * plain <= MERGING_ROOM * memory
    changes: dict[str, str] = {}
    if settings.quantisation == "auto":
        changes["quantisation"] = "none" if fits else "4bit"
    if changes.get("quantisation", settings.quantisation) == "4bit":  # to which adapters are never merged
        fits = parameters * QUANTISED_BYTES <= ROOM * memory
    if settings.device_map == "auto":
        changes["device_map"] = "single" if fits or _cuda_devices() < 2 else "spread"
    return settings.model_copy(update=changes)


def _memory_bytes(device: str) -> float:
    """Of a GPU; weights that a CPU computes with are left to the operating system."""
    if not device.startswith("cuda"):
        return float("inf")
    import torch  # noqa: PLC0415 (see above)

    return torch.cuda.get_device_properties(device).total_memory
