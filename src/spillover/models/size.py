"""How many parameters a model has, without loading it. Free of torch."""

from __future__ import annotations

import json
import re
from pathlib import Path

from spillover.models.identity import locate_model
from spillover.models.settings import ModelSettings


def count_parameters(model: ModelSettings) -> float:
    """Count a local model's parameters from its files' headers; of a hub model, read them off its name.

    >>> count_parameters(ModelSettings(path="Qwen/Qwen2.5-VL-3B-Instruct"))
    3000000000.0
    """
    place = locate_model(model)
    if isinstance(place, Path):
        return float(sum(_stored_values(file) for file in place.glob("*.safetensors")))
    billions = re.search(r"(\d+(?:\.\d+)?)B\b", str(place), re.IGNORECASE)
    return float(billions[1]) * 1e9 if billions else 7e9


def _stored_values(file: Path) -> int:
    with file.open("rb") as stream:
        header = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
    total = 0
    for name, tensor in header.items():
        if name != "__metadata__":
            count = 1
            for side in tensor["shape"]:
                count *= side
            total += count
    return total
