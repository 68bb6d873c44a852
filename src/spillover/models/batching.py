"""Puts encoded prompts together into batches that fit, and lays them out as tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from spillover.models.base import Base
from spillover.models.budget import TokenBudget
from spillover.models.encoding import Encoded, features_of, pixels_of
from spillover.models.vision import accepted_names, in_place_of_pixels


@dataclass(frozen=True, slots=True)
class Row:
    """An encoded prompt and the tokens that follow it."""

    encoded: Encoded
    tail: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.encoded) + len(self.tail)


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
    except torch.OutOfMemoryError:
        return False
    return True


def lay_out(base: Base, rows: Sequence[Row], padding: Literal["left", "right"] = "right") -> dict[str, Any]:
    """Lay rows out as a padded batch, with images as the vision tower saw them, or as pixels if it must see them anew.

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
    if pictured and base.abilities.images == "pixels":
        placed |= {name: value.to(base.device) for name, value in pixels_of(base, pictured).items()}
    elif pictured:
        seen = [features for encoded in pictured if (features := features_of(base, encoded)) is not None]
        placed["mm_encoder_outputs"] = in_place_of_pixels(seen, base.abilities.images, base.device)
    return placed


def hidden_states(base: Base, inputs: dict[str, Any]) -> Tensor:
    """Run the model without its head.

    Returns:
        The last layer's states, (row, token, hidden size).
    """
    return base.backbone(**_taken(base, inputs), use_cache=False).last_hidden_state


def answer_logits(base: Base, inputs: dict[str, Any], places: Sequence[tuple[int, int]]) -> Tensor:
    """Run the model, its head at some places only.

    Args:
        base: the model.
        inputs: a batch, laid out.
        places: (row, position) of each.

    Returns:
        The logits, (place, vocabulary).
    """
    row, position = torch.tensor(places, device=base.device).T
    if base.abilities.plain_head:
        return base.head(hidden_states(base, inputs)[row, position])

    def pick(_module: Any, _given: Any, output: Any) -> Any:
        output.last_hidden_state = output.last_hidden_state[row, position][None]
        return output

    hook = base.backbone.register_forward_hook(pick)
    try:
        return base.model(**_taken(base, inputs), use_cache=False).logits[0]
    finally:
        hook.remove()


def _taken(base: Base, inputs: dict[str, Any]) -> dict[str, Any]:
    accepted = accepted_names(type(base.backbone), "forward")
    return {name: value for name, value in inputs.items() if name in accepted}


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
