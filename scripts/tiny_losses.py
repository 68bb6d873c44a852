"""What the tiny checkpoint is trained to lower, and what it is measured by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import AttentionInterface

from spillover.tasks.task import option_letters
from tiny_samples import Sample, lay_out_batch

HALF_PRECISION = any(torch.cpu.get_capabilities().get(name) for name in ("avx512_bf16", "amx_bf16"))
"""Whether this processor multiplies in bfloat16; one that does not is thirty times slower when asked to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """The losses of one batch."""

    total: Tensor
    answers: float
    """Mean of the answers' tokens, nats; NaN where there are none."""
    descriptions: float
    """Mean of the descriptions' tokens, nats."""


def compute_losses(model: Any, batch: Sequence[Sample], padding: int) -> Losses:
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
    answers, descriptions = each[weight == 1.0], each[weight < 1.0]
    return Losses(
        total=(each * weight).sum() / weight.sum(),
        answers=float(answers.detach().mean()),
        descriptions=float(descriptions.detach().mean()),
    )


def option_log_probabilities(model: Any, tokenizer: Any, batch: Sequence[Sample]) -> list[Tensor]:
    """Ask for the answers of samples that answer first.

    Args:
        model: the tiny model.
        tokenizer: its tokenizer.
        batch: samples of any tasks.

    Returns:
        The log-probabilities of each sample's option letters, normalised over them, (option,).
    """
    lengths = [sample.prompt_length for sample in batch]
    inputs = lay_out_batch(batch, tokenizer.pad_token_id, lengths)
    with torch.no_grad():
        seen = model.model.get_image_features(
            inputs.pop("pixel_values"), inputs.pop("image_grid_thw"), return_dict=True
        )
    states = model.model(**inputs, mm_encoder_outputs={"image": seen}, use_cache=False).last_hidden_state
    logits = model.lm_head(states[torch.arange(len(batch)), torch.tensor(lengths) - 1])
    letters = [tokenizer.convert_tokens_to_ids(list(option_letters(sample.options))) for sample in batch]
    return [torch.log_softmax(row[ids], dim=0) for row, ids in zip(logits, letters, strict=True)]


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
