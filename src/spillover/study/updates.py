"""Reads adapters as plain arrays, without torch: what a study's sources did to the weights, and whether all were equal.

Safetensors are a length, a JSON header and raw values, so nothing in them can run. Values are read as they are asked.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from spillover.analysis.weights import Factors
from spillover.core.errors import StoreError
from spillover.core.files import read_file
from spillover.core.json_text import parse_json
from spillover.models.adapter_folder import CONFIG_FILE, WEIGHTS_FILE

SAME_FOR_ALL = ("r", "lora_alpha", "lora_dropout", "use_rslora", "bias", "target_modules")
"""What must be equal across sources, or their adapters cannot be compared."""
KINDS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
MAXIMUM_HEADER = 100_000_000


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a tensor stands in its file."""

    kind: str
    shape: tuple[int, ...]
    start: int


def is_whole(file: Path) -> bool:
    """Whether a file of tensors is there and neither broken nor cut short, going by what its header says."""
    try:
        with safe_open(file, framework="np"):
            return True
    except (SafetensorError, OSError):
        return False


class StoredUpdate(Mapping[str, Factors]):
    """The A and B of every layer of a stored adapter, A scaled; each is read when it is asked for.

    Args:
        folder: PEFT's, with configuration and weights.

    Raises:
        StoreError: a file is missing, broken or not LoRA.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / WEIGHTS_FILE
        self.settings = _read_settings(folder / CONFIG_FILE)
        self._places = _read_header(self._file)
        rank, alpha = float(self.settings["r"]), float(self.settings["lora_alpha"])
        self._scale = alpha / (math.sqrt(rank) if self.settings["use_rslora"] else rank)
        ends = (".lora_A.weight", ".lora_B.weight")
        found = [{name.removesuffix(end) for name in self._places if name.endswith(end)} for end in ends]
        if found[0] != found[1] or not found[0]:
            raise StoreError("the adapter lacks the A or the B of a layer", where=str(self._file))
        self._layers = sorted(found[0])
        for name in self._places:
            if name.endswith(ends) and len(self._places[name].shape) < 2:
                message = f"the adapter's tensor {name} is no matrix"
                raise StoreError(message, where=str(self._file))

    def __getitem__(self, layer: str) -> Factors:
        first = self._read(self._places[f"{layer}.lora_A.weight"])
        return self._scale * first, self._read(self._places[f"{layer}.lora_B.weight"])

    def __iter__(self) -> Iterator[str]:
        return iter(self._layers)

    def __len__(self) -> int:
        return len(self._layers)

    def _read(self, place: _Place) -> np.ndarray:
        values = np.fromfile(self._file, KINDS[place.kind], math.prod(place.shape), offset=place.start)
        if place.kind == "BF16":  # the upper half of a float32
            values = (values.astype("<u4") << 16).view("<f4")
        return values.reshape(place.shape).astype(np.float64)


def _read_settings(file: Path) -> dict[str, Any]:
    try:
        given = parse_json(read_file(file))
        settings = {"use_rslora": False} | {name: given[name] for name in SAME_FOR_ALL if name in given}
        if not (float(settings["r"]) > 0 and float(settings["lora_alpha"]) > 0):
            raise ValueError("rank and alpha must be above 0")
        if isinstance(modules := settings.get("target_modules"), list):
            settings["target_modules"] = sorted(modules)
    except (OSError, ValueError, TypeError, KeyError, OverflowError) as error:
        message = f"cannot read the adapter's configuration: {error}"
        raise StoreError(message, where=str(file)) from error
    return settings


def _read_header(file: Path) -> dict[str, _Place]:
    try:
        size = file.stat().st_size
        with file.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if length > min(size, MAXIMUM_HEADER):
                raise ValueError("its header is longer than the file")
            header = parse_json(stream.read(length))
        tensors = {name: about for name, about in header.items() if name != "__metadata__"}
        places = {name: _place(about, 8 + length, size) for name, about in tensors.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise StoreError(f"cannot read the adapter's weights: {error}", where=str(file)) from error
    return places


def _place(about: Mapping[str, Any], offset: int, size: int) -> _Place:
    shape = tuple(int(side) for side in about["shape"])
    start, stop = (offset + int(end) for end in about["data_offsets"])
    bytes_needed = math.prod(shape) * np.dtype(KINDS[about["dtype"]]).itemsize
    if stop - start != bytes_needed or not offset <= start <= stop <= size:
        raise ValueError("a tensor lies outside the file")
    return _Place(about["dtype"], shape, start)
