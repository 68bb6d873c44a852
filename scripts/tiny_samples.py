"""Draws the tiny checkpoint's training samples: scenes of the suite, as the tokens and pixels that the model reads.

The layout is that of transformers' Qwen2.5-VL processor and our chat template, computed faster than either does it: a
test holds them equal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoTokenizer

from spillover.core.keys import seeded_generator
from spillover.models.tiny.architecture import MERGE, PATCH_PIXELS
from spillover.tasks.perception.family import Family, Scene
from spillover.tasks.perception.suite import DEFAULT_DIFFICULTY, SUITE_VERSION, Split, draw_scene, find_family
from spillover.tasks.task import lay_out_prompt, option_letters

DESCRIPTION_REQUEST = "Describe."
DESCRIPTION_WEIGHT = 0.3
"""Of a description's token in the loss; an answer's token counts 1. Without descriptions nothing is learnt at all."""
DESCRIBED_FIRST, DESCRIBED_AFTER = 0.35, 0.25
"""Shares of samples that describe before they answer, and afterwards; the others answer only.

What is said before is cut short at random: from an answer that can be read off the words to one that can only be seen
leads a way of small steps."""
TOKEN_PIXELS = PATCH_PIXELS * MERGE
OPENING = "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n"
TURN_TO_ANSWER = "<|im_end|>\n<|im_start|>assistant\n"
TURN_TO_ASK = "\n<|im_start|>user\n"


Grid = tuple[int, int]
"""Rows and columns of an image's tokens."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A request, the reply, and how much a token of the reply counts in the loss."""

    request: str
    reply: str
    weight: float


@dataclass(frozen=True, slots=True)
class Sample:
    """One conversation about one scene."""

    task: str
    tokens: np.ndarray
    """Of the whole conversation, image tokens repeated as often as the vision tower writes them; (token,)."""
    weights: np.ndarray
    """How much the prediction of every token counts in the loss; (token,)."""
    positions: np.ndarray
    """Time, row and column of every token; (3, token)."""
    images: tuple[np.ndarray, ...]
    """8-bit RGB, (height, width, 3) each."""
    prompt_length: int
    """Tokens before the answer; meaningful where the answer comes first."""
    correct: int = 0
    options: int = 0
    difficulty: float = 0.0


@dataclass(frozen=True, slots=True)
class Order:
    """Samples to be drawn: the same order gives the same samples in any process."""

    seed: int
    pool: int
    counts: Mapping[str, int]
    """Samples by task."""
    split: Split = "train"
    described: bool = True
    hardest: Mapping[str, float] = field(default_factory=dict[str, float])
    """The hardest difficulty drawn, by task; 1 where nothing is said."""


class Drawer:
    """Draws samples with one tokenizer; lives in a process of its own.

    Args:
        folder: of the tokenizer.
    """

    def __init__(self, folder: Path) -> None:
        self._tokenizer = AutoTokenizer.from_pretrained(folder)
        self._segment = lru_cache(100_000)(self._tokenise)

    def draw(self, order: Order) -> list[Sample]:
        """Draw all samples of an order, task by task."""
        samples: list[Sample] = []
        for name, count in order.counts.items():
            family = find_family(name)
            rng = seeded_generator("pretraining", SUITE_VERSION, order.seed, order.split, order.pool, name)
            hardest = order.hardest.get(name, 1.0)
            for number in range(count):
                difficulty = hardest * (rng.random() if order.split == "train" else (number + 0.5) / count)
                scene = draw_scene(family, order.split, rng, difficulty)
                place = rng.random() if order.described else 1.0
                samples.append(self._sample(family, scene, difficulty, place))
        return samples

    def _sample(self, family: Family, scene: Scene, difficulty: float, place: float) -> Sample:
        images = tuple(np.asarray(image) for image in scene.render(family.tiny_size))
        question = lay_out_prompt(scene.question, scene.choices)
        turns = [Turn(question, option_letters(len(scene.choices))[scene.correct], 1.0)]
        if place < DESCRIBED_FIRST + DESCRIBED_AFTER:
            first = place < DESCRIBED_FIRST
            parts = scene.describe().split(", ")
            told = parts[: 1 + int(place / DESCRIBED_FIRST * len(parts))] if first else parts
            turns.insert(0 if first else 1, Turn(DESCRIPTION_REQUEST, ", ".join(told), DESCRIPTION_WEIGHT))
        sample = self._lay_out(family.task.name, images, turns)
        return replace(sample, correct=scene.correct, options=len(scene.choices), difficulty=difficulty)

    def _lay_out(self, task: str, images: tuple[np.ndarray, ...], turns: Sequence[Turn]) -> Sample:
        grids = tuple((image.shape[0] // TOKEN_PIXELS, image.shape[1] // TOKEN_PIXELS) for image in images)
        opening = [*self._segment(OPENING), *self._pictures(grids)]
        tokens, weights = opening.copy(), [0.0] * len(opening)
        for number, turn in enumerate(turns):
            asked = self._segment(turn.request + TURN_TO_ANSWER)
            said = (*self._segment(turn.reply), self._tokenizer.eos_token_id)
            passed_on = self._segment(TURN_TO_ASK) if number + 1 < len(turns) else ()
            tokens += [*asked, *said, *passed_on]
            weights += [0.0] * len(asked) + [turn.weight] * len(said) + [0.0] * len(passed_on)
        return Sample(
            task=task,
            tokens=np.array(tokens),
            weights=np.array(weights, np.float32),
            positions=rotary_positions(len(tokens), len(self._segment(OPENING)) + 1, grids),
            images=images,
            prompt_length=len(opening) + len(self._segment(turns[0].request + TURN_TO_ANSWER)),
        )

    def _pictures(self, grids: Sequence[Grid]) -> list[int]:
        start, pad, end = self._segment("<|vision_start|><|image_pad|><|vision_end|>")
        return [token for rows, columns in grids for token in (start, *[pad] * rows * columns, end)]

    def _tokenise(self, text: str) -> tuple[int, ...]:
        return tuple(self._tokenizer(text, add_special_tokens=False)["input_ids"])


def suite_texts(tasks: Sequence[str], seed: int, scenes: int) -> tuple[list[str], list[str]]:
    """What is read and said about some scenes of every task, for the tokenizer.

    Returns:
        Texts, and the phrases that never change: how a task's questions begin and end, its fixed options.
    """
    texts = [OPENING, TURN_TO_ANSWER, TURN_TO_ASK, DESCRIPTION_REQUEST] * scenes
    phrases = ["system\nYou are a helpful assistant.", "user\n", "assistant\n"]
    for name in tasks:
        family = find_family(name)
        rng = seeded_generator("tokenizer", SUITE_VERSION, seed, name)
        drawn = [draw_scene(family, "train", rng, DEFAULT_DIFFICULTY) for _ in range(scenes)]
        for scene in drawn:
            texts += [lay_out_prompt(scene.question, scene.choices), scene.describe()]
        questions = [scene.question for scene in drawn]
        beginning = " ".join(_shared([question.split(" ") for question in questions]))
        ending = " ".join(_shared([question.split(" ")[::-1] for question in questions])[::-1])
        fixed = set.intersection(*(set(scene.choices) for scene in drawn))
        phrases += [
            beginning,
            f" {ending}" if ending != beginning else ending,
            *(f" {choice}" for choice in sorted(fixed)),
        ]
    return texts, sorted({phrase for phrase in phrases if phrase.count(" ") + phrase.count("\n") > 1})


def _shared(questions: Sequence[Sequence[str]]) -> list[str]:
    """The words with which all questions begin."""
    together = takewhile(lambda words: len(set(words)) == 1, zip(*questions, strict=False))
    return [words[0] for words in together]


def lay_out_batch(samples: Sequence[Sample], padding: int, lengths: Sequence[int] | None = None) -> dict[str, Any]:
    """Lay samples out as the model's inputs, padded on the right, where nothing real attends to padding.

    Args:
        samples: of any sizes.
        padding: the token that fills up.
        lengths: tokens to be kept of each; all by default.
    """
    kept = lengths or [len(sample.tokens) for sample in samples]
    tokens = np.full((len(samples), max(kept)), padding)
    positions = np.zeros((3, *tokens.shape), np.int64)
    for row, (sample, length) in enumerate(zip(samples, kept, strict=True)):
        tokens[row, :length] = sample.tokens[:length]
        positions[:, row, :length] = sample.positions[:, :length]
    images = [image for sample in samples for image in sample.images]
    grids = [[1, image.shape[0] // PATCH_PIXELS, image.shape[1] // PATCH_PIXELS] for image in images]
    return {
        "input_ids": torch.from_numpy(tokens),
        "position_ids": torch.from_numpy(positions),
        "pixel_values": torch.from_numpy(np.concatenate([patches(image) for image in images])),
        "image_grid_thw": torch.tensor(grids),
    }


MEAN = np.array([0.48145466, 0.4578275, 0.40821073], np.float32)
SPREAD = np.array([0.26862954, 0.26130258, 0.27577711], np.float32)
"""Qwen's image normalisation."""


def patches(image: np.ndarray) -> np.ndarray:
    """Cut an image into the vision tower's patches, in its order.

    Args:
        image: 8-bit RGB, (height, width, 3).

    Returns:
        (patch, channel × frame × row × column); a picture stands as two equal frames.
    """
    scaled = (image.astype(np.float32) / 255.0 - MEAN) / SPREAD
    rows, columns = image.shape[0] // TOKEN_PIXELS, image.shape[1] // TOKEN_PIXELS
    blocks = scaled.reshape(rows, MERGE, PATCH_PIXELS, columns, MERGE, PATCH_PIXELS, 3)
    cut = blocks.transpose(0, 3, 1, 4, 6, 2, 5)[..., None, :, :]
    return np.concatenate([cut, cut], axis=-3).reshape(-1, 3 * 2 * PATCH_PIXELS**2)


@cache
def rotary_positions(length: int, first: int, grids: tuple[Grid, ...]) -> np.ndarray:
    """Time, row and column of every token, as Qwen2.5-VL counts them.

    Args:
        length: tokens in all.
        first: place of the first image token.
        grids: of each image's tokens; one closing and one opening token lie between two images.

    Returns:
        (3, token).
    """
    pieces = [_in_line(0, first)]
    position, used = first, first
    for rows, columns in grids:
        within = np.stack([np.zeros(rows * columns, int), *np.divmod(np.arange(rows * columns), columns)])
        pieces += [position + within, _in_line(position + max(rows, columns), 2)]
        position += max(rows, columns) + 2
        used += rows * columns + 2
    return np.concatenate([*pieces, _in_line(position, length - used)], axis=1)


def _in_line(start: int, count: int) -> np.ndarray:
    return np.broadcast_to(np.arange(start, start + count), (3, count))
