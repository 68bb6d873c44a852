"""From a prompt to what the language model reads: tokens, their positions, and what the vision tower saw.

The vision tower is frozen in every finetune, so a prompt's images need to pass it but once. Prompts are encoded in
pieces that follow from the list alone, never from what happens to be at hand: a piece whose features were let go of to
save memory passes the tower again as a whole, and they come out the same to the last bit.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from textwrap import shorten
from typing import Any

import torch
from jaxtyping import Int
from jinja2 import TemplateError
from torch import Tensor

from spillover.core.errors import ModelError, TaskError
from spillover.core.prompt import Prompt, Turn
from spillover.models.base import Base
from spillover.models.chat import Chat
from spillover.models.features import Features, features_key
from spillover.models.processing import process
from spillover.models.vision import TEXT, accepted_names, see

PIECE_PROMPTS = 32
PIECE_PIXELS = 1 << 18
"""Prompts, and pixels of their images, that pass the vision tower together; one prompt always may."""
DECODING_THREADS = 4
DECODED_AHEAD = 8
"""Prompts whose images wait in main memory for the vision tower."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Prompts whose images always pass the vision tower together."""

    prompts: tuple[Prompt, ...]
    key: str
    """Of their features."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """A prompt up to the point where the model's answer begins."""

    tokens: Int[Tensor, " token"]
    positions: Int[Tensor, "axis token"] | None
    """Multi-axis rotary positions, for models that have them."""
    token_fields: dict[str, Tensor]
    """Further inputs that have one value a token, such as which modality it is of."""
    image_fields: dict[str, Tensor]
    """Further inputs that have one row an image, such as its grid of patches."""
    piece: Piece | None
    """With which its images pass the vision tower; None for a prompt without images."""
    row: int
    """Its place in the piece."""
    prompt: Prompt
    number: int = field(default_factory=count().__next__)
    """By which this process tells it from all others; the same prompt with another answer keeps it."""

    def __len__(self) -> int:
        return self.tokens.shape[0]

    @property
    def size_bytes(self) -> int:
        """Memory that it takes: tensors, and images that are held encoded."""
        tensors = [self.tokens, *self.token_fields.values(), *self.image_fields.values()]
        tensors += [] if self.positions is None else [self.positions]
        return sum(tensor.nbytes for tensor in tensors) + _held_bytes([self.prompt])


@torch.inference_mode(mode=False)  # what is kept may be trained on later
@torch.no_grad()
def encode_prompts(
    base: Base, prompts: Sequence[Prompt], on_progress: Callable[[int], None] = lambda _: None
) -> list[Encoded]:
    """Encode prompts, images included.

    Args:
        base: the model.
        prompts: what is to be encoded.
        on_progress: called with the number of prompts that were encoded since the last call; it may raise, to stop.

    Raises:
        TaskError: an image cannot be read, or the model cannot take it.
    """
    encoded: list[Encoded] = []
    on_gpu = base.device.type != "cpu"  # a CPU's cores have their hands full: there it costs more than it saves
    for piece in _pieces(load_ahead(prompts) if on_gpu else map(_loaded, prompts)):
        encoded += _encode(base, piece)
        on_progress(len(piece))
    return encoded


@torch.inference_mode(mode=False)
@torch.no_grad()
def features_of(base: Base, encoded: Encoded) -> Features | None:
    """What the vision tower makes of a prompt's images, kept from before or computed again; None without images.

    The tower must be the one that the prompt was encoded with.

    Raises:
        TaskError: an image can no longer be read.
    """
    piece = encoded.piece
    if piece is None:
        return None
    kept = base.features.get(piece.key)
    if kept is None:
        kept = _see(base, piece.key, _process(base, [_loaded(prompt) for prompt in piece.prompts]))
    return kept[encoded.row]


def pixels_of(base: Base, prompts: Sequence[Encoded]) -> dict[str, Tensor]:
    """What the processor makes of the images of a batch, for a model that takes pixels.

    Raises:
        TaskError: an image can no longer be read.
    """
    inputs = _process(base, [_loaded(encoded.prompt) for encoded in prompts])
    shape = inputs["input_ids"].shape
    read = accepted_names(type(base.backbone), "forward")
    return {name: value for name, value in inputs.items() if name in read and value.shape != shape}


@dataclass(frozen=True, slots=True)
class Loaded:
    """A prompt and its images, decoded."""

    prompt: Prompt
    images: list[Any]


def _loaded(prompt: Prompt) -> Loaded:
    return Loaded(prompt, [image.load() for image in prompt.images])


def load_ahead(prompts: Sequence[Prompt]) -> Iterator[Loaded]:
    """Decode images in threads, while what came before passes the vision tower; in the order of the prompts.

    Raises:
        TaskError: an image cannot be read; those before it have come.
    """
    coming: deque[Future[Loaded]] = deque()
    pool = ThreadPoolExecutor(DECODING_THREADS)
    try:
        for prompt in prompts:
            coming.append(pool.submit(_loaded, prompt))
            if len(coming) > DECODED_AHEAD:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _held_bytes(prompts: Sequence[Prompt]) -> int:
    return sum(image.held_bytes for prompt in prompts for image in prompt.images)


def _pieces(loading: Iterator[Loaded]) -> Iterator[list[Loaded]]:
    piece: list[Loaded] = []
    pixels = 0
    for loaded in loading:
        size = sum(image.width * image.height for image in loaded.images)
        full = len(piece) == PIECE_PROMPTS or pixels + size > PIECE_PIXELS
        if piece and (full or bool(piece[0].images) != bool(loaded.images)):
            yield piece
            piece, pixels = [], 0
        piece.append(loaded)
        pixels += size
    if piece:
        yield piece


def _encode(base: Base, loaded: list[Loaded]) -> Iterator[Encoded]:
    inputs = _process(base, loaded)
    prompts = tuple(each.prompt for each in loaded)
    piece = _piece(prompts) if loaded[0].images else None
    tokens, mask = inputs["input_ids"], inputs["attention_mask"].bool()
    locating = accepted_names(type(base.backbone), "get_rope_index")
    read = locating | accepted_names(type(base.model), "forward")
    others = {name: value for name, value in inputs.items() if name in read and name not in TEXT}
    token_fields = {name: value for name, value in others.items() if value.shape == tokens.shape}
    image_fields = {name: value for name, value in others.items() if name in locating and name not in token_fields}
    positions = _rotary_positions(base, tokens, {"attention_mask": mask, **token_fields, **image_fields})
    if piece is not None and base.abilities.images != "pixels" and base.features.get(piece.key) is None:
        _see(base, piece.key, inputs)
    first_image = 0
    for row, prompt in enumerate(prompts):
        real, its_images = mask[row], slice(first_image, first_image + len(prompt.images))
        first_image = its_images.stop
        yield Encoded(
            tokens=tokens[row][real],
            positions=None if positions is None else positions[:, row][:, real],
            token_fields={name: value[row][real] for name, value in token_fields.items()},
            image_fields={name: value[its_images] for name, value in image_fields.items()},
            piece=piece,
            row=row,
            prompt=prompt,
        )


def _piece(prompts: tuple[Prompt, ...]) -> Piece:
    return Piece(prompts, features_key([[image.digest for image in prompt.images] for prompt in prompts]))


def _process(base: Base, piece: list[Loaded]) -> Any:
    images = [loaded.images for loaded in piece] if piece[0].images else None
    if images and base.abilities.images == "none":
        raise TaskError(
            f"{base.name} reads text alone, and this example has an image",
            where=_quoted(piece[0].prompt),
            hint="take a vision-language model, or tasks without images",
        )
    texts = [_write(base, loaded.prompt) for loaded in piece]
    try:
        return process(base.processor, texts, images)
    except ValueError as error:  # such as images of a kind that the model cannot take
        if len(piece) > 1:
            for loaded in piece:  # one of them alone is at fault
                _process(base, [loaded])
        sizes = ", ".join(f"{image.width} × {image.height}" for image in piece[0].images)
        raise TaskError(
            f"{base.name} cannot read this example with images of {sizes or 'no'} pixels: {error}",
            where=_quoted(piece[0].prompt),
        ) from error


def _quoted(prompt: Prompt) -> str:
    return repr(shorten(prompt.text, 60, placeholder=" …"))


def _write(base: Base, prompt: Prompt) -> str:
    left = len(prompt.images) - sum(len(turn.image_places) for turn in prompt.before)
    places = (0,) * left if prompt.image_places is None else prompt.image_places
    question = Turn(role="user", text=prompt.text, image_places=places)
    try:
        return base.chat.ask([*prompt.before, question])
    except TemplateError as error:
        raise TaskError(
            f"the chat template of {base.name} cannot write this: {error}", where=prompt.text[:60]
        ) from error


def _rotary_positions(base: Base, tokens: Tensor, fields: dict[str, Tensor]) -> Tensor | None:
    accepted = accepted_names(type(base.backbone), "get_rope_index")
    if not accepted:
        return None
    known = {name: value for name, value in fields.items() if name in accepted}
    positions, _ = base.model.base_model.get_rope_index(tokens, **known)
    return positions


def _see(base: Base, key: str, inputs: Any) -> list[Features]:
    """Let a piece's images pass the vision tower, and keep what it makes of them."""
    features, _ = see(base.model, inputs)
    base.features.keep(key, features)
    return features


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidingTokens:
    """Where a choice between option strings is decided."""

    prefix: tuple[int, ...]
    """Tokens that all options begin with, supplied to the model."""
    candidates: tuple[int, ...]
    """The next token of each option, all different."""


def deciding_tokens(base: Base, options: tuple[str, ...]) -> DecidingTokens:
    """Find the first token in which the options differ: "(A)" may be "(", "A", ")" or "(A", ")".

    Raises:
        ModelError: the options do not all differ at one token, so that one forward pass cannot decide.
    """
    if options not in base.deciding:
        base.deciding[options] = _deciding_tokens(base.chat, options)
    return base.deciding[options]


def _deciding_tokens(chat: Chat, options: tuple[str, ...]) -> DecidingTokens:
    if len(options) < 2:
        raise ModelError(
            f"the letters protocol needs at least two options, not {options!r}",
            hint="use protocols: [generate] for open questions",
        )
    spelt = [chat.spell(option) for option in options]
    shared = 0
    while all(len(tokens) > shared for tokens in spelt) and len({tokens[shared] for tokens in spelt}) == 1:
        shared += 1
    candidates = tuple(tokens[shared] if len(tokens) > shared else -1 for tokens in spelt)
    if -1 in candidates or len(set(candidates)) < len(options):
        raise ModelError(
            f"the options {options!r} are not told apart by a single token of this tokenizer",
            hint="use protocols: [generate]",
        )
    return DecidingTokens(prefix=spelt[0][:shared], candidates=candidates)


def answer_tokens(base: Base, answer: str) -> tuple[int, ...]:
    """The tokens of an answer with the end of the turn: what a finetune is trained to write."""
    return (*base.chat.spell(answer), base.chat.end_of_turn)
