"""4-bit weights under a LoRA adapter (QLoRA: Dettmers et al., NeurIPS 2023, arXiv 2305.14314).

Only the language model's linear layers are stored in 4 bits. The vision tower keeps its precision, since nothing is
gained by coarser eyes, and so does the head, from which log-probabilities are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import torch
from torch import nn
from transformers import BitsAndBytesConfig

from spillover.core.errors import ModelError
from spillover.models.language_model import language_model_place


def four_bit(model: nn.Module, dtype: torch.dtype) -> BitsAndBytesConfig:
    """Say how a model is stored in 4 bits: as normal floats, their scales quantised too.

    Args:
        model: its modules are looked at, not its weights.
        dtype: what is computed in.

    Raises:
        ModelError: bitsandbytes is not installed, or the model has no language model of its own.
    """
    if find_spec("bitsandbytes") is None:
        raise ModelError(
            "quantisation: 4bit needs bitsandbytes", hint="pip install '.[quantised]' in spillover's clone"
        )
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
        llm_int8_skip_modules=list(_outside(model, language_model_place(model), "")),
    )


def _outside(module: nn.Module, kept: str, prefix: str) -> Iterator[str]:
    """The largest modules that do not hold the language model."""
    for name, child in module.named_children():
        place = f"{prefix}{name}"
        if kept.startswith(f"{place}."):
            yield from _outside(child, kept, f"{place}.")
        elif place != kept:
            yield place
