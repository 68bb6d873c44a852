"""From a prompt to what the language model reads: tokens, their positions, and what the vision tower saw.

The vision tower is frozen in every finetune, so each prompt's images pass it once, one prompt at a time: what is packed
together never depends on what happens to be computed already, and the features stay the same to the last bit.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from spillover.core.errors import ModelError, TaskError
from spillover.core.prompt import Prompt
from spillover.models.base import Base

PIXELS = ("pixel_values", "pixel_attention_mask")
"""What only the vision tower reads; dropped once it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """What the vision tower made of one prompt's images."""

    embeddings: tuple[Tensor, ...]
    """One an image: (tokens, hidden size)."""
    deepstack: tuple[Tensor, ...]
    """One a deep layer, for models that feed several: (tokens of all images, hidden size)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """A prompt up to the point where the model's answer begins."""

    tokens: Int[Tensor, " token"]
    positions: Int[Tensor, "axis token"] | None
    """Multi-axis rotary positions, for models that have them."""
    token_fields: dict[str, Tensor]
    """Further inputs that have one value a token, such as which modality it is of."""
    image_fields: dict[str, Tensor]
    """Further inputs that have one row an image, such as its grid of patches."""
    features: Features | None
    """None for a prompt without images."""
    prompt: Prompt

    def __len__(self) -> int:
        return self.tokens.shape[0]


@torch.no_grad()
def encode_prompts(base: Base, prompts: Iterable[Prompt]) -> Iterator[Encoded]:
    """Encode prompts one after another, images included.

    Raises:
        TaskError: an image cannot be read.
        ModelError: the model cannot take such a prompt.
    """
    for prompt in prompts:
        yield _encode(base, prompt)


def _encode(base: Base, prompt: Prompt) -> Encoded:
    images = [image.load() for image in prompt.images]
    content = [*({"type": "image"} for _ in images), {"type": "text", "text": prompt.text}]
    text = base.processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
    try:
        inputs = base.processor(images=[images] if images else None, text=[text], return_tensors="pt")
    except ValueError as error:  # such as an aspect ratio that the model cannot take
        raise TaskError(f"{base.name} cannot read this example: {error}", where=prompt.text[:60]) from error
    tokens = inputs.pop("input_ids")
    inputs.pop("attention_mask", None)
    token_fields = {name: value for name, value in inputs.items() if value.shape == tokens.shape}
    vision = {name: value for name, value in inputs.items() if name not in token_fields}
    image_fields = {name: value for name, value in vision.items() if name not in PIXELS}
    return Encoded(
        tokens=tokens[0],
        positions=_rotary_positions(base, tokens, {**token_fields, **image_fields}),
        token_fields={name: value[0] for name, value in token_fields.items()},
        image_fields=image_fields,
        features=_see(base, vision) if images else None,
        prompt=prompt,
    )


def _rotary_positions(base: Base, tokens: Tensor, fields: dict[str, Tensor]) -> Tensor | None:
    locate = getattr(base.backbone, "get_rope_index", None)
    if locate is None:
        return None
    accepted = inspect.signature(locate).parameters
    positions, _ = locate(tokens, **{name: value for name, value in fields.items() if name in accepted})
    return positions[:, 0]


def _see(base: Base, vision: dict[str, Tensor]) -> Features:
    accepted = inspect.signature(base.model.get_image_features).parameters
    inputs = {name: value.to(base.device) for name, value in vision.items() if name in accepted}
    seen = base.model.get_image_features(**inputs, return_dict=True)
    embeddings = seen.pooler_output
    if isinstance(embeddings, Tensor):
        embeddings = tuple(embeddings) if embeddings.ndim == 3 else (embeddings,)
    deepstack = getattr(seen, "deepstack_features", None) or ()
    return Features(embeddings=tuple(embeddings), deepstack=tuple(deepstack))


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidingTokens:
    """Where a choice between option strings is decided."""

    prefix: tuple[int, ...]
    """Tokens that all options begin with, supplied to the model."""
    candidates: tuple[int, ...]
    """The next token of each option, all different."""


def deciding_tokens(base: Base, options: tuple[str, ...]) -> DecidingTokens:
    """Find the first token in which the options differ: "(A)" may be "(", "A", ")" or "(A", ")".

    Raises:
        ModelError: the options do not all differ at one token, so that one forward pass cannot decide.
    """
    return _deciding_tokens(base.tokenizer, options)


@cache
def _deciding_tokens(tokenizer: Any, options: tuple[str, ...]) -> DecidingTokens:
    if len(options) < 2:
        raise ModelError(
            f"the letters protocol needs at least two options, not {options!r}",
            hint="use protocols: [generate] for open questions",
        )
    spelt = [tuple(tokenizer(option, add_special_tokens=False)["input_ids"]) for option in options]
    shared = 0
    while all(len(tokens) > shared for tokens in spelt) and len({tokens[shared] for tokens in spelt}) == 1:
        shared += 1
    candidates = tuple(tokens[shared] if len(tokens) > shared else -1 for tokens in spelt)
    if -1 in candidates or len(set(candidates)) < len(options):
        raise ModelError(
            f"the options {options!r} are not told apart by a single token of this tokenizer",
            hint="use protocols: [generate]",
        )
    return DecidingTokens(prefix=spelt[0][:shared], candidates=candidates)


def answer_tokens(base: Base, answer: str) -> tuple[int, ...]:
    """The tokens of an answer with the end of the turn: what a finetune is trained to write."""
    return (*base.tokenizer(answer, add_special_tokens=False)["input_ids"], base.end_of_turn)
