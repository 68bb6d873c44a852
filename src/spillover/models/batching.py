"""Puts encoded prompts together into batches that fit, and lays them out as tensors."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, cast

import torch
from torch import Tensor
from transformers.modeling_outputs import BaseModelOutputWithPooling

from spillover.models.base import Base
from spillover.models.budget import TokenBudget, ran_out_of_memory
from spillover.models.encoding import Encoded, features_of
from spillover.models.features import Features


@dataclass(frozen=True, slots=True)
class Row:
    """An encoded prompt and the tokens that follow it."""

    encoded: Encoded
    tail: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.encoded) + len(self.tail)


@dataclass
class SeenImages(BaseModelOutputWithPooling):
    """The vision tower's output in the form that every model of transformers accepts in place of pixels."""

    deepstack_features: list[Tensor] | None = None


def batch_by_length(lengths: Sequence[int], token_budget: int) -> list[list[int]]:
    """Group indices so that those of like length stand together and no group exceeds the budget.

    Returns:
        Groups of indices, the longest first; a length above the budget stands alone.

    >>> batch_by_length([3, 9, 3, 4], token_budget=10)
    [[1], [3, 0], [2]]
    """
    order = sorted(range(len(lengths)), key=lambda index: (-lengths[index], index))
    groups: list[list[int]] = []
    width = 0
    for index in order:
        if not groups or (len(groups[-1]) + 1) * width > token_budget:
            groups.append([])
            width = lengths[index]
        groups[-1].append(index)
    return groups


def in_batches(
    lengths: Sequence[int], budget: TokenBudget, do: Callable[[list[int]], None], *, name: str = "the model"
) -> None:
    """Do something with all indices, batch by batch; a batch that does not fit the memory is cut and tried again.

    Args:
        lengths: tokens of each.
        budget: lowered where a batch does not fit, for good.
        do: takes the indices of one batch; it must be harmless to begin it twice.
        name: the model's, for errors.

    Raises:
        ModelError: a single one does not fit.
    """
    waiting = batch_by_length(lengths, budget.tokens)
    while waiting:
        group, waiting = waiting[0], waiting[1:]
        if not _fits(do, group):
            budget.lower(group, lengths, name)
            left = [index for group in (group, *waiting) for index in group]
            cut = batch_by_length([lengths[index] for index in left], budget.tokens)
            waiting = [[left[place] for place in group] for group in cut]


def _fits(do: Callable[[list[int]], None], group: list[int]) -> bool:
    """Try a batch. What it left behind is only let go of once its error is."""
    try:
        do(group)
    except RuntimeError as error:
        if not ran_out_of_memory(error):
            raise
        return False
    return True


def lay_out(base: Base, rows: Sequence[Row], padding: Literal["left", "right"] = "right") -> dict[str, Any]:
    """Lay rows out as a padded batch, images in the place of pixels as the vision tower saw them.

    Padded on the right, nothing real ever attends to padding, so no mask is given and the fastest attention is taken;
    padded on the left, for generation, a mask is.
    """
    inputs: dict[str, Any] = {
        "input_ids": _pad([_tokens(row) for row in rows], base.tokenizer.pad_token_id or 0, padding)
    }
    if padding == "left":
        inputs["attention_mask"] = _pad([torch.ones(len(row), dtype=torch.long) for row in rows], 0, padding)
    for name in rows[0].encoded.token_fields:
        values = [torch.nn.functional.pad(row.encoded.token_fields[name], (0, len(row.tail))) for row in rows]
        inputs[name] = _pad(values, 0, padding)
    pictured = [row.encoded for row in rows if row.encoded.piece is not None]
    for name in pictured[0].image_fields if pictured else ():
        inputs[name] = torch.cat([encoded.image_fields[name] for encoded in pictured])
    if padding == "right" and rows[0].encoded.positions is not None:
        inputs["position_ids"] = _pad([_positions(row) for row in rows], 0, padding).transpose(0, 1)
    placed = {name: value.to(base.device) for name, value in inputs.items()}
    if pictured:
        seen = [features for encoded in pictured if (features := features_of(base, encoded)) is not None]
        placed["mm_encoder_outputs"] = {"image": _stack(seen, base.device)}
    return placed


def hidden_states(base: Base, inputs: dict[str, Any]) -> Tensor:
    """Run the model without its head.

    Returns:
        The last layer's states, (row, token, hidden size).
    """
    accepted = _accepted(type(base.backbone))
    taken = {name: value for name, value in inputs.items() if name in accepted}
    return base.backbone(**taken, use_cache=False).last_hidden_state


@cache
def _accepted(backbone: type[torch.nn.Module]) -> frozenset[str]:
    return frozenset(inspect.signature(backbone.forward).parameters)


def _tokens(row: Row) -> Tensor:
    return torch.cat([row.encoded.tokens, torch.tensor(row.tail, dtype=torch.long)])


def _positions(row: Row) -> Tensor:
    positions = row.encoded.positions
    if positions is None:
        return torch.arange(len(row))[None]
    following = torch.arange(1, len(row.tail) + 1)
    return torch.cat([positions, positions[:, -1:] + following], dim=1)


def _pad(values: Sequence[Tensor], filler: int, side: Literal["left", "right"]) -> Tensor:
    width = max(value.shape[-1] for value in values)
    missing = [width - value.shape[-1] for value in values]
    pads = [(count, 0) if side == "left" else (0, count) for count in missing]
    return torch.stack(
        [torch.nn.functional.pad(value, pad, value=filler) for value, pad in zip(values, pads, strict=True)]
    )


def _stack(features: Sequence[Features], device: torch.device) -> SeenImages:
    deepstack = [torch.cat(layers).to(device) for layers in zip(*(each.deepstack for each in features), strict=True)]
    embeddings = tuple(each.embeddings.to(device) for each in features)
    return SeenImages(pooler_output=cast("Tensor", embeddings), deepstack_features=deepstack or None)
