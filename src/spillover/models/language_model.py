"""Finds the language model within a vision-language model, of whatever architecture of transformers."""

from __future__ import annotations

from torch import nn

from spillover.core.errors import ModelError


def language_model_place(model: nn.Module) -> str:
    """The name of the module that is the language model without its head, such as `model.language_model`.

    Raises:
        ModelError: the model has no language model of its own.
    """
    decoder = model.get_decoder() if hasattr(model, "get_decoder") else None  # type: ignore[operator]
    place = next((name for name, module in model.named_modules() if module is decoder), "")
    if decoder is None or not place:
        raise ModelError(f"{type(model).__name__} has no language model that LoRA could be put on")
    return place
