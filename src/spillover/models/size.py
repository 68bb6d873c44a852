"""How many parameters a model has, without loading it. Free of torch, as long as its weights are there."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from spillover.core.errors import ModelError
from spillover.core.model_names import read_billions
from spillover.models.folder import has_weights
from spillover.models.identity import locate_model
from spillover.models.settings import ModelSettings

UNSAID_BILLIONS = 7.0
"""Of a model of the hub whose name does not say its size."""


def count_parameters(model: ModelSettings) -> float:
    """Count a local model's parameters by its files' headers, or by its configuration; of the hub, read its name.

    Raises:
        ModelError: there are no weights, and no model can be built of the configuration.

    >>> count_parameters(ModelSettings(path="Qwen/Qwen2.5-VL-3B-Instruct"))
    3000000000.0
    """
    place = locate_model(model)
    if isinstance(place, Path):
        if not has_weights(place):
            return float(_configured_values(place, model.trust_remote_code))
        return float(sum(_stored_values(file) for file in place.glob("*.safetensors")))
    return (read_billions(str(place)) or UNSAID_BILLIONS) * 1e9


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


@cache
def _configured_values(folder: Path, trust_remote_code: bool) -> int:
    from transformers import AutoConfig  # noqa: PLC0415 (torch is loaded only for a model whose weights are not there)

    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=trust_remote_code)
        return count_configured(config, trust_remote_code=trust_remote_code)
    except (OSError, ValueError, RuntimeError, IndexError) as error:
        raise ModelError(f"cannot build the model {str(folder)!r}: {error}", where=str(folder)) from error


def count_configured(config: Any, *, trust_remote_code: bool) -> int:
    """Count the parameters of a model by its configuration, a `PretrainedConfig`; nothing is allocated.

    Raises:
        ValueError, RuntimeError, IndexError: no model can be built of it.
    """
    import torch  # noqa: PLC0415 (loaded only where a model is built)

    from spillover.models.base import model_class_of  # noqa: PLC0415 (as torch is)

    with torch.device("meta"):
        model = model_class_of(config).from_config(config, trust_remote_code=trust_remote_code)
    return sum(parameter.numel() for parameter in model.parameters())
