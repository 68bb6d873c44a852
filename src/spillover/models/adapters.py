"""LoRA adapters on a shared base: attached to be trained, merged to be evaluated, always taken off without a trace.

Adapters are PEFT's own, in PEFT's own files, held here as bytes so that only a study's driver writes them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from peft.tuners.lora import LoraLayer
from safetensors import SafetensorError
from safetensors.torch import load as tensors_from_bytes
from safetensors.torch import save as bytes_from_tensors
from torch import Tensor, nn

from spillover.core.errors import ModelError
from spillover.models.base import Base
from spillover.models.settings import LoRASettings

CONFIG_FILE = "adapter_config.json"
WEIGHTS_FILE = "adapter_model.safetensors"
AdapterFiles = Mapping[str, bytes]
"""An adapter's files in PEFT's format, by name."""

PLAIN_BEGINNINGS = (True, False, "gaussian", "eva", "orthogonal")
"""How an adapter may have been initialised: the others (PiSSA, OLoRA, LoftQ, …) move a part of the base into it."""

MOVED = (
    (re.compile(r"^base_model\.model\.model\.layers\."), "base_model.model.model.language_model.layers."),
    (re.compile(r"^base_model\.model\.visual\."), "base_model.model.model.visual."),
)
"""transformers 5 moved Qwen's modules: what older adapters call them, and what they are called now. In models that read
text alone nothing moved."""


def language_model_pattern(model: nn.Module) -> str:
    """The regular expression of the language model's linear layers, for any model of transformers.

    The bare names would not do: vision towers have modules of the same names.

    Raises:
        ModelError: the model has no language model of its own.
    """
    decoder = model.get_decoder() if hasattr(model, "get_decoder") else None  # type: ignore[operator]
    place = next((name for name, module in model.named_modules() if module is decoder), "")
    if decoder is None or not place:
        raise ModelError(f"{type(model).__name__} has no language model that LoRA could be put on")
    leaves = sorted(
        {name.rsplit(".", 1)[-1] for name, module in decoder.named_modules() if isinstance(module, nn.Linear)}
    )
    return rf".*{re.escape(place.rsplit('.', 1)[-1])}\..*\.({'|'.join(leaves)})"


@contextmanager
def trainable_adapter(base: Base, settings: LoRASettings, seed: int) -> Generator[PeftModel]:
    """Attach a fresh adapter to be trained, and take it off at the end.

    Args:
        base: its weights stay frozen and untouched.
        settings: rank, scale, dropout.
        seed: of the adapter's first weights and of its dropout; the process's own generators are left as they were.
    """
    config = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=language_model_pattern(base.model),
        task_type="CAUSAL_LM",
    )
    gpus = [base.device] if base.device.type == "cuda" else []
    with torch.random.fork_rng(devices=gpus):
        torch.manual_seed(seed)
        try:
            yield get_peft_model(base.model, config)
        finally:
            _take_off(base.model)
            base.model.eval()


def export_adapter(adapted: PeftModel, base_name: str) -> dict[str, bytes]:
    """Write an adapter as the two files that PEFT reads."""
    config = adapted.peft_config["default"].to_dict()
    config["base_model_name_or_path"] = base_name
    config["inference_mode"] = True
    state = get_peft_model_state_dict(adapted, save_embedding_layers=False)
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    text = json.dumps(config, indent=2, sort_keys=True, default=_plain)
    return {CONFIG_FILE: text.encode(), WEIGHTS_FILE: bytes_from_tensors(tensors, {"format": "pt"})}


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, set) else str(value)


def touches_vision(base: Base, files: AdapterFiles) -> bool:
    """Say whether an adapter changes anything before the language model, so that image features must be made anew."""
    decoder = language_model_pattern(base.model).split(r"\.", 1)[0].removeprefix(".*")
    names = _renamed(base, _tensors(files))
    return any(f".{decoder}." not in name for name in names)


@contextmanager
def merged_adapter(base: Base, files: AdapterFiles) -> Generator[None]:
    """Merge an adapter into the base's weights, and put the saved weights back at the end, to the last bit.

    Raises:
        ModelError: the files are no adapter of this model: a tensor without a module, a module without its tensor, or
            one of another shape.
    """
    frame = _frame(base, _config(base, files))
    _load(frame, _renamed(base, _tensors(files)))
    inner = [parameter for layer in frame.layers for parameter in layer.get_base_layer().parameters()]
    saved = [(parameter, parameter.detach().clone()) for parameter in inner]
    try:
        with torch.no_grad():
            for layer in frame.layers:
                layer.merge()
        yield
    finally:
        with torch.no_grad():
            for parameter, content in saved:
                parameter.copy_(content)
        for layer in frame.layers:
            layer.merged_adapters.clear()


@dataclass(frozen=True, slots=True)
class Frame:
    """PEFT's LoRA layers of one configuration: each knows the base's layer that it belongs to, none is in its place."""

    layers: list[Any]
    tensors: dict[str, Tensor]
    """Their weights, under PEFT's names; each adapter of the configuration is written into them."""


def _frame(base: Base, config: LoraConfig) -> Frame:
    """Make the layers of a configuration, which takes PEFT far longer than merging them, unless they are at hand."""
    key = json.dumps(config.to_dict(), sort_keys=True, default=_plain)
    if key not in base.frames:
        base.frames.clear()  # a study's adapters are of one configuration
        try:
            adapted = _attach(base, config)
            tensors = get_peft_model_state_dict(adapted, save_embedding_layers=False)
            base.frames[key] = Frame([layer for _, layer in _adapter_layers(base.model)], tensors)
        finally:
            _take_off(base.model)
    return base.frames[key]


def _attach(base: Base, config: LoraConfig) -> PeftModel:
    try:
        return PeftModel(base.model, config)
    except ValueError as error:  # such as target modules that are not there
        raise ModelError(
            f"the adapter cannot be put on {base.name}: {error}", hint="the adapter was made for another model"
        ) from error


def _adapter_layers(model: nn.Module) -> list[tuple[str, LoraLayer]]:
    return [(name, module) for name, module in model.named_modules() if isinstance(module, LoraLayer)]


def _take_off(model: nn.Module) -> None:
    """Put the layers back that an adapter was wrapped around, however far PEFT came in doing or undoing that."""
    for name, layer in _adapter_layers(model):
        model.set_submodule(name, layer.get_base_layer())
    if hasattr(model, "peft_config"):
        del model.peft_config
    model.requires_grad_(requires_grad=False)


def _config(base: Base, files: AdapterFiles) -> LoraConfig:
    try:
        given = json.loads(files[CONFIG_FILE])
    except (KeyError, ValueError) as error:
        raise ModelError(f"an adapter needs a readable {CONFIG_FILE}") from error
    if given.get("peft_type") != "LORA":
        raise ModelError(f"the adapter is of type {given.get('peft_type')!r}; only LORA is supported")
    if given.get("modules_to_save"):
        raise ModelError(f"the adapter also replaces whole modules {given['modules_to_save']}, which cannot be swapped")
    if given.get("bias", "none") != "none" or given.get("lora_bias"):
        raise ModelError("the adapter also trains biases, which cannot be swapped; train it with bias: none")
    if given.get("init_lora_weights", True) not in PLAIN_BEGINNINGS:
        raise ModelError(
            f"the adapter began as {given['init_lora_weights']!r}, which changes the base's own weights",
            hint="save it as a plain LoRA: PEFT's save_pretrained with path_initial_model_for_weight_conversion",
        )
    if isinstance(given.get("target_modules"), str) and base.abilities.images != "none":
        given["target_modules"] = given["target_modules"].replace(r"model\.layers", r"model\.language_model\.layers")
    config = LoraConfig(**{name: value for name, value in given.items() if name in LoraConfig.__dataclass_fields__})
    config.inference_mode = True
    config.init_lora_weights = True  # every tensor is loaded, and some beginnings would ask for data
    return config


def _tensors(files: AdapterFiles) -> dict[str, Tensor]:
    try:
        return tensors_from_bytes(files[WEIGHTS_FILE])
    except (KeyError, SafetensorError) as error:
        raise ModelError(f"an adapter needs a readable {WEIGHTS_FILE}; other formats are not read") from error


def _renamed(base: Base, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    for old, new in MOVED if base.abilities.images != "none" else ():
        tensors = {old.sub(new, name): tensor for name, tensor in tensors.items()}
    return tensors


def _load(frame: Frame, tensors: dict[str, Tensor]) -> None:
    wanted, given = set(frame.tensors), set(tensors)
    for names, what in ((given - wanted, "without a module"), (wanted - given, "missing for a module")):
        if names:
            raise ModelError(
                f"{len(names)} adapter tensors are {what} of this model, such as {min(names)}",
                hint="the adapter was made for another model, or its files are incomplete",
            )
    for name, place in frame.tensors.items():
        if tensors[name].shape != place.shape:
            raise ModelError(
                f"the adapter's tensor {name} is of shape {tuple(tensors[name].shape)}, not {tuple(place.shape)}",
                hint="the adapter was made for another model, or its files do not belong together",
            )
        place.copy_(tensors[name])
