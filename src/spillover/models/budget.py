"""How many tokens fit a forward pass: found by trying, for memory depends on model, device and what else runs there."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from spillover.core.errors import ModelError

CPU_TOKENS = 1536
"""On a CPU more pays nothing; and since it decides what is packed together, and with it the last bits, it is fixed."""
GPU_TOKENS = 1 << 16
"""What a GPU begins with: more than keeps any busy."""

ADVICE = (
    "set the model's maximum_pixels lower, training.gradient_checkpointing: true, the model's quantisation: 4bit, "
    "executor.processes lower if several share the device, or take a larger one"
)
SIGNS = ("can't allocate memory", "not enough memory", "ALLOC_FAILED")
"""How torch says on a CPU, and cuBLAS on a GPU, what has no type of error of its own."""


def ran_out_of_memory(error: RuntimeError) -> bool:
    """Whether an error of torch says that the memory is full."""
    return isinstance(error, torch.OutOfMemoryError) or any(sign in str(error) for sign in SIGNS)


@contextmanager
def memory_advice(name: str) -> Generator[None]:
    """Turn memory that is full, wherever batches cannot be cut, into advice.

    Args:
        name: the model's.

    Raises:
        ModelError: the memory was full.
    """
    try:
        yield
    except RuntimeError as error:
        if not ran_out_of_memory(error):
            raise
        raise ModelError(f"the memory does not hold what {name} needs: {error}", hint=ADVICE) from error


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
                hint=ADVICE,
            )
        self.tokens = max(longest, len(group) * longest // 2)
        torch.cuda.empty_cache()  # does nothing where there is no GPU
