"""What the tiny checkpoint is trained to lower: the loss of answers, of descriptions, and of redrawn pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import AttentionInterface

from spillover.models.tiny.architecture import MERGE, PATCH_PIXELS
from tiny_samples import Sample, lay_out_batch

REDRAWING_WEIGHT = 0.0
PATCHES = MERGE * MERGE
CHANNELS = 3
FRAMES = 2
"""The architecture is made for video: a still picture stands twice in a patch."""
FAINTEST = 0.2
"""Standard deviation below which a token's detail counts less."""
HALF_PRECISION = any(torch.cpu.get_capabilities().get(name) for name in ("avx512_bf16", "amx_bf16"))
"""Whether this processor multiplies in bfloat16; one that does not is thirty times slower when asked to."""


class Redrawing(nn.Linear):
    """Draws a token's pixels from what the vision tower made of them; used in training only.

    It keeps the tower from telling images apart by nothing but their brightness.
    """

    def __init__(self, hidden: int) -> None:
        super().__init__(hidden, CHANNELS * (PATCHES * PATCH_PIXELS**2 + 1))

    def loss(self, seen: Tensor, pixels: Tensor) -> Tensor:
        """Mean squared error of a token's mean colour, and of its detail at unit contrast.

        Args:
            seen: of the vision tower, (token, hidden).
            pixels: as the processor lays them out, (patch, channel · frame · row · column).
        """
        drawn = self(seen).float()
        still = pixels.view(len(seen), PATCHES, CHANNELS, FRAMES, PATCH_PIXELS**2)[:, :, :, 0]
        colour = still.mean(dim=(1, 3))
        detail = still - colour[:, None, :, None]
        contrast = detail.flatten(1).std(dim=1) + FAINTEST
        detail = (detail / contrast.view(-1, 1, 1, 1)).flatten(1)
        errors = (
            nn.functional.mse_loss(drawn[:, :-CHANNELS], detail),
            nn.functional.mse_loss(drawn[:, -CHANNELS:], colour),
        )
        return errors[0] + errors[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """The losses of one batch."""

    total: Tensor
    answers: float
    """Mean of the answers' tokens, nats; NaN where there are none."""
    descriptions: float
    """Mean of the descriptions' tokens, nats."""
    redrawing: float


def compute_losses(model: Any, redrawing: Redrawing, batch: Sequence[Sample], padding: int) -> Losses:
    """Run a batch forward."""
    inputs = lay_out_batch(batch, padding)
    weights = np.zeros(inputs["input_ids"].shape, np.float32)
    for row, sample in enumerate(batch):
        weights[row, : len(sample.tokens)] = sample.weights
    following = torch.from_numpy(weights)[:, 1:]
    counted = following > 0
    targets, weight = inputs["input_ids"][:, 1:][counted], following[counted]
    pixels, grid = inputs.pop("pixel_values"), inputs.pop("image_grid_thw")
    with torch.autocast("cpu", torch.bfloat16, enabled=HALF_PRECISION):
        seen = model.model.get_image_features(pixels, grid, return_dict=True)
        states = model.model(**inputs, mm_encoder_outputs={"image": seen}, use_cache=False).last_hidden_state
        each = nn.functional.cross_entropy(model.lm_head(states[:, :-1][counted]).float(), targets, reduction="none")
        redrawn = redrawing.loss(torch.cat(list(seen.pooler_output)), pixels)
    answers, descriptions = each[weight == 1.0], each[weight < 1.0]
    return Losses(
        total=(each * weight).sum() / weight.sum() + REDRAWING_WEIGHT * redrawn,
        answers=float(answers.detach().mean()),
        descriptions=float(descriptions.detach().mean()),
        redrawing=float(redrawn.detach()),
    )


def attend_faster(model: Any) -> None:
    """Take an attention function that suits the precision in which this processor trains."""
    if HALF_PRECISION:
        AttentionInterface.register("single_precision", attend_in_single_precision)
        model.set_attn_implementation("single_precision")


def attend_in_single_precision(module: Any, query: Any, key: Any, value: Any, *_: Any, **options: Any) -> Any:
    """Attention for training: within bfloat16 autocast torch's own is many times slower backwards on a CPU."""
    with torch.autocast("cpu", enabled=False):
        attended = nn.functional.scaled_dot_product_attention(
            query.float(),
            key.float(),
            value.float(),
            is_causal=options.get("is_causal", module.is_causal),
            scale=options["scaling"],
            enable_gqa=key.shape[1] < query.shape[1],
        )
    return attended.transpose(1, 2).contiguous(), None
