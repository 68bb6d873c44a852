"""A model's stand-in for a rehearsal: its own configuration, tokenizer and processor, fewer layers, random weights.

It answers at random, so that nothing may be read off it but that every step can be done.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig

from spillover.core.errors import ModelError
from spillover.core.hub import download_small_files
from spillover.models.base import model_class_of, quieten
from spillover.models.folder import check_folder
from spillover.models.identity import MODEL_FILES, locate_model
from spillover.models.settings import ModelSettings
from spillover.models.size import count_configured

Config = dict[str, Any]
SMALL_FILES = tuple(ending for ending in MODEL_FILES if ending != ".safetensors")
FEWEST_LAYERS = 2
SEED = 0


def write_stand_in(settings: ModelSettings, folder: Path, most_values: float) -> str:
    """Write a model's stand-in: everything but its weights as it is, weights drawn at random.

    Args:
        settings: which model; of its files the weights need not be there.
        folder: where it is written; it must not be there.
        most_values: parameters at most. What has more is cut: first layers are halved, then every layer is narrowed by
            whole attention heads.

    Returns:
        What was cut, in words; empty where nothing was.

    Raises:
        ModelError: files are missing, or even the narrowest cut is larger.
        HubError: the model's small files are neither here nor on a hub that can be reached.
    """
    quieten(single_thread=False)
    place = _small_files(settings)
    check_folder(place, weights=False)
    folder.mkdir(parents=True)
    for file in place.iterdir():
        if file.name.endswith(SMALL_FILES) and "safetensors" not in file.name:
            shutil.copyfile(file, folder / file.name)
    try:
        whole = AutoConfig.from_pretrained(place, trust_remote_code=settings.trust_remote_code)
        config, cut = _cut_to_fit(whole, most_values, settings)
        torch.manual_seed(SEED)  # its own process's alone: stand-ins are the same every time
        model = model_class_of(config).from_config(config, trust_remote_code=settings.trust_remote_code)
        model.save_pretrained(folder)
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelError(f"cannot build the model {settings.path!r}: {error}", where=str(place)) from error
    return cut


def _small_files(settings: ModelSettings) -> Path:
    place = locate_model(settings)
    return place if isinstance(place, Path) else download_small_files(place, settings.revision, SMALL_FILES)


def _cut_to_fit(whole: Any, most_values: float, settings: ModelSettings) -> tuple[Any, str]:
    smallest = 0
    for given, cut in _cuts(whole.to_dict()):
        config = type(whole).from_dict(given)
        try:
            smallest = count_configured(config, trust_remote_code=settings.trust_remote_code)
        except (ValueError, RuntimeError, IndexError):  # an architecture that cannot be cut so
            continue
        if smallest <= most_values:
            return config, cut
    raise ModelError(
        f"{settings.path!r} cannot be cut small enough to be rehearsed: {smallest:,} parameters are left, and there is "
        f"room for {int(most_values):,}",
        hint="free some memory, or set executor.processes lower",
    )


def _cuts(config: Config) -> Iterator[tuple[Config, str]]:
    """Ever smaller versions of a configuration, each with what was cut."""
    layers = max(_layers(part) for part in _parts(config))
    kept = layers
    yield config, ""
    while kept > FEWEST_LAYERS:
        kept = max(kept // 2, FEWEST_LAYERS)
        yield _shortened(config, kept), f"{kept} of {layers} layers"
    short = _shortened(config, kept)
    heads = max(_heads(part) for part in _parts(config))
    for by in range(2, heads + 1):
        if heads % by == 0:
            yield _narrowed(short, by), f"{kept} of {layers} layers, {heads // by} of {heads} heads"


def _parts(config: Config) -> list[Config]:
    """The language model's and the vision tower's configuration, and the whole where the former is not apart."""
    inner = [config[name] for name in ("text_config", "vision_config") if isinstance(config.get(name), dict)]
    return inner if "text_config" in config else [config, *inner]


def _layers(part: Config) -> int:
    return part.get("num_hidden_layers") or part.get("depth") or 0


def _heads(part: Config) -> int:
    return part.get("num_attention_heads") or part.get("num_heads") or 1


def _shortened(config: Config, most: int) -> Config:
    cut = deepcopy(config)
    for part in _parts(cut):
        kept = min(_layers(part), most)
        for name in ("num_hidden_layers", "depth"):
            if part.get(name):
                part[name] = kept
        if isinstance(part.get("layer_types"), list):
            part["layer_types"] = part["layer_types"][:kept]
        for name in ("fullatt_block_indexes", "deepstack_visual_indexes"):
            if part.get(name):
                part[name] = [index for index in part[name] if index < kept] or [kept - 1]
    return cut


def _narrowed(config: Config, by: int) -> Config:
    """Take whole heads away, as many of each part as are left of every `by`, and with them width."""
    cut = deepcopy(config)
    language = cut.get("text_config", cut)
    width = language["hidden_size"]
    for part in _parts(cut):
        heads = _heads(part)
        share = max(divisor for divisor in range(1, by + 1) if heads % divisor == 0)
        for name in ("num_attention_heads", "num_heads", "num_key_value_heads"):
            if part.get(name):
                part[name] = max(part[name] // share, 1)
        for name in ("hidden_size", "embed_dim", "intermediate_size"):
            if part.get(name):
                part[name] //= share
    vision = cut.get("vision_config") or {}
    if "out_hidden_size" in vision and vision["out_hidden_size"] == width:
        vision["out_hidden_size"] = language["hidden_size"]
    elif "embed_dim" in vision:  # Qwen2-VL's hidden_size is what its tower hands over
        vision["hidden_size"] = language["hidden_size"]
    return cut
