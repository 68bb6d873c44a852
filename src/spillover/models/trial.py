"""What a model can be relied on for, tried once when it is loaded, so that no list of models need say.

One small question is asked plainly, and again in the way that saves work. Where the answers differ, the plain way is
taken from then on: slower, never wrong.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, log2
from typing import Any

import torch
from torch import Tensor

from spillover.core.errors import ModelError
from spillover.models.last_layer import only_read_at
from spillover.models.vision import PIXELS, ImageForm, accepted_names, in_place_of_pixels, see

SAME = 1e-3
"""Two results are the same if they differ by less, relative to their norm; the same operations usually differ by 0."""

LOUD = 100.0
"""Logits at least so large, in one of the trials: caps of the usual 30 to 50 do not show at those of a small model."""

FAILURES = (AttributeError, IndexError, RuntimeError, TypeError, ValueError)
"""What a model raises that is run in a way that it was not made for."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What may be relied on."""

    images: ImageForm = "none"
    plain_head: bool = False
    """Whether a model's logits are its output embedding times its last state, neither capped nor scaled."""
    narrow: bool = False
    """Whether its last layer may leave undone what nobody reads; see `spillover.models.last_layer`."""


@torch.inference_mode()
def try_model(model: Any, inputs: Mapping[str, Any], name: str) -> Abilities:
    """Try a model on one prompt.

    Args:
        model: ready to answer.
        inputs: what its processor makes of a prompt, with one image if it reads images.
        name: for the log and for errors.

    Raises:
        ModelError: it cannot read the prompt at all, answers in what is no number, or must be told of every token which
            images it may look at.
    """
    read = accepted_names(type(model), "forward")
    placed = {each: value.to(model.device) for each, value in inputs.items() if each in read}
    shape = inputs["input_ids"].shape
    if told := [each for each, value in placed.items() if value.shape[:2] == shape and value.ndim > 2]:
        raise ModelError(
            f"{name} must be told of every token which images it may look at ({told[0]}), which spillover does not do"
        )
    states, logits = _first_answer(model, placed, name)
    if not bool(logits.isfinite().all()):
        raise ModelError(
            f"{name} answers in values that are no numbers",
            hint="its weights are broken, or its precision is too narrow for them: try precision: bfloat16 or float32",
        )
    form, why = _image_form(model, placed, states)
    if why:
        log.warning("the images of %s pass its vision tower with every batch, which is slower: %s", name, why)
    return Abilities(
        images=form,
        plain_head=_has_plain_head(model, placed, float(logits.abs().max())),
        narrow=_narrows(model, placed, states[:, -1]),
    )


def _first_answer(model: Any, inputs: Mapping[str, Tensor], name: str) -> tuple[Tensor, Tensor]:
    try:
        return _answer(model, inputs)
    except torch.OutOfMemoryError:
        raise
    except FAILURES as error:
        raise ModelError(
            f"{name} cannot read what its processor makes of an image and a question: {type(error).__name__}: {error}",
            hint="look at the model's folder: config.json and the files of its image processor and tokenizer must be "
            "those it was published with",
        ) from error


def _answer(model: Any, inputs: Mapping[str, Tensor], times: float = 1.0) -> tuple[Tensor, Tensor]:
    """All states that leave the last layer, multiplied, and the logits that the head makes of the last of these."""
    taken: list[Tensor] = []

    def take(*called: Any) -> None:
        called[-1].last_hidden_state = called[-1].last_hidden_state * times
        taken.append(called[-1].last_hidden_state)

    hook = model.base_model.register_forward_hook(take)
    try:
        logits = model(**inputs, use_cache=False).logits[:, -1]
    finally:
        hook.remove()
    return taken[0], logits


def _has_plain_head(model: Any, inputs: Mapping[str, Tensor], largest: float) -> bool:
    """Whether logits are states times the output embedding, also where they are large."""
    for times in (1.0, 2.0 ** ceil(log2(max(LOUD / max(largest, 1e-6), 1.0)))):  # a power of two rounds nothing
        states, logits = _answer(model, inputs, times)
        if not _same(model.get_output_embeddings()(states[:, -1]), logits):
            return False
    return True


def _image_form(model: Any, inputs: Mapping[str, Tensor], states: Tensor) -> tuple[ImageForm, str]:
    """The form in which a model takes images, and why if it is pixels."""
    if not any(pixels in inputs for pixels in PIXELS):
        return "none", ""
    accepted = accepted_names(type(model.base_model), "forward")
    if "mm_encoder_outputs" not in accepted or not hasattr(model, "get_image_features"):
        return "pixels", "transformers has no way to give it image features"
    kept = {name: value for name, value in inputs.items() if name in accepted and name not in PIXELS}
    try:
        features, form = see(model, inputs)
        seen = in_place_of_pixels(features, form, model.device)
        again = model.base_model(**kept, mm_encoder_outputs=seen, use_cache=False).last_hidden_state
    except FAILURES as error:
        return "pixels", f"given image features it fails: {error}"
    return (
        (form, "") if _same(again, states) else ("pixels", "given image features it reads otherwise than given pixels")
    )


def _narrows(model: Any, inputs: Mapping[str, Tensor], state: Tensor) -> bool:
    try:
        with only_read_at(model, slice(None), slice(-1, None)):
            narrowed, _ = _answer(model, inputs)
    except FAILURES:
        return False
    return _same(narrowed[:, -1], state)


def _same(one: Tensor, other: Tensor) -> bool:
    return bool((one.float() - other.float()).norm() <= SAME * other.float().norm())
