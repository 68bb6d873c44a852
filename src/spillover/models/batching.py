"""Puts encoded prompts together into batches that fit, and lays them out as tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from spillover.models.base import Base
from spillover.models.budget import TokenBudget, ran_out_of_memory
from spillover.models.encoding import Encoded, features_of, pixels_of
from spillover.models.vision import accepted_names, in_place_of_pixels

Padding = Literal["left", "right"]


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
    except RuntimeError as error:
        if not ran_out_of_memory(error):
            raise
        return False
    return True


def lay_out(base: Base, rows: Sequence[Row], padding: Padding = "right") -> dict[str, Any]:
    """Lay rows out as a padded batch, with images as the vision tower saw them, or as pixels if it must see them anew.

    Padded on the right, nothing real ever attends to padding, so no mask is given and the fastest attention is taken;
    padded on the left, for generation, a mask is.
    """
    inputs = _lay_out_tokens(rows, padding, base.tokenizer.pad_token_id or 0)
    return _with_images(base, rows, {name: value.to(base.device) for name, value in inputs.items()})


def lay_out_again(base: Base, rows: Sequence[Row], padding: Padding = "right") -> dict[str, Any]:
    """Lay rows out that the next adapter is asked as well: what does not depend on the adapter is kept."""
    key = (padding, *((row.encoded.number, row.tail) for row in rows))
    inputs = base.layouts.get(key)
    if inputs is None:
        laid_out = _lay_out_tokens(rows, padding, base.tokenizer.pad_token_id or 0)
        inputs = {name: value.to(base.device) for name, value in laid_out.items()}
        base.layouts.keep(key, inputs, sum(value.nbytes for value in inputs.values()))
    return _with_images(base, rows, dict(inputs))


def _lay_out_tokens(rows: Sequence[Row], padding: Padding, filler: int) -> dict[str, Tensor]:
    inputs = {"input_ids": _pad([_tokens(row) for row in rows], filler, padding)}
    if padding == "left":
        inputs["attention_mask"] = _pad([torch.ones(len(row), dtype=torch.long) for row in rows], 0, padding)
    for name in rows[0].encoded.token_fields:
        values = [torch.nn.functional.pad(row.encoded.token_fields[name], (0, len(row.tail))) for row in rows]
        inputs[name] = _pad(values, 0, padding)
    pictured = [row.encoded for row in rows if row.encoded.piece is not None]
    for name in pictured[0].image_fields if pictured else ():
        inputs[name] = torch.cat([encoded.image_fields[name] for encoded in pictured])
    if rows[0].encoded.positions is not None:
        inputs["position_ids"] = _pad([_positions(row) for row in rows], 0, padding).transpose(0, 1)
    return inputs


def _with_images(base: Base, rows: Sequence[Row], inputs: dict[str, Any]) -> dict[str, Any]:
    pictured = [row.encoded for row in rows if row.encoded.piece is not None]
    if pictured and base.abilities.images == "pixels":
        inputs |= {name: value.to(base.device) for name, value in pixels_of(base, pictured).items()}
    elif pictured:
        seen = [features for encoded in pictured if (features := features_of(base, encoded)) is not None]
        inputs["mm_encoder_outputs"] = in_place_of_pixels(seen, base.abilities.images, base.device)
    return inputs


def states_at(base: Base, inputs: dict[str, Any], places: Sequence[tuple[int, int]]) -> Tensor:
    """Run the model without its head.

    Args:
        base: the model.
        inputs: of one batch.
        places: row and position of the states that are wanted.

    Returns:
        What leaves the last layer there, (place, hidden size).
    """
    accepted = accepted_names(type(base.backbone), "forward")
    taken = {name: value for name, value in inputs.items() if name in accepted}
    rows, positions = torch.tensor(places).T  # in main memory: the last layer may lie on another device than the first
    with base.only_read_at(rows, positions):
        return base.backbone(**taken, use_cache=False).last_hidden_state[rows, positions]


def _tokens(row: Row) -> Tensor:
    return torch.cat([row.encoded.tokens, torch.tensor(row.tail, dtype=torch.long)])


def _positions(row: Row) -> Tensor:
    positions = row.encoded.positions
    if positions is None:
        return torch.arange(len(row))[None]
    following = torch.arange(1, len(row.tail) + 1)
    return torch.cat([positions, positions[:, -1:] + following], dim=1)


def _pad(values: Sequence[Tensor], filler: int, side: Padding) -> Tensor:
    width = max(value.shape[-1] for value in values)
    missing = [width - value.shape[-1] for value in values]
    pads = [(count, 0) if side == "left" else (0, count) for count in missing]
    return torch.stack(
        [torch.nn.functional.pad(value, pad, value=filler) for value, pad in zip(values, pads, strict=True)]
    )
