"""From the language model's last states to logits, for those places and those tokens only that are asked for."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from transformers.modeling_outputs import BaseModelOutputWithPast

from spillover.models.base import Base


def logits_of(base: Base, states: Float[Tensor, "place hidden"]) -> Float[Tensor, "place vocabulary"]:
    """Compute the logits of the whole vocabulary.

    Some models cap or scale what their output embedding gives, each in its own way. Theirs are computed by their own
    forward, which is given the states in the place of what its layers would make.
    """
    if base.abilities.plain_head:
        return base.head(states)
    with _answering(base.backbone, states[None]):
        nothing = torch.zeros(1, len(states), dtype=torch.long, device=base.device)
        return base.model(input_ids=nothing, use_cache=False).logits[0]


def candidate_logits(
    base: Base, states: Float[Tensor, "place hidden"], candidates: Sequence[int]
) -> Float[Tensor, "place candidate"]:
    """Compute the logits of a few tokens, in float32: in bfloat16 two of them would often be equal."""
    tokens = list(candidates)
    if not base.abilities.plain_head:
        return logits_of(base, states)[:, tokens].float()
    logits = states.float() @ base.head.weight[tokens].float().T
    bias: Tensor | None = base.head.bias
    return logits if bias is None else logits + bias[tokens].float()


class _States(BaseModelOutputWithPast):
    """Last states and nothing else, whatever else a model's forward would pass on."""

    def __getattr__(self, name: str) -> None:
        return None


@contextmanager
def _answering(backbone: Any, states: Tensor) -> Generator[None]:
    def answer(*_given: Any, **_named: Any) -> _States:
        return _States(last_hidden_state=states)

    backbone.forward = answer  # found before the class's own
    try:
        yield
    finally:
        del backbone.forward
