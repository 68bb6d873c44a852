"""How images reach the language model.

What a frozen vision tower makes of an image is computed once and given to the model in the place of pixels, which
transformers calls `mm_encoder_outputs`. Models differ in the form that they want it in, and some cannot take it: see
`spillover.models.trial`.
"""

from __future__ import annotations

import inspect
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import torch
from torch import Tensor
from transformers.modeling_outputs import BaseModelOutputWithPooling

from spillover.models.features import Features

ImageForm = Literal["none", "pixels", "joined features", "listed features"]
"""In which form a model takes images: not at all, as pixels with every batch, or as features kept from before, in one
tensor or in a list of them."""

PIXELS = ("pixel_values", "pixel_attention_mask")
"""What only the vision tower reads; dropped once it has."""
TEXT = ("input_ids", "attention_mask")
"""What the vision tower is never given."""


@dataclass
class SeenImages(BaseModelOutputWithPooling):
    """The vision tower's output in the form that models of transformers accept in place of pixels."""

    deepstack_features: list[Any] | None = None


def see(model: Any, inputs: Mapping[str, Any]) -> tuple[list[Features], ImageForm]:
    """Let the images of several prompts pass the vision tower.

    Args:
        model: its tower is run without dropout, though a finetune may be under way.
        inputs: what the processor made of the prompts.

    Returns:
        Features in main memory, one entry a prompt, and in which form the model has them.

    Raises:
        RuntimeError: the features are not as many as the prompts' image tokens.
    """
    accepted = accepted_names(type(model), "get_image_features")
    counts = (inputs["input_ids"] == model.config.image_token_id).sum(dim=1).tolist()
    placed = {name: value.to(model.device) for name, value in inputs.items() if name in accepted and name not in TEXT}
    with _undisturbed(model):
        output = model.get_image_features(**placed, return_dict=True)
    embeddings = _by_prompt(output.pooler_output, counts)
    layers = [_by_prompt(layer, counts) for layer in getattr(output, "deepstack_features", None) or ()]
    features = [
        Features(embeddings=embeddings[row], deepstack=tuple(layer[row] for layer in layers))
        for row in range(len(counts))
    ]
    return features, "joined features" if isinstance(output.pooler_output, Tensor) else "listed features"


def in_place_of_pixels(features: Sequence[Features], form: ImageForm, device: torch.device) -> dict[str, SeenImages]:
    """Give the model what the vision tower made of the images of a batch's prompts, in order."""

    def formed(parts: Sequence[Tensor]) -> Any:
        placed = tuple(part.to(device) for part in parts)
        return torch.cat(placed) if form == "joined features" else placed

    layers = zip(*(each.deepstack for each in features), strict=True)
    embeddings = formed([each.embeddings for each in features])
    return {
        "image": SeenImages(pooler_output=embeddings, deepstack_features=[formed(layer) for layer in layers] or None)
    }


@cache
def accepted_names(owner: type, method: str) -> frozenset[str]:
    """The names of a method's parameters; none where there is no such method."""
    return frozenset(inspect.signature(getattr(owner, method)).parameters) if hasattr(owner, method) else frozenset()


@contextmanager
def _undisturbed(model: Any) -> Generator[None]:
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)


def _by_prompt(embeddings: Tensor | Sequence[Tensor], counts: list[int]) -> list[Tensor]:
    """Cut what the tower saw at the prompts' borders, and copy it to main memory: a GPU's is for the model."""
    joined = embeddings if isinstance(embeddings, Tensor) else torch.cat(list(embeddings))
    flat = joined.reshape(-1, joined.shape[-1])
    return [part.to("cpu", copy=True) for part in flat.split(counts)]
