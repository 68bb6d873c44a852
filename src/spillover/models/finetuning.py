"""LoRA finetuning on answers: a short loop of our own over features that were computed once.

The loss is of the answer tokens only, averaged over all answer tokens of an optimiser step, so that a step is the same
however it is cut to fit the memory.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor, nn

from spillover.core.errors import ModelError
from spillover.core.keys import seeded_generator
from spillover.models.adapters import export_adapter, trainable_adapter
from spillover.models.base import Base
from spillover.models.batching import Row, batch_by_length, lay_out, states_at
from spillover.models.budget import TokenBudget, ran_out_of_memory
from spillover.models.encoding import Encoded, answer_tokens
from spillover.models.head import logits_of
from spillover.models.settings import TrainingSettings
from spillover.models.training_state import Progress, TrainingStep, dump_state, restore_state

LEARNT = 0.01
"""Nats a token: below it, answers are so certain that half precision may leave a gradient of 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finetuned:
    """What a finetune leaves."""

    adapters: dict[int, dict[str, bytes]]
    """PEFT's files by optimiser step."""
    log: tuple[TrainingStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """How a finetune is kept while it goes on."""

    begun: bytes | None = None
    """What an earlier one, of the same arguments, has kept last."""
    every_s: float = 300.0
    """Seconds from one to the next."""
    keep: Callable[[bytes], None] | None = None
    """Takes what is to be kept, in place of what was kept before; None keeps nothing. It may raise, to end there."""
    at_once: Callable[[], bool] = lambda: False
    """Whether to keep after this step, however short the time."""


def finetune(
    base: Base,
    examples: Sequence[Encoded],
    settings: TrainingSettings,
    seed: int,
    *,
    on_step: Callable[[TrainingStep], None] | None = None,
    keeping: Keeping = Keeping(),
) -> Finetuned:
    """Train an adapter to give the examples' answers.

    Args:
        base: left as it was found.
        examples: the encoded prompts; their answers are the targets.
        settings: of the training; `settings.examples` must be the number of examples.
        seed: of the adapter's first weights and the order of the examples.
        on_step: called after every optimiser step.
        keeping: from where it goes on, and how it is kept meanwhile; what comes out is the same.

    Raises:
        ModelError: the loss, the gradient or a weight is no longer a number, or the loss exceeds twice that of a blind
            guess over the vocabulary: at any step, and after the last; or a step's gradient is 0 while its loss is not.
    """
    rows = [Row(encoded, answer_tokens(base, encoded.prompt.answer)) for encoded in examples]
    with trainable_adapter(base, settings.lora, seed) as adapted, _checkpointing(base, settings):
        trained = {name: parameter for name, parameter in adapted.named_parameters() if parameter.requires_grad}
        weights = list(trained.values())
        optimiser = torch.optim.AdamW(weights, lr=settings.learning_rate, weight_decay=settings.weight_decay)
        saved_at = {settings.step_at(fraction) for fraction in settings.checkpoints}
        adapted.train()
        kept = None if keeping.begun is None else restore_state(keeping.begun, trained, optimiser)
        progress = kept or Progress(adapters={0: export_adapter(adapted, base.name)} if 0 in saved_at else {}, log=[])
        kept_at = time.monotonic()
        for step, batch in islice(enumerate(_batches(rows, settings, seed), 1), len(progress.log), None):
            entry = _step(base, batch, weights, optimiser, settings, step)
            progress.log.append(entry)
            if step == settings.steps:
                with torch.no_grad():
                    _check_end(base, entry, weights, _batch_loss(base, batch))
            if step in saved_at:
                progress.adapters[step] = export_adapter(adapted, base.name)
            if on_step is not None:
                on_step(entry)
            if (
                keeping.keep is not None
                and step < settings.steps
                and (keeping.at_once() or time.monotonic() - kept_at >= keeping.every_s)
            ):
                keeping.keep(dump_state(progress, trained, optimiser))
                kept_at = time.monotonic()
    return Finetuned(adapters=progress.adapters, log=tuple(progress.log))


def _step(
    base: Base,
    batch: Sequence[Row],
    trained: Sequence[nn.Parameter],
    optimiser: torch.optim.AdamW,
    settings: TrainingSettings,
    step: int,
) -> TrainingStep:
    rate = settings.learning_rate * rate_share(step - 1, settings)
    loss = _batch_loss(base, batch, trained)
    norm = torch.nn.utils.clip_grad_norm_(trained, settings.maximum_gradient_norm).item()
    entry = TrainingStep(step=step, loss=loss, learning_rate=rate, gradient_norm=norm)
    _check(entry, base)
    for group in optimiser.param_groups:
        group["lr"] = rate
    optimiser.step()
    return entry


@contextmanager
def _checkpointing(base: Base, settings: TrainingSettings) -> Generator[None]:
    """Compute each layer's activations again on the way back, where that is wished."""
    if not settings.gradient_checkpointing:
        yield
        return
    base.model.activation_checkpointing_enable({"use_reentrant": False})
    try:
        yield
    finally:
        base.model.activation_checkpointing_disable()


def rate_share(done: int, settings: TrainingSettings) -> float:
    """Share of the peak learning rate that a step is taken with: a climb in equal parts, then half a cosine towards 0.

    Args:
        done: steps before this one; even the first has a share above 0, for a step without one would be wasted.
        settings: of the training.

    >>> settings = TrainingSettings(examples=8, batch=1, epochs=1, warmup=0.25)
    >>> [round(rate_share(done, settings), 2) for done in range(8)]
    [0.5, 1.0, 1.0, 0.93, 0.75, 0.5, 0.25, 0.07]
    """
    climbing = math.ceil(settings.warmup * settings.steps)
    if done < climbing:
        return (done + 1) / climbing
    falling = max(settings.steps - climbing, 1)
    return (1 + math.cos(math.pi * (done - climbing) / falling)) / 2


def _batches(rows: Sequence[Row], settings: TrainingSettings, seed: int) -> Iterator[list[Row]]:
    for epoch in range(settings.epochs):
        order = seeded_generator("order", seed, epoch).permutation(len(rows)).tolist()
        for start in range(0, len(rows), settings.batch):
            yield [rows[index] for index in order[start : start + settings.batch]]


def _batch_loss(base: Base, batch: Sequence[Row], trained: Sequence[nn.Parameter] = ()) -> float:
    """Compute a batch's loss part by part as they fit the memory, and add up the gradients of what is trained."""
    while True:
        for parameter in trained:
            parameter.grad = None
        total, failed = 0.0, None
        for part in _parts(batch, base.training):
            try:
                loss = _answer_loss(base, part) / _answers(batch)
                if trained:
                    loss.backward()
            except RuntimeError as error:
                if not ran_out_of_memory(error):
                    raise
                failed = part
                break
            total += loss.item()
        if failed is None:
            return total
        loss = None  # with its activations; from here on the batch is begun anew, since a part may have been half added
        base.training.lower(range(len(failed)), [len(row) for row in failed], base.name)


def _parts(batch: Sequence[Row], budget: TokenBudget) -> Iterator[list[Row]]:
    for group in batch_by_length([len(row) for row in batch], budget.tokens):
        yield [batch[index] for index in group]


def _answers(batch: Sequence[Row]) -> int:
    """The answer tokens of a batch, over which its loss is the mean."""
    return sum(len(row.tail) for row in batch)


def _answer_loss(base: Base, rows: Sequence[Row]) -> Tensor:
    """Sum the negative log-likelihood of the answer tokens; the head sees no other position."""
    places = [
        (index, len(row.encoded) - 1 + offset) for index, row in enumerate(rows) for offset in range(len(row.tail))
    ]
    targets = torch.tensor([token for row in rows for token in row.tail], device=base.device)
    logits = logits_of(base, states_at(base, lay_out(base, rows), places))
    return torch.nn.functional.cross_entropy(logits.float(), targets.to(logits.device), reduction="sum")


def _check(entry: TrainingStep, base: Base) -> None:
    place = f"at step {entry.step}"
    _check_loss(entry.loss, base, place)
    if not math.isfinite(entry.gradient_norm):
        raise _runaway(
            f"the gradient's norm is no longer a number: {entry.gradient_norm} {place}, loss {entry.loss:.3g}"
        )
    if entry.gradient_norm == 0 and entry.loss > LEARNT:  # a dead model, whose output no weight of the adapter moves
        raise _runaway(f"the gradient is exactly 0 {place}, loss {entry.loss:.3g}: nothing more would be learnt")


def _check_end(base: Base, entry: TrainingStep, trained: Sequence[Tensor], loss: float) -> None:
    """The last step has no next one whose loss would tell what it did."""
    place = f"after the last step, {entry.step}"
    if not all(bool(parameter.isfinite().all()) for parameter in trained):
        raise _runaway(f"the adapter's weights are no longer numbers {place}")
    _check_loss(loss, base, place)


def _check_loss(loss: float, base: Base, place: str) -> None:
    # many models have embeddings for more tokens than their tokenizer knows, and blind weights guess among all
    blind_guess = math.log(max(len(base.tokenizer), base.model.config.get_text_config().vocab_size))
    if not math.isfinite(loss):
        raise _runaway(f"the training loss is no longer a number: {loss} {place}")
    if loss > 2 * blind_guess:
        raise _runaway(
            f"the training loss has exploded: {loss:.3g} {place} (a blind guess over the vocabulary has "
            f"{blind_guess:.1f})"
        )


def _runaway(message: str) -> ModelError:
    return ModelError(message, hint="lower training.learning_rate, or look for broken examples")
