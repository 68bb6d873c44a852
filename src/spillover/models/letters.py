"""The `letters` protocol: one forward pass decides between the options of a question.

Only what is needed is computed: the hidden state at the deciding position, times the output embedding's rows of the
option letters. The vocabulary's logits are never formed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from spillover.models.base import Base, no_number
from spillover.models.batching import Row, in_batches, lay_out_again, states_at
from spillover.models.encoding import Encoded, deciding_tokens
from spillover.models.head import candidate_logits


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
        asked = [rows[index] for index in group]
        states = states_at(base, lay_out_again(base, asked), [(row, len(each) - 1) for row, each in enumerate(asked)])
        for places, candidates in _alike([deciding[index].candidates for index in group]):
            found = _log_probabilities(base, states[places], candidates)
            for place, values in zip(places, found, strict=True):
                scores[group[place]] = values
        if on_progress is not None:
            on_progress(len(group))

    in_batches([len(row) for row in rows], base.asking, ask, name=base.name)
    return scores


def _alike(candidates: Sequence[tuple[int, ...]]) -> list[tuple[list[int], tuple[int, ...]]]:
    """Put the places together that have the same options."""
    places: dict[tuple[int, ...], list[int]] = {}
    for place, each in enumerate(candidates):
        places.setdefault(each, []).append(place)
    return [(found, each) for each, found in places.items()]


def _log_probabilities(base: Base, states: Tensor, candidates: tuple[int, ...]) -> list[tuple[float, ...]]:
    scores = torch.log_softmax(candidate_logits(base, states, candidates), dim=1)
    if not bool(scores.isfinite().all()):
        broken = scores[~scores.isfinite().all(dim=1)][0].tolist()
        raise no_number(base, f"the log-probabilities of the options are {broken}")
    return [tuple(values) for values in scores.tolist()]
