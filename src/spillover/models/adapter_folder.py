"""Sees that a folder holds an adapter that can be put on a model and taken off again. Free of torch: headers only."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from spillover.core.errors import ModelError
from spillover.core.files import read_file
from spillover.core.json_text import parse_json
from spillover.core.keys import content_key

CONFIG_FILE = "adapter_config.json"
WEIGHTS_FILE = "adapter_model.safetensors"
PICKLE = "adapter_model.bin"

PLAIN_BEGINNINGS = (True, False, "gaussian", "eva", "orthogonal")
"""How an adapter may have been initialised: the others (PiSSA, OLoRA, LoftQ, …) move a part of the base into it."""


def check_adapter_folder(folder: Path) -> dict[str, Any]:
    """See that a folder holds a LoRA adapter in PEFT's form, whole and in safetensors, and read its configuration.

    Raises:
        ModelError: the folder or one of the two files is missing, broken, or of a kind that cannot be swapped.
    """
    if not folder.is_dir():
        raise ModelError(f"there is no adapter folder {str(folder)!r}", hint="give one that save_pretrained made")
    if not (folder / WEIGHTS_FILE).is_file():
        found = f"only {PICKLE}, a pickle, which can run code" if (folder / PICKLE).is_file() else f"no {WEIGHTS_FILE}"
        hint = "give the folder of adapter_config.json; convert pickles where you trust them: PEFT's save_pretrained"
        raise ModelError(f"the adapter folder has {found}", where=str(folder), hint=hint)
    try:
        config = read_adapter_config(read_file(folder / CONFIG_FILE))
    except OSError as error:
        raise ModelError(f"an adapter needs a readable {CONFIG_FILE}", where=str(folder)) from error
    except ModelError as error:
        raise ModelError(error.message, where=str(folder), hint=error.hint) from error
    try:
        require_rank(config, adapter_shapes(folder))
    except ModelError as error:
        raise ModelError(error.message, where=str(folder), hint=error.hint) from error
    return config


def require_rank(config: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Refuse a rank that no tensor has: PEFT asks for its memory before shapes can be compared.

    Raises:
        ModelError: the rank of all layers, or of some under `rank_pattern`, is none or too large.
    """
    largest = max((side for shape in shapes.values() for side in shape), default=0)
    ranks = [config["r"], *(config.get("rank_pattern") or {}).values()]
    for rank in ranks:
        if not _is_above_zero(rank) or rank > largest:
            raise ModelError(
                f"the adapter's rank is {rank!r}, and no side of its tensors is longer than {largest}",
                hint="its two files do not belong together",
            )


MORE_THAN_LAYERS = ("trainable_token_indices", "layer_replication", "alora_invocation_tokens", "megatron_config")
"""Settings of PEFT by which an adapter does more than to add a low-rank product to some layers."""


def read_adapter_config(content: bytes) -> dict[str, Any]:
    """Read an adapter's configuration, and refuse what cannot be put on a shared base and taken off without a trace.

    Raises:
        ModelError: it is no JSON object, no LoRA of a rank and scale above 0, or also changes biases, whole modules or
            the base itself.
    """
    given = _read_lora(content)
    if given.get("modules_to_save"):
        raise ModelError(f"the adapter also replaces whole modules {given['modules_to_save']}, which cannot be swapped")
    if odd := [name for name in MORE_THAN_LAYERS if given.get(name)]:
        raise ModelError(f"the adapter has {odd[0]}, which changes more than linear layers and cannot be swapped")
    if given.get("bias", "none") != "none" or given.get("lora_bias"):
        raise ModelError("the adapter also trains biases, which cannot be swapped; train it with bias: none")
    if given.get("init_lora_weights", True) not in PLAIN_BEGINNINGS:
        raise ModelError(
            f"the adapter began as {given['init_lora_weights']!r}, which changes the base's own weights",
            hint="save it as a plain LoRA: PEFT's save_pretrained with path_initial_model_for_weight_conversion",
        )
    return given


def _read_lora(content: bytes) -> dict[str, Any]:
    try:
        given = parse_json(content)
    except ValueError as error:
        raise ModelError(f"an adapter needs a readable {CONFIG_FILE}: {error}") from error
    if not isinstance(given, dict):
        raise ModelError(f"{CONFIG_FILE} holds a {type(given).__name__}, not an object")
    if given.get("peft_type") != "LORA":
        raise ModelError(f"the adapter is of type {given.get('peft_type')!r}; only LORA is supported")
    for name in ("r", "lora_alpha"):
        if not _is_above_zero(given.get(name)):
            raise ModelError(f"the adapter's {name} is {given.get(name)!r}, not a number above 0")
    for name in ("rank_pattern", "alpha_pattern"):
        if not isinstance(given.get(name) or {}, dict):
            raise ModelError(f"the adapter's {name} is {given[name]!r}, not an object")
    return given


def _is_above_zero(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def adapter_shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """Read the shape of every tensor of an adapter, off its file's header.

    Raises:
        ModelError: the file is broken or cut short.
    """
    try:
        with safe_open(folder / WEIGHTS_FILE, framework="np") as tensors:
            return {name: tuple(tensors.get_slice(name).get_shape()) for name in tensors.keys()}  # noqa: SIM118 (no dict)
    except (SafetensorError, OSError) as error:
        message = f"the adapter's {WEIGHTS_FILE} is broken or cut short: {error}"
        raise ModelError(message, where=str(folder), hint="the copy or download is not whole: repeat it") from error


def check_base_name(config: Mapping[str, Any], model: str, folder: Path) -> None:
    """Refuse an adapter that says itself that it is of another model of the hub.

    Folders are called anything, so only names of the form `org/name` are held against each other, without `org`.

    Args:
        config: the adapter's.
        model: what the study calls its model by: a hub name, or a folder.
        folder: the adapter's, for errors.

    Raises:
        ModelError: it was made for a model of another name.
    """
    made_for = str(config.get("base_model_name_or_path") or "")
    names = [name.rsplit("/", 1)[-1].lower() for name in (made_for, model) if _is_hub_name(name)]
    if len(names) == 2 and names[0] != names[1]:
        raise ModelError(
            f"the adapter was made for {made_for!r}, and the model is {model!r}",
            where=str(folder),
            hint=f"if these are the same weights, correct base_model_name_or_path in its {CONFIG_FILE}",
        )


def _is_hub_name(name: str) -> bool:
    return name.count("/") == 1 and not name.startswith((".", "/", "~"))


def adapter_files(folder: Path) -> dict[str, bytes]:
    """Read the two files that make up an adapter; whatever else lies there is not its own.

    Raises:
        OSError: one cannot be read.
    """
    return {name: read_file(folder / name) for name in (CONFIG_FILE, WEIGHTS_FILE)}


def adapter_content(files: Mapping[str, bytes]) -> str:
    """Hash an adapter's files."""
    return content_key([[name, hashlib.sha256(files[name]).hexdigest()] for name in (CONFIG_FILE, WEIGHTS_FILE)])
