"""Processors, with and without torchvision.

transformers' stock processors of video-capable models ask for a video processor, which asks for torchvision. Where it
is missing, the same processor class is put together from its image processor and its tokenizer: images are all we need.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from textwrap import shorten
from typing import Any, cast

from PIL import Image
from transformers import AutoConfig, AutoImageProcessor, AutoProcessor, AutoTokenizer, ProcessorMixin
from transformers.models.auto.processing_auto import PROCESSOR_MAPPING
from transformers.utils import logging as transformers_logging

from spillover.core.errors import ModelError
from spillover.models.settings import ModelSettings

REASON_LENGTH = 300
"""Characters kept of what transformers says; some of its errors list every model that it knows."""


def load_processor(place: Path | str, settings: ModelSettings) -> ProcessorMixin:
    """Load a model's processor.

    Args:
        place: the model's folder, or its name on the hub.
        settings: revision, pixel limits, trust.

    Raises:
        ModelError: files are missing or broken, there is no chat template, or the processor knows no pixel limits and
            limits are set.
    """
    options: dict[str, Any] = {"revision": settings.revision, "trust_remote_code": settings.trust_remote_code}
    try:
        if find_spec("torchvision") is None:
            processor = _assemble(place, options)
        else:
            processor = AutoProcessor.from_pretrained(place, **options)
    except ModelError:
        raise
    except Exception as error:
        raise _unusable("cannot load the processor", settings, error) from error
    _limit_pixels(processor, settings)
    if not processor.chat_template and not processor.tokenizer.chat_template:
        raise ModelError(
            f"{settings.path!r} has no chat template", hint="use the instruction-tuned version of the model"
        )
    return processor


def try_processor(place: Path, settings: ModelSettings) -> None:
    """Load a model's processor and let it read one blank image with a question.

    Whether the values in its files make sense shows only when they are used.

    Raises:
        ModelError: it cannot be loaded, or cannot do that.
    """
    transformers_logging.set_verbosity_error()  # what is wrong is told once, by us
    processor: Any = load_processor(place, settings)
    content = [{"type": "image"}, {"type": "text", "text": "?"}]
    try:
        text = processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
        processor(images=[[Image.new("RGB", (64, 64))]], text=[text], return_tensors="pt")
    except Exception as error:
        raise _unusable("a blank image cannot be read with the processor", settings, error) from error


def _unusable(what: str, settings: ModelSettings, error: Exception) -> ModelError:
    reason = shorten(str(error), REASON_LENGTH, placeholder=" …")
    return ModelError(
        f"{what} of {settings.path!r}: {type(error).__name__}: {reason}",
        hint="config.json and the files of its image processor and tokenizer must be those it was published with",
    )


def _assemble(place: Path | str, options: dict[str, Any]) -> ProcessorMixin:
    image_processor = AutoImageProcessor.from_pretrained(place, **options)
    tokenizer = AutoTokenizer.from_pretrained(place, **options)
    stock = _processor_class(place, options)
    settings, _ = stock.get_processor_dict(place, **options)
    template = settings.get("chat_template") or tokenizer.chat_template
    if "video_processor" not in stock.get_attributes():
        return stock(image_processor=image_processor, tokenizer=tokenizer, chat_template=template)

    class ImagesOnly(stock):  # the stock class accepts None for video in its signature, not in its check
        def check_argument_for_proper_class(self, argument_name: str, argument: Any) -> Any:
            if argument_name == "video_processor" and argument is None:
                return None
            return super().check_argument_for_proper_class(argument_name, argument)

    ImagesOnly.__name__ = ImagesOnly.__qualname__ = stock.__name__
    return ImagesOnly(
        image_processor=image_processor, tokenizer=tokenizer, video_processor=None, chat_template=template
    )


def _processor_class(place: Path | str, options: dict[str, Any]) -> type[ProcessorMixin]:
    config = AutoConfig.from_pretrained(place, **options)
    if type(config) not in PROCESSOR_MAPPING:
        raise ModelError(f"transformers knows no processor for {config.model_type!r} models", where=str(place))
    return cast("type[ProcessorMixin]", PROCESSOR_MAPPING[type(config)])


def _limit_pixels(processor: ProcessorMixin, settings: ModelSettings) -> None:
    limits = {"shortest_edge": settings.minimum_pixels, "longest_edge": settings.maximum_pixels}
    given = {name: value for name, value in limits.items() if value is not None}
    if not given:
        return
    size = dict(processor.image_processor.size)
    if not {"shortest_edge", "longest_edge"} <= set(size):
        raise ModelError(
            f"{settings.path!r} scales images to a fixed size; minimum_pixels and maximum_pixels cannot be set",
            hint="leave them out",
        )
    processor.image_processor.size = {**size, **given}
