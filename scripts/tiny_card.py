"""Measures a tiny checkpoint the way the package uses it, and writes its model card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from spillover.models.base import Base, load_base
from spillover.models.encoding import encode_prompts
from spillover.models.generation import generate_replies
from spillover.models.letters import score_options
from spillover.models.settings import ModelSettings
from spillover.study.demo import DIFFICULTY
from spillover.tasks.perception.suite import SUITE_VERSION, draw_examples
from spillover.tasks.scoring import parse_reply
from spillover.tasks.task import option_letters

EXAMPLES = 200
"""Validation examples a task: the suite's own first ones, which no training has seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """How a checkpoint does on a task."""

    letters: float
    """Accuracy of the likeliest option letter."""
    calibrated: float
    """The same, each letter's mean log-probability over the task's examples subtracted."""
    generate: float
    """Accuracy of the written reply."""
    shares: tuple[float, ...]
    """Of every letter among the answers."""


def measure(base: Base, task: str, examples: int = EXAMPLES) -> Measured:
    """Measure both protocols on a task's validation examples."""
    drawn = list(islice(draw_examples(task, "validation", difficulty=DIFFICULTY), examples))
    encoded = encode_prompts(base, [example.as_prompt() for example in drawn])
    scores = np.array(score_options(base, encoded))
    options = option_letters(scores.shape[1])
    right = np.array([options.index(example.answer) for example in drawn])
    replies = [parse_reply(reply.text, options).answer for reply in generate_replies(base, encoded, 8)]
    answers = scores.argmax(axis=1)
    return Measured(
        letters=float((answers == right).mean()),
        calibrated=float(((scores - scores.mean(axis=0)).argmax(axis=1) == right).mean()),
        generate=float(np.mean([reply == example.answer for reply, example in zip(replies, drawn, strict=True)])),
        shares=tuple((np.bincount(answers, minlength=len(options)) / len(answers)).tolist()),
    )


def write_card(folder: Path, tasks: Sequence[str], facts: Mapping[str, str]) -> dict[str, Measured]:
    """Measure a checkpoint on all tasks and write its MODEL_CARD.md.

    Args:
        folder: the checkpoint's.
        tasks: to measure on.
        facts: what is to be said about the training.
    """
    base = load_base(ModelSettings(path=str(folder)))
    measured = {task: measure(base, task) for task in tasks}
    lines = [
        "# The tiny checkpoint",
        "",
        "A vision-language model of Qwen2.5-VL's architecture, small enough to be finetuned in seconds on a CPU. It",
        "was trained from scratch on the embedded perception suite and knows nothing else. It is made to study how",
        "finetuning on one task changes others, not to be used for anything in the world.",
        "",
        *(f"- {name}: {text}" for name, text in facts.items()),
        f"- Data: the suite's training split, version {SUITE_VERSION}, plain scenes first; most conversations hold a",
        "  description of the scene beside the question with its answer.",
        f"- Measured at the demo's difficulty, {DIFFICULTY}, on the first {EXAMPLES} validation examples of each task",
        "  (standard error about 0.03).",
        "",
        "| Task | Chance | Letters | Calibrated | Generate | Share of each letter answered |",
        "| --- | --- | --- | --- | --- | --- |",
        *(_row(task, found) for task, found in measured.items()),
        "",
    ]
    (folder / "MODEL_CARD.md").write_text("\n".join(lines))
    return measured


def _row(task: str, found: Measured) -> str:
    shares = " ".join(f"{share:.2f}" for share in found.shares)
    chance = 1 / len(found.shares)
    return f"| {task} | {chance:.2f} | {found.letters:.2f} | {found.calibrated:.2f} | {found.generate:.2f} | {shares} |"
