"""LoRA adapters on a shared base: attached to be trained, merged to be evaluated, always taken off without a trace.

Adapters are PEFT's own, in PEFT's own files, held here as bytes so that only a study's driver writes them.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from peft.tuners.lora import LoraLayer
from safetensors import SafetensorError
from safetensors.torch import load as tensors_from_bytes
from safetensors.torch import save as bytes_from_tensors
from torch import Tensor, nn

from spillover.core.errors import ModelError
from spillover.models.adapter_folder import (
    CONFIG_FILE,
    WEIGHTS_FILE,
    adapter_files,
    adapter_shapes,
    read_adapter_config,
    require_rank,
)
from spillover.models.base import Base
from spillover.models.language_model import language_model_place
from spillover.models.patterns import require_end
from spillover.models.settings import LoRASettings

AdapterFiles = Mapping[str, bytes]
"""An adapter's files in PEFT's format, by name."""
Named = TypeVar("Named")
"""What an adapter's tensor stands for: itself, or its shape."""

PREFIX = "base_model.model."
"""Of every tensor's name, before the module's own."""
WRAPPERS = ("model", "language_model")
"""transformers 4.52 moved the parts of models that see, which adapters of before still call by their former names: the
order of these wrappers changed, whatever the family, and nothing else."""


def language_model_pattern(model: nn.Module) -> str:
    """The regular expression of the language model's linear layers, for any model of transformers.

    The bare names would not do: vision towers have modules of the same names.

    Raises:
        ModelError: the model has no language model of its own.
    """
    place = language_model_place(model)
    decoder = model.get_submodule(place)
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
    names = _read_tensors(base, files)
    return any(f".{decoder}." not in name for name in names)


def applied_adapter(base: Base, files: AdapterFiles) -> AbstractContextManager[None]:
    """Let a base answer with an adapter: merged into its weights, or beside them where they are quantised.

    Quantised weights are never merged: rounding to 4 bits would take a part of the adapter with it.

    Raises:
        ModelError: the files are no adapter of this model.
    """
    return _adapter_beside(base, files) if base.quantised else merged_adapter(base, files)


@contextmanager
def _adapter_beside(base: Base, files: AdapterFiles) -> Generator[None]:
    """Put an adapter's layers around the base's, and take them off at the end."""
    tensors = _read_tensors(base, files)
    frame = _frame(base, _config(base, files, _shapes(tensors)))
    _load(frame, tensors)
    try:
        for name, layer in frame.layers.items():
            base.model.set_submodule(name, layer)
        yield
    finally:
        _take_off(base.model)


@contextmanager
def merged_adapter(base: Base, files: AdapterFiles) -> Generator[None]:
    """Merge an adapter into a copy of the base's weights, and put the base's own back at the end.

    Raises:
        ModelError: the files are no adapter of this model: a tensor without a module, a module without its tensor, or
            one of another shape.
    """
    tensors = _read_tensors(base, files)
    frame = _frame(base, _config(base, files, _shapes(tensors)))
    _load(frame, tensors)
    layers = list(frame.layers.values())
    inner = [parameter for layer in layers for parameter in layer.get_base_layer().parameters()]
    saved = [(parameter, parameter.data) for parameter in inner]
    try:
        with torch.no_grad():
            for parameter, content in saved:
                parameter.data = content.clone()
            for layer in layers:
                layer.merge()
        yield
    finally:
        for parameter, content in saved:
            parameter.data = content
        for layer in layers:
            layer.merged_adapters.clear()


@dataclass(frozen=True, slots=True)
class Frame:
    """PEFT's LoRA layers of one configuration: each knows the base's layer that it belongs to, none is in its place."""

    layers: dict[str, Any]
    """By the name of the base's layer."""
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
            layers = dict(_adapter_layers(base.model))
            _require_inner(base, layers)
            base.frames[key] = Frame(layers, tensors)
        finally:
            _take_off(base.model)
    return base.frames[key]


def _require_inner(base: Base, layers: Mapping[str, Any]) -> None:
    """Refuse an adapter on the embeddings: they may be one weight at both ends, of which it means one."""
    ends = (base.model.get_input_embeddings(), base.model.get_output_embeddings())
    for name, layer in layers.items():
        if any(layer is end for end in ends):  # it is in the place of what it is around
            raise ModelError(
                f"the adapter is on the embeddings ({name}), where it cannot be swapped",
                hint="train it on the layers between them: target_modules: all-linear leaves the embeddings out",
            )


def _attach(base: Base, config: LoraConfig) -> PeftModel:
    try:
        return PeftModel(base.model, config)
    except Exception as error:  # such as target modules that are not there, or a dropout that is no number
        raise ModelError(
            f"the adapter cannot be put on {base.name}: {type(error).__name__}: {error}",
            hint=f"the adapter was made for another model, or its {CONFIG_FILE} was changed",
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


def _config(base: Base, files: AdapterFiles, shapes: Mapping[str, tuple[int, ...]]) -> LoraConfig:
    """Read the configuration of an adapter that has such tensors."""
    given = read_adapter_config(files.get(CONFIG_FILE, b""))
    require_rank(given, shapes)
    known = {name: value for name, value in given.items() if name in LoraConfig.__dataclass_fields__}
    try:
        config = LoraConfig(**known)
        modules = [name for name, _ in base.model.named_modules()]
        require_end(config, modules)
        wanted = config.target_modules
        if (
            isinstance(wanted, str)
            and wanted != "all-linear"
            and not any(re.fullmatch(wanted, name) for name in modules)
        ):  # written for former names: the tensors tell
            config.target_modules = sorted({_module_of(name) for name in shapes} & set(modules))
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(f"PEFT cannot take the adapter's {CONFIG_FILE}: {type(error).__name__}: {error}") from error
    config.inference_mode = True
    config.init_lora_weights = True  # every tensor is loaded, and some beginnings would ask for data
    return config


def _read_tensors(base: Base, files: AdapterFiles) -> dict[str, Tensor]:
    try:
        return _renamed(base, tensors_from_bytes(files[WEIGHTS_FILE]))
    except (KeyError, SafetensorError) as error:
        raise ModelError(f"an adapter needs a readable {WEIGHTS_FILE}; other formats are not read") from error


def _shapes(tensors: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


def _renamed(base: Base, tensors: Mapping[str, Named]) -> dict[str, Named]:
    """Call tensors by the names that their modules have now."""
    modules = [name for name, _ in base.model.named_modules()]
    if base.abilities.images == "none" or all(_module_of(name) in modules for name in tensors):
        return dict(tensors)
    inside = Counter(map(_without_wrappers, modules))
    now = {bare: name for name in modules if inside[bare := _without_wrappers(name)] == 1}

    def renamed(name: str) -> str:
        module = _module_of(name)
        return PREFIX + now.get(_without_wrappers(module), module) + name.removeprefix(PREFIX + module)

    return {renamed(name): tensor for name, tensor in tensors.items()}


def _module_of(tensor: str) -> str:
    return tensor.removeprefix(PREFIX).split(".lora_", 1)[0]


def _without_wrappers(module: str) -> str:
    return ".".join(part for part in module.split(".") if part not in WRAPPERS)


def require_fit(base: Base, folder: Path) -> None:
    """See that an adapter's tensors are those that it needs on a model, by names and shapes, and hold numbers.

    Args:
        base: its weights are not looked at; see `spillover.models.base.outline`.
        folder: the adapter's.

    Raises:
        ModelError: they are not.
    """
    files = adapter_files(folder)
    shapes = _renamed(base, adapter_shapes(folder))
    try:
        _require_shapes(_frame(base, _config(base, files, shapes)), shapes)
        _require_finite(_read_tensors(base, files))
    except ModelError as error:
        raise ModelError(error.message, where=str(folder), hint=error.hint) from error


def _require_shapes(frame: Frame, given: Mapping[str, tuple[int, ...]]) -> None:
    for names, what in (
        (given.keys() - frame.tensors.keys(), "without a module"),
        (frame.tensors.keys() - given.keys(), "missing for a module"),
    ):
        if names:
            raise ModelError(
                f"{len(names)} adapter tensors are {what} of this model, such as {min(names)}",
                hint="the adapter was made for another model, or its files are incomplete",
            )
    for name, place in frame.tensors.items():
        if given[name] != tuple(place.shape):
            raise ModelError(
                f"the adapter's tensor {name} is of shape {given[name]}, not {tuple(place.shape)}",
                hint="the adapter was made for another model, or its files do not belong together",
            )


def _require_finite(tensors: Mapping[str, Tensor]) -> None:
    for name, tensor in tensors.items():
        if not tensor.is_floating_point():
            raise ModelError(f"the adapter's tensor {name} is of whole numbers, not floating point")
        if not torch.isfinite(tensor).all():
            hint = "its training ran away, or its files are damaged"
            raise ModelError(f"the adapter's tensor {name} is not finite: it holds NaN or infinity", hint=hint)


def _load(frame: Frame, tensors: dict[str, Tensor]) -> None:
    _require_shapes(frame, _shapes(tensors))
    _require_finite(tensors)
    for name, place in frame.tensors.items():
        place.copy_(tensors[name])
