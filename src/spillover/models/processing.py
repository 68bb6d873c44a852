"""Processors, with and without torchvision.

transformers' stock processors of video-capable models ask for a video processor, which asks for torchvision. Where it
is missing, the same processor class is put together from its image processor and its tokenizer: images are all we need.
The processor of a model that reads text alone is its tokenizer.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from textwrap import shorten
from typing import Any, cast

import numpy as np
from PIL import Image
from transformers import AutoConfig, AutoImageProcessor, AutoProcessor, AutoTokenizer, ProcessorMixin
from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING
from transformers.models.auto.processing_auto import PROCESSOR_MAPPING
from transformers.utils import logging as transformers_logging

from spillover.core.errors import ModelError
from spillover.core.prompt import Turn
from spillover.models.chat import Chat
from spillover.models.settings import ModelSettings

REASON_LENGTH = 300
"""Characters kept of what transformers says; some of its errors list every model that it knows."""


def load_processor(place: Path | str, settings: ModelSettings) -> Any:
    """Load a model's processor, whose tokenizer has the chat template and a token to pad with.

    Args:
        place: the model's folder, or its name on the hub.
        settings: revision, pixel limits, trust.

    Returns:
        A `ProcessorMixin`, or the tokenizer of a model that reads text alone.

    Raises:
        ModelError: files are missing or broken, there is no chat template, or the processor knows no pixel limits and
            limits are set.
    """
    options: dict[str, Any] = {"revision": settings.revision, "trust_remote_code": settings.trust_remote_code}
    try:
        config = AutoConfig.from_pretrained(place, **options)
        processor = _load(place, config, options)
    except ModelError:
        raise
    except Exception as error:
        raise _unusable("cannot load the processor", settings.path, error) from error
    _limit_pixels(processor, settings)
    tokenizer = tokenizer_of(processor)
    tokenizer.chat_template = processor.chat_template or tokenizer.chat_template
    if not tokenizer.chat_template:
        raise ModelError(
            f"{settings.path!r} has no chat template", hint="use the instruction-tuned version of the model"
        )
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token  # padding is never attended to, whatever it is
    return processor


def reads_images(config: Any) -> bool:
    """Say by a model's configuration whether it is a vision-language model; else it is taken to read text alone."""
    own_code: dict[str, str] = getattr(config, "auto_map", None) or {}
    return type(config) in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING or "AutoModelForImageTextToText" in own_code


def tokenizer_of(processor: Any) -> Any:
    """The processor's tokenizer, or itself if that is what it is."""
    return processor.tokenizer if isinstance(processor, ProcessorMixin) else processor


def chat_of(processor: Any, name: str) -> Chat:
    """How the model's conversations are written.

    Raises:
        ModelError: its chat template cannot write one, or nothing says what ends a turn.
    """
    try:
        return Chat(tokenizer_of(processor), in_parts=isinstance(processor, ProcessorMixin), name=name)
    except ModelError:
        raise
    except Exception as error:
        raise _unusable("a question cannot be written with the chat template and tokenizer", name, error) from error


def process(processor: Any, texts: Sequence[str], images: Sequence[Sequence[Image.Image]] | None) -> Any:
    """Make a model's inputs of written conversations and their images, padded on the right."""
    options: dict[str, Any] = {} if images is None else {"images": images}
    begins = tokenizer_of(processor).bos_token
    if begins and texts[0].startswith(begins):  # the template has written what the tokenizer would write once more
        options["add_special_tokens"] = False
    return processor(text=texts, padding=True, padding_side="right", return_tensors="pt", **options)


def process_example(processor: Any, chat: Chat) -> Any:
    """Make the inputs of one small question, with an image for a model that reads images."""
    if not isinstance(processor, ProcessorMixin):
        return process(processor, [chat.ask([Turn(role="user", text="?")])], None)
    shades = np.arange(64 * 64 * 3, dtype=np.uint8).reshape(64, 64, 3)
    text = chat.ask([Turn(role="user", text="?", image_places=(0,))])
    return process(processor, [text], [[Image.fromarray(shades)]])


def try_processor(place: Path, settings: ModelSettings) -> None:
    """Load a model's processor and let it read a small question.

    Whether the values in its files make sense shows only when they are used.

    Raises:
        ModelError: it cannot be loaded, or cannot do that.
    """
    transformers_logging.set_verbosity_error()  # what is wrong is told once, by us
    processor = load_processor(place, settings)
    chat = chat_of(processor, settings.name)
    try:
        process_example(processor, chat)
    except Exception as error:
        raise _unusable("a blank image cannot be read with the processor", settings.path, error) from error


def _unusable(what: str, name: str, error: Exception) -> ModelError:
    reason = shorten(str(error), REASON_LENGTH, placeholder=" …")
    if isinstance(error, ImportError):
        hint = "install what transformers asks for here"
    else:
        hint = "config.json and the files of its image processor and tokenizer must be those it was published with"
    return ModelError(f"{what} of {name!r}: {type(error).__name__}: {reason}", hint=hint)


def _load(place: Path | str, config: Any, options: dict[str, Any]) -> Any:
    if not reads_images(config):
        return AutoTokenizer.from_pretrained(place, **options)
    if find_spec("torchvision") is None:
        return _assemble(place, config, options)
    return AutoProcessor.from_pretrained(place, **options)


def _assemble(place: Path | str, config: Any, options: dict[str, Any]) -> Any:
    if type(config) not in PROCESSOR_MAPPING:
        raise ModelError(f"transformers knows no processor for {config.model_type!r} models", where=str(place))
    stock = cast("type[ProcessorMixin]", PROCESSOR_MAPPING[type(config)])
    tokenizer = AutoTokenizer.from_pretrained(place, **options)
    parts = {"image_processor": AutoImageProcessor.from_pretrained(place, **options), "tokenizer": tokenizer}

    class ImagesOnly(stock):  # the stock classes accept None for video in their signatures, not in their check
        def check_argument_for_proper_class(self, argument_name: str, argument: Any) -> Any:
            return None if argument is None else super().check_argument_for_proper_class(argument_name, argument)

    ImagesOnly.__name__ = ImagesOnly.__qualname__ = stock.__name__
    settings, _ = stock.get_processor_dict(place, **options)
    return ImagesOnly.from_args_and_dict([parts.get(name) for name in stock.get_attributes()], settings)


def _limit_pixels(processor: Any, settings: ModelSettings) -> None:
    limits = {"shortest_edge": settings.minimum_pixels, "longest_edge": settings.maximum_pixels}
    given = {name: value for name, value in limits.items() if value is not None}
    if not given:
        return
    if not isinstance(processor, ProcessorMixin):
        raise ModelError(f"{settings.path!r} reads text alone; minimum_pixels and maximum_pixels cannot be set")
    size = dict(processor.image_processor.size)
    if not {"shortest_edge", "longest_edge"} <= set(size):
        raise ModelError(
            f"{settings.path!r} scales images to a fixed size; minimum_pixels and maximum_pixels cannot be set",
            hint="leave them out",
        )
    processor.image_processor.size = {**size, **given}
