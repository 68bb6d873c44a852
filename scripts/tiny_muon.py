"""Muon (Jordan et al. 2024) in single precision, all matrices of a shape at once.

torch's own orthogonalises in bfloat16, one matrix after another: on a processor that does not multiply in bfloat16 a
step of it takes six times as long as the model's forward and backward pass together.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the quintic that brings every singular value near 1, from Jordan et al."""
ITERATIONS = 5
MATCHING = 0.2
"""Root mean square of an update of AdamW, which ours is scaled to, so that both have learning rates of a size."""


class Muon(torch.optim.Optimizer):
    """Momentum whose update is orthogonalised: all directions of a matrix are learnt equally fast.

    Args:
        matrices: of two dimensions each.
        lr: learning rate, on AdamW's scale.
        momentum: weight of the past, with Nesterov's look ahead.
        weight_decay: decoupled, as in AdamW.
    """

    def __init__(
        self, matrices: Iterable[nn.Parameter], lr: float, momentum: float = 0.95, weight_decay: float = 0.0
    ) -> None:
        super().__init__(matrices, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # noqa: ARG002 (torch's signature)
        """Update every matrix that has a gradient."""
        for group in self.param_groups:
            alike: dict[tuple[int, ...], list[nn.Parameter]] = {}
            for matrix in group["params"]:
                if matrix.grad is not None:
                    alike.setdefault(tuple(matrix.shape), []).append(matrix)
            for shape, matrices in alike.items():
                updates = orthogonalise(torch.stack([self._ahead(matrix, group["momentum"]) for matrix in matrices]))
                scale = group["lr"] * MATCHING * max(shape) ** 0.5
                for matrix, update in zip(matrices, updates, strict=True):
                    matrix.mul_(1 - group["lr"] * group["weight_decay"]).add_(update, alpha=-scale)

    def _ahead(self, matrix: nn.Parameter, momentum: float) -> Tensor:
        state = self.state[matrix]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(matrix)
        gradient = matrix.grad if matrix.grad is not None else torch.zeros_like(matrix)
        state["momentum"].lerp_(gradient, 1 - momentum)
        return gradient.lerp(state["momentum"], momentum)


def orthogonalise(matrices: Tensor) -> Tensor:
    """Bring all singular values near 1 by Newton-Schulz iterations.

    Args:
        matrices: (matrix, row, column).
    """
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.transpose(1, 2) if tall else matrices
    x = x / x.flatten(1).norm(dim=1).clamp(min=1e-7)[:, None, None]
    a, b, c = COEFFICIENTS
    for _ in range(ITERATIONS):
        gram = x @ x.transpose(1, 2)
        x = a * x + (b * gram + c * (gram @ gram)) @ x
    return x.transpose(1, 2) if tall else x
