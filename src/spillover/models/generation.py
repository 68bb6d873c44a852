"""The `generate` protocol: the model writes its reply, greedily."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import GenerationConfig, LogitsProcessor, LogitsProcessorList

from spillover.models.base import Base, no_number
from spillover.models.batching import Row, in_batches, lay_out_again
from spillover.models.encoding import Encoded


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model wrote."""

    text: str
    """Raw, without special tokens."""
    is_cut: bool
    """Whether `maximum_new_tokens` were written and none of them ended the turn."""


@torch.inference_mode()
def generate_replies(
    base: Base,
    prompts: Sequence[Encoded],
    maximum_new_tokens: int,
    *,
    on_progress: Callable[[int], None] | None = None,
) -> list[Reply]:
    """Let the model answer every prompt, taking the likeliest token each time.

    A model's own generation settings (sampling, penalties) are left out of account: they would differ between models.

    Args:
        base: the model, with whatever adapter is merged into it.
        prompts: the questions.
        maximum_new_tokens: tokens a reply at most.
        on_progress: called with the number of prompts that a batch has settled.

    Returns:
        The replies, in the prompts' order.

    Raises:
        ModelError: the model's logits are no numbers, or the memory does not hold a single prompt.
    """
    ends = sorted({base.chat.end_of_turn, base.tokenizer.eos_token_id} - {None})
    settings = GenerationConfig(
        do_sample=False,
        max_new_tokens=maximum_new_tokens,
        eos_token_id=ends,
        pad_token_id=base.tokenizer.pad_token_id,
    )
    watched = LogitsProcessorList([_RefuseNaN(base)])
    replies = [Reply("", is_cut=False)] * len(prompts)

    def ask(group: list[int]) -> None:
        inputs = lay_out_again(base, [Row(prompts[index]) for index in group], padding="left")
        with base.only_read_at(slice(None), slice(-1, None)):
            written = base.model.generate(**inputs, generation_config=settings, logits_processor=watched)
        replied = written[:, inputs["input_ids"].shape[1] :]
        texts = base.tokenizer.batch_decode(replied, skip_special_tokens=True)
        ended = torch.isin(replied, torch.tensor(ends, device=replied.device)).any(dim=1).tolist()
        for index, text, has_end in zip(group, texts, ended, strict=True):
            replies[index] = Reply(text, is_cut=not has_end)
        if on_progress is not None:
            on_progress(len(group))

    in_batches([len(encoded) + maximum_new_tokens for encoded in prompts], base.asking, ask, name=base.name)
    return replies


class _RefuseNaN(LogitsProcessor):
    """Ends a generation whose next token would be chosen from what is no number."""

    def __init__(self, base: Base) -> None:
        self._base = base

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:  # noqa: ARG002 (the signature is transformers')
        if bool(scores.isnan().any()):
            raise no_number(self._base, "the logits of its next token are NaN")
        return scores
