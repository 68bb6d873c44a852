"""A task and its examples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from spillover.core.prompt import ImageSource, Prompt, Turn

Level = Literal["low", "mid", "high"]
"""How early in human vision a task is settled (BLINK, Fu et al., ECCV 2024, arXiv 2404.12390)."""
Granularity = Literal["pixel", "crop", "image"]
"""The size of what has to be looked at."""
Metric = Literal["accuracy", "exact", "contains", "anls", "number", "mra"]
"""How an answer is scored: `accuracy` of a choice; the others for open questions, see `spillover.tasks.scoring`."""
MAXIMUM_CHOICES = 26
"""As many as there are letters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is known of a task beside its examples."""

    name: str
    abbreviation: str
    level: Level | None = None
    granularity: Granularity | None = None
    images: int | None = None
    """Images an example; None where it varies."""
    options: int | None = None
    """Options an example; None for open questions or where it varies."""
    metric: Metric = "accuracy"
    """How an answer is scored; every metric lies in 0–1, higher is better."""
    chance: float | None = None
    """Expected score of a blind guess, 0–1."""
    human: float | None = None
    """Human score, 0–1, a possible ceiling."""
    specialist: float | None = None
    """Score of a model made for this task, 0–1, a possible ceiling."""


class Described(NamedTuple):
    """Everything that a model is shown and told, as plain values to be hashed in this order."""

    id: str
    prompt: str
    choices: list[str]
    answer: str
    images: list[str]
    """Digests."""
    accepted: list[str]
    image_places: list[int] | None
    before: list[list[Any]]
    """Role, text and places of images of each earlier turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One question with its answer."""

    id: str
    """Unique within its task and split."""
    images: tuple[ImageSource, ...]
    prompt: str
    """The full text with its option lines, as the data has it."""
    choices: tuple[str, ...]
    """The options' texts without their letters; empty for open questions."""
    answer: str
    """A letter in brackets, "(A)", for multiple choice; the text itself otherwise."""
    accepted: tuple[str, ...] = ()
    """Other right answers to an open question."""
    image_places: tuple[int, ...] | None = None
    """Before which character of the prompt each of its images stands; None: all of them before it."""
    before: tuple[Turn, ...] = ()
    """Earlier turns, where the example is the end of a conversation."""
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def options(self) -> tuple[str, ...]:
        """The answer strings, "(A)", "(B)", … in order."""
        return option_letters(len(self.choices))

    def describe(self) -> Described:
        """Everything that a model is shown and told.

        Raises:
            TaskError: an image cannot be read.
        """
        return Described(
            id=self.id,
            prompt=self.prompt,
            choices=list(self.choices),
            answer=self.answer,
            images=[image.digest for image in self.images],
            accepted=list(self.accepted),
            image_places=None if self.image_places is None else list(self.image_places),
            before=[[turn.role, turn.text, list(turn.image_places)] for turn in self.before],
        )

    def as_prompt(self) -> Prompt:
        """What a model is asked."""
        return Prompt(
            images=self.images,
            text=self.prompt,
            image_places=self.image_places,
            before=self.before,
            options=self.options,
            answer=self.answer,
        )


def option_letters(count: int) -> tuple[str, ...]:
    """The answer strings of a question with so many options.

    >>> option_letters(3)
    ('(A)', '(B)', '(C)')
    """
    return tuple(f"({chr(ord('A') + index)})" for index in range(count))


def lay_out_prompt(question: str, choices: tuple[str, ...]) -> str:
    r"""Write a question and its options as BLINK's own `prompt` column does.

    >>> lay_out_prompt("Which?", ("left", "right"))
    'Which?\n(A) left\n(B) right'
    """
    lines = [f"{letter} {choice}" for letter, choice in zip(option_letters(len(choices)), choices, strict=True)]
    return "\n".join([question, *lines])
