"""The `letters` protocol: one forward pass decides between the options of a question.

Only what is needed is computed: the hidden state at the deciding position, times the output embedding's rows of the
option letters. The vocabulary's logits are never formed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from spillover.models.base import Base, no_number
from spillover.models.batching import Row, hidden_states, in_batches, lay_out
from spillover.models.encoding import Encoded, deciding_tokens


@torch.inference_mode()
def score_options(
    base: Base,
    prompts: Sequence[Encoded],
    *,
    on_progress: Callable[[int], None] | None = None,
) -> list[tuple[float, ...]]:
    """Compute the log-probability of every option of every prompt, normalised over the prompt's options.

    Args:
        base: the model, with whatever adapter is merged into it.
        prompts: questions with at least two options each.
        on_progress: called with the number of prompts that a batch has settled.

    Returns:
        One tuple a prompt, natural logarithms, in the order of its options.

    Raises:
        ModelError: a prompt's options cannot be told apart by one token, a log-probability is no number, or the memory
            does not hold a single prompt.
    """
    deciding = [deciding_tokens(base, encoded.prompt.options) for encoded in prompts]
    rows = [Row(encoded, tokens.prefix) for encoded, tokens in zip(prompts, deciding, strict=True)]
    scores: list[tuple[float, ...]] = [()] * len(rows)

    def ask(group: list[int]) -> None:
        states = hidden_states(base, lay_out(base, [rows[index] for index in group]))
        last = torch.tensor([len(rows[index]) - 1 for index in group], device=states.device)
        decisive = states[torch.arange(len(group), device=states.device), last]
        for index, state in zip(group, decisive, strict=True):
            scores[index] = _log_probabilities(base, state, deciding[index].candidates)
        if on_progress is not None:
            on_progress(len(group))

    in_batches([len(row) for row in rows], base.asking, ask, name=base.name)
    return scores


def _log_probabilities(base: Base, state: Tensor, candidates: tuple[int, ...]) -> tuple[float, ...]:
    weight, bias = base.head.weight, base.head.bias
    logits = weight[list(candidates)].float() @ state.to(weight.device).float()  # a model may be spread over devices
    if bias is not None:
        logits = logits + bias[list(candidates)].float()
    scores = torch.log_softmax(logits, dim=0).tolist()
    if not all(map(math.isfinite, scores)):
        raise no_number(base, f"the log-probabilities of the options are {scores}")
    return tuple(scores)
