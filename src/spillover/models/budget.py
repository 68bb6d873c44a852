"""How many tokens fit a forward pass: found by trying, for memory depends on model, device and what else runs there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from spillover.core.errors import ModelError

CPU_TOKENS = 1536
"""On a CPU more pays nothing; and since it decides what is packed together, and with it the last bits, it is fixed."""
GPU_TOKENS = 1 << 16
"""What a GPU begins with: more than keeps any busy."""


@dataclass(slots=True)
class TokenBudget:
    """Tokens a forward pass at most, padding included."""

    tokens: int

    @classmethod
    def of(cls, device: torch.device) -> TokenBudget:
        """What a device begins with."""
        return cls(CPU_TOKENS if device.type == "cpu" else GPU_TOKENS)

    def lower(self, group: Sequence[int], lengths: Sequence[int], name: str) -> None:
        """Take half of what a batch took that did not fit.

        Args:
            group: the batch's indices.
            lengths: tokens by index.
            name: the model's, for errors.

        Raises:
            ModelError: the batch was a single example.
        """
        longest = max(lengths[index] for index in group)
        if len(group) == 1:
            raise ModelError(
                f"the memory does not hold one example of {longest:,} tokens with {name}",
                hint="set maximum_pixels lower, training.gradient_checkpointing: true, or take a larger device",
            )
        self.tokens = max(longest, len(group) * longest // 2)
        torch.cuda.empty_cache()  # does nothing where there is no GPU
