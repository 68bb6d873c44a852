"""The tiny checkpoint's last lesson: to prefer no answer letter, and nothing else.

A model whose learning rate has not fallen leans to one letter here and another there, by the chance of its last steps.
What is lowered is that lean alone, task by task: the squared difference between the options' mean log-probabilities,
which letter-prior calibration would take away as well (Zhou et al., ICLR 2024, arXiv 2309.17249). No answer is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from spillover.core.keys import seeded_generator
from tiny_losses import option_log_probabilities
from tiny_samples import Order, Sample

TASKS = 4
"""Drawn for each step."""
EXAMPLES = 128
"""Of each; one half's lean is multiplied by the other's, whose errors have nothing in common: the product is right on
average, where a square would also count the error, and lower it by making the model less sure."""
SOFTNESS = 0.25
"""Of the choice among the options whose shares are evened, in standard deviations of their log-probabilities."""
SHARES = 8.0
"""Weight of the shares against that of the means."""
STEPS = 160
LEARNING_RATE = 3e-4
"""It falls to 0 over the second half of the steps."""
LAYERS = 2
"""How many of the language model's last layers learn."""
PLACE = 1_000_000
"""Of the pools that are drawn: far beyond those of the training."""


def balance_letters(
    model: Any,
    tokenizer: Any,
    draw: Callable[[Order], list[Sample]],
    tasks: Sequence[str],
    *,
    seed: int,
    hardest: float,
) -> None:
    """Take the lean to letters out of a model, in place.

    Args:
        model: the tiny model.
        tokenizer: its tokenizer.
        draw: makes samples.
        tasks: names of those that it is asked.
        seed: of the order of tasks and of the samples.
        hardest: the hardest difficulty that is asked about.
    """
    model.eval().requires_grad_(requires_grad=False)
    language = model.get_decoder()
    learning = [weight for part in (*language.layers[-LAYERS:], language.norm) for weight in part.parameters()]
    for weight in learning:
        weight.requires_grad_(requires_grad=True)
    optimiser = torch.optim.AdamW(learning, betas=(0.9, 0.98), weight_decay=0.0)
    for step in range(STEPS):
        optimiser.param_groups[0]["lr"] = LEARNING_RATE * min(1.0, 2 * (1 - step / STEPS))
        rng = seeded_generator("balance", seed, step)
        for task in rng.permutation(list(tasks))[:TASKS].tolist():
            order = Order(
                seed=seed, pool=PLACE + step, counts={task: EXAMPLES}, described=False, hardest={task: hardest}
            )
            asked = torch.stack(option_log_probabilities(model, tokenizer, draw(order)))
            (_lean(asked) / TASKS).backward()
        torch.nn.utils.clip_grad_norm_(learning, 1.0)
        optimiser.step()
        optimiser.zero_grad()
    model.requires_grad_(requires_grad=True)


def _lean(asked: Tensor) -> Tensor:
    """How far options stand apart in how probable they are, and in how often they are chosen.

    The two are not the same: what is chosen a little too often everywhere may be the less probable on average.

    Args:
        asked: (example, option), log-probabilities.
    """
    centred = asked - asked.mean(dim=1, keepdim=True)
    scaled = centred / centred.detach().std()
    chosen = torch.softmax(scaled / SOFTNESS, dim=1)
    return _squared(scaled) + SHARES * _squared(chosen - 1 / asked.shape[1])


def _squared(apart: Tensor) -> Tensor:
    """Squares of the options' means, summed; right on average.

    Args:
        apart: (example, option).
    """
    one, other = apart.chunk(2)
    return (one.mean(dim=0) * other.mean(dim=0)).sum()
