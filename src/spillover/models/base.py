"""Loads a base model once, to be shared by every adapter."""

from __future__ import annotations

import warnings
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import torch
import transformers
from safetensors import SafetensorError
from torch import Tensor, nn
from transformers import (
    MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING,
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    GenerationConfig,
    ProcessorMixin,
)

from spillover.core.errors import ModelError
from spillover.models.budget import CPU_TOKENS, TokenBudget
from spillover.models.chat import Chat
from spillover.models.devices import check_device, resolve_precision
from spillover.models.features import FeatureCache, FeatureDisk, vision_identity
from spillover.models.identity import locate_model
from spillover.models.last_layer import only_read_at
from spillover.models.processing import chat_of, load_processor, process_example
from spillover.models.quantisation import four_bit
from spillover.models.recent import Recent
from spillover.models.settings import ModelSettings
from spillover.models.trial import Abilities, try_model

LAYOUT_BYTES = 1 << 28
"""Of batches that are kept laid out, on the model's device."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A frozen model with its processor: a vision-language model, or one that reads text alone."""

    model: Any
    """A `PreTrainedModel`; every architecture adds methods of its own, which its type does not tell."""
    processor: Any
    """A `ProcessorMixin`, or the tokenizer of a model that reads text alone."""
    chat: Chat
    name: str
    abilities: Abilities = field(default_factory=Abilities)
    features: FeatureCache = field(default_factory=FeatureCache)
    """What its vision tower made of images; see `spillover.models.encoding`."""
    frames: dict[str, Any] = field(default_factory=dict[str, Any])
    """LoRA layers that the next adapter of the same configuration needs; see `spillover.models.adapters`."""
    deciding: dict[tuple[str, ...], Any] = field(default_factory=dict[tuple[str, ...], Any])
    """By options: where a choice between them is decided; see `spillover.models.encoding`."""
    layouts: Recent[tuple[Any, ...], dict[str, Any]] = field(default_factory=lambda: Recent(LAYOUT_BYTES))
    """Batches of questions as tensors, which the next adapter is asked as well; see `spillover.models.batching`."""
    asking: TokenBudget = field(default_factory=lambda: TokenBudget(CPU_TOKENS))
    """Of a forward pass alone."""
    training: TokenBudget = field(default_factory=lambda: TokenBudget(CPU_TOKENS))
    """Of a forward pass whose activations are kept for the way back."""

    @property
    def tokenizer(self) -> Any:
        """The processor's tokenizer."""
        return self.chat.tokenizer

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

    def only_read_at(self, rows: Tensor | slice, positions: Tensor | slice) -> AbstractContextManager[None]:
        """Leave undone what the last layer would do for nothing, if the model is one of which it can be left."""
        return only_read_at(self.model, rows, positions) if self.abilities.narrow else nullcontext()

    @property
    def head(self) -> Any:
        """The output embedding: one row a token of the vocabulary."""
        return self.model.get_output_embeddings()


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
    chat = chat_of(processor, settings.name)
    dtype: torch.dtype = getattr(torch, resolve_precision(settings.precision, device))
    placed = _placement(settings, place, dtype, device)
    model_class = AutoModelForImageTextToText if isinstance(processor, ProcessorMixin) else AutoModelForCausalLM
    try:
        loaded: Any = model_class.from_pretrained(
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
    model.generation_config = GenerationConfig()  # what a call leaves unsaid would be taken from the model's own
    abilities = try_model(model, process_example(processor, chat), settings.name)
    keeps = disk is not None and abilities.images.endswith("features")
    return Base(
        model=model,
        processor=processor,
        chat=chat,
        name=settings.name,
        abilities=abilities,
        features=FeatureCache(disk, vision_identity(model, processor)) if keeps else FeatureCache(),
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
            model = model_class_of(config).from_config(config, trust_remote_code=settings.trust_remote_code)
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelError(f"cannot build the model {settings.path!r}: {error}") from error
    return Base(
        model=model.requires_grad_(requires_grad=False),
        processor=None,
        chat=cast("Chat", None),
        name=settings.name,
        abilities=Abilities(images="none" if model_class_of(config) is AutoModelForCausalLM else "pixels"),
    )


def model_class_of(config: Any) -> Any:
    """The class of transformers that makes a model of a configuration: one that reads images, or text alone."""
    return AutoModelForImageTextToText if type(config) in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING else AutoModelForCausalLM
