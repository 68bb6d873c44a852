"""LoRA finetuning on answers: a short loop of our own over features that were computed once.

The loss is of the answer tokens only, averaged over all answer tokens of an optimiser step, so that a step is the same
however it is cut to fit the memory.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import get_cosine_schedule_with_warmup

from spillover.core.errors import ModelError
from spillover.core.keys import seeded_generator
from spillover.models.adapters import export_adapter, trainable_adapter
from spillover.models.base import Base
from spillover.models.batching import TOKEN_BUDGET, Row, batch_by_length, hidden_states, lay_out
from spillover.models.encoding import Encoded, answer_tokens
from spillover.models.settings import TrainingSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingStep:
    """One optimiser step, for the log."""

    step: int
    """Counted from 1."""
    loss: float
    """Mean negative log-likelihood of the step's answer tokens, nats."""
    learning_rate: float
    gradient_norm: float
    """Before clipping."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finetuned:
    """What a finetune leaves."""

    adapters: dict[int, dict[str, bytes]]
    """PEFT's files by optimiser step."""
    log: tuple[TrainingStep, ...]


def finetune(
    base: Base,
    examples: Sequence[Encoded],
    settings: TrainingSettings,
    seed: int,
    *,
    token_budget: int = TOKEN_BUDGET,
    on_step: Callable[[TrainingStep], None] | None = None,
) -> Finetuned:
    """Train an adapter to give the examples' answers.

    Args:
        base: left as it was found.
        examples: the encoded prompts; their answers are the targets.
        settings: of the training; `settings.examples` must be the number of examples.
        seed: of the adapter's first weights and the order of the examples.
        token_budget: tokens a forward pass at most; a larger batch is accumulated.
        on_step: called after every optimiser step.

    Raises:
        ModelError: the loss is no longer a number, or exceeds twice that of a blind guess over the vocabulary.
    """
    rows = [Row(encoded, answer_tokens(base, encoded.prompt.answer)) for encoded in examples]
    log: list[TrainingStep] = []
    with trainable_adapter(base, settings.lora, seed) as adapted:
        trained = [parameter for parameter in adapted.parameters() if parameter.requires_grad]
        optimiser = torch.optim.AdamW(trained, lr=settings.learning_rate, weight_decay=settings.weight_decay)
        warmup = math.ceil(settings.warmup * settings.steps)
        schedule = get_cosine_schedule_with_warmup(optimiser, warmup, settings.steps)
        saved_at = {settings.step_at(fraction) for fraction in settings.checkpoints}
        adapters = {0: export_adapter(adapted, base.name)} if 0 in saved_at else {}
        adapted.train()
        for step, batch in enumerate(_batches(len(rows), settings, seed), 1):
            loss = _accumulate(base, [rows[index] for index in batch], token_budget)
            norm = torch.nn.utils.clip_grad_norm_(trained, settings.maximum_gradient_norm).item()
            entry = TrainingStep(
                step=step, loss=loss, learning_rate=float(schedule.get_last_lr()[0]), gradient_norm=norm
            )
            _check(entry, base)
            optimiser.step()
            schedule.step()
            optimiser.zero_grad()
            log.append(entry)
            if step in saved_at:
                adapters[step] = export_adapter(adapted, base.name)
            if on_step is not None:
                on_step(entry)
    return Finetuned(adapters=adapters, log=tuple(log))


def _batches(count: int, settings: TrainingSettings, seed: int) -> Iterator[list[int]]:
    for epoch in range(settings.epochs):
        order = seeded_generator("order", seed, epoch).permutation(count).tolist()
        for start in range(0, count, settings.batch):
            yield order[start : start + settings.batch]


def _accumulate(base: Base, rows: Sequence[Row], token_budget: int) -> float:
    answers = sum(len(row.tail) for row in rows)
    total = 0.0
    for group in batch_by_length([len(row) for row in rows], token_budget):
        loss = _answer_loss(base, [rows[index] for index in group]) / answers
        loss.backward()
        total += loss.item()
    return total


def _answer_loss(base: Base, rows: Sequence[Row]) -> Tensor:
    """Sum the negative log-likelihood of the answer tokens; the head sees no other position."""
    states = hidden_states(base, lay_out(base, rows))
    places = [
        (index, len(row.encoded) - 1 + offset) for index, row in enumerate(rows) for offset in range(len(row.tail))
    ]
    index, position = torch.tensor(places, device=states.device).T
    targets = torch.tensor([token for row in rows for token in row.tail], device=states.device)
    logits = base.head(states[index, position])
    return torch.nn.functional.cross_entropy(logits.float(), targets, reduction="sum")


def _check(entry: TrainingStep, base: Base) -> None:
    blind_guess = math.log(len(base.tokenizer))
    if not (math.isfinite(entry.loss) and math.isfinite(entry.gradient_norm)):
        problem = "is no longer a number"
    elif entry.loss > 2 * blind_guess:
        problem = f"has exploded (a blind guess over the vocabulary has {blind_guess:.1f})"
    else:
        return
    raise ModelError(
        f"the training loss {problem}: {entry.loss:.3g} at step {entry.step}, gradient norm {entry.gradient_norm:.3g}",
        hint="lower training.learning_rate, or look for broken examples",
    )
