"""Leaves undone what the last layer would do for nothing: its feed-forward part where nobody reads the state."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn


@contextmanager
def only_read_at(model: Any, rows: Tensor | slice, positions: Tensor | slice) -> Generator[None]:
    """Let the last layer's feed-forward part compute some positions only; the states of the others stay unfinished.

    It works on each position alone, and after the last layer no position looks at another, so that what is read is
    the same. Models whose layers have no `mlp` compute everything, and so does one whose activations are computed
    again on the way back, when this is long over.

    Args:
        model: one that passed the trial; see `spillover.models.trial`.
        rows: of the batch, one a position, or a slice.
        positions: the places in these rows, or a slice.
    """
    part = _feed_forward(model)
    if part is None:
        yield
        return
    narrowed = _Narrowed(rows, positions)
    hooks = [part.register_forward_pre_hook(narrowed.take), part.register_forward_hook(narrowed.put)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _feed_forward(model: Any) -> nn.Module | None:
    if model.is_activation_checkpointing or not hasattr(model, "get_decoder"):
        return None
    layers = getattr(model.get_decoder(), "layers", None)
    return None if layers is None else getattr(layers[-1], "mlp", None)


@dataclass(slots=True)
class _Narrowed:
    """What goes into a module, cut down, and what comes out, set in zeros."""

    rows: Tensor | slice
    positions: Tensor | slice
    shape: torch.Size = field(default=torch.Size())

    def take(self, _module: nn.Module, given: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Take the states that are read, (1, place, hidden size)."""
        states = given[0]
        self.shape = states.shape
        return (states[self.rows, self.positions].reshape(1, -1, states.shape[-1]), *given[1:])

    def put(self, _module: nn.Module, _given: tuple[Tensor, ...], made: Tensor) -> Tensor:
        """Put them back in their places."""
        states = made.new_zeros(self.shape)
        states[self.rows, self.positions] = made.reshape(states[self.rows, self.positions].shape)
        return states
