"""Loads a base model once, to be shared by every adapter."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import SafetensorError
from torch import nn
from transformers import AutoConfig, AutoModelForImageTextToText

from spillover.core.errors import ModelError
from spillover.models.budget import CPU_TOKENS, TokenBudget
from spillover.models.devices import check_device, resolve_precision
from spillover.models.features import FeatureCache, FeatureDisk, vision_identity
from spillover.models.identity import locate_model
from spillover.models.processing import load_processor
from spillover.models.quantisation import four_bit
from spillover.models.settings import ModelSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A frozen vision-language model with its processor."""

    model: Any
    """A `PreTrainedModel`; every architecture adds methods of its own, which its type does not tell."""
    processor: Any
    """A `ProcessorMixin`."""
    name: str
    features: FeatureCache = field(default_factory=FeatureCache)
    """What its vision tower made of images; see `spillover.models.encoding`."""
    frames: dict[str, Any] = field(default_factory=dict[str, Any])
    """LoRA layers that the next adapter of the same configuration needs; see `spillover.models.adapters`."""
    asking: TokenBudget = field(default_factory=lambda: TokenBudget(CPU_TOKENS))
    """Of a forward pass alone."""
    training: TokenBudget = field(default_factory=lambda: TokenBudget(CPU_TOKENS))
    """Of a forward pass whose activations are kept for the way back."""

    @property
    def tokenizer(self) -> Any:
        """The processor's tokenizer."""
        return self.processor.tokenizer

    @property
    def device(self) -> torch.device:
        """Where the model lies."""
        return self.model.device

    @property
    def quantised(self) -> bool:
        """Whether its weights are stored in fewer bits than they are computed in, so that none may be written."""
        return bool(getattr(self.model, "is_quantized", False))

    @property
    def backbone(self) -> nn.Module:
        """The model without its output head."""
        return self.model.base_model

    @property
    def head(self) -> Any:
        """The output embedding: one row a token of the vocabulary."""
        return self.model.get_output_embeddings()

    @property
    def end_of_turn(self) -> int:
        """The token that ends an answer."""
        return self.tokenizer.eos_token_id


def no_number(base: Base, message: str) -> ModelError:
    """Say that a model answers with NaN or infinity, from which no answer may be read."""
    dtype = str(base.model.dtype).removeprefix("torch.")
    return ModelError(
        f"{base.name} cannot be asked: {message}",
        hint=f"it computes in {dtype}: set precision to float32 or bfloat16; an adapter with it may be broken",
    )


def quieten(*, single_thread: bool) -> None:
    """Prepare a process for models: no progress bars or advice of libraries among ours, and one thread if so wished."""
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")
    if single_thread:
        torch.set_num_threads(1)


def load_base(settings: ModelSettings, device: str = "cpu", *, disk: FeatureDisk | None = None) -> Base:
    """Load a model and its processor, frozen and ready to answer.

    Args:
        settings: which model, and how.
        device: where it is put.
        disk: where image features are kept for other processes and runs; None for this process's main memory.

    Raises:
        ModelError: there is no such model or device, or its files are incomplete or do not fit together.
    """
    check_device(device)
    place = locate_model(settings)
    processor = load_processor(place, settings)
    dtype: torch.dtype = getattr(torch, resolve_precision(settings.precision, device))
    placed = _placement(settings, place, dtype, device)
    try:
        loaded: Any = AutoModelForImageTextToText.from_pretrained(
            place,
            revision=settings.revision,
            trust_remote_code=settings.trust_remote_code,
            use_safetensors=True,
            dtype=dtype,
            output_loading_info=True,
            **placed,
        )
        model, loading = loaded
        model = (model if placed else model.to(device)).eval()
    except torch.OutOfMemoryError as error:
        raise ModelError(
            f"the memory of {device} does not hold the model {settings.path!r}",
            hint="set its quantisation: 4bit, its device_map: spread over several GPUs, or its precision: bfloat16; or "
            "executor.processes lower, if several share the device",
        ) from error
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise ModelError(f"cannot load the model {settings.path!r}: {error}") from error
    if missing := sorted(loading["missing_keys"]):  # transformers would fill them with random numbers
        raise ModelError(
            f"the weights of {settings.path!r} lack {len(missing)} tensors that its config.json speaks of, such as "
            f"{missing[0]}",
            hint="the weights and config.json must be of one model",
        )
    model.requires_grad_(requires_grad=False)
    features = FeatureCache(disk, vision_identity(model, processor)) if disk is not None else FeatureCache()
    return Base(
        model=model,
        processor=processor,
        name=settings.name,
        features=features,
        asking=TokenBudget.of(model.device),
        training=TokenBudget.of(model.device),
    )


def _placement(settings: ModelSettings, place: Path | str, dtype: torch.dtype, device: str) -> dict[str, Any]:
    """What transformers is told of a model that is not put on one device as it is."""
    placed: dict[str, Any] = {}
    if settings.quantisation == "4bit":
        placed = {"quantization_config": four_bit(outline(settings, place).model, dtype), "device_map": {"": device}}
    if settings.device_map == "spread":
        placed["device_map"] = "balanced"
    return placed


def outline(settings: ModelSettings, place: Path | str) -> Base:
    """Build a model of its configuration alone: every module and shape, no weights, no processor.

    Args:
        settings: which model.
        place: its folder, or its name on the hub.

    Raises:
        ModelError: transformers knows no such model.
    """
    try:
        config = AutoConfig.from_pretrained(
            place, revision=settings.revision, trust_remote_code=settings.trust_remote_code
        )
        with torch.device("meta"):
            model = AutoModelForImageTextToText.from_config(config, trust_remote_code=settings.trust_remote_code)
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelError(f"cannot build the model {settings.path!r}: {error}") from error
    return Base(model=model.requires_grad_(requires_grad=False), processor=None, name=settings.name)
