"""What a model is asked: the one thing that tasks make and models read."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from PIL import Image


class ImageSource(Protocol):
    """An image that is read when it is needed."""

    @property
    def digest(self) -> str:
        """SHA-256 of the encoded bytes, in hexadecimal digits."""
        ...

    @property
    def held_bytes(self) -> int:
        """Main memory that it takes as long as it is not loaded."""
        ...

    def load(self) -> Image.Image:
        """Decode the image as RGB.

        Raises:
            TaskError: the file is missing, is no image, or has far too many pixels.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What was said before the question, in a conversation."""

    role: Literal["system", "user", "assistant"]
    text: str
    image_places: tuple[int, ...] = ()
    """Before which character of the text each of its images stands, in order."""

    @property
    def parts(self) -> tuple[str | None, ...]:
        """The text, cut where images stand, and None for each image; a turn without anything is one empty text."""
        cuts = (0, *self.image_places, len(self.text))
        pieces = [self.text[start:end] for start, end in pairwise(cuts)]
        parts = [pieces[0], *(part for piece in pieces[1:] for part in (None, piece))]
        return tuple(part for part in parts if part != "") or ("",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One question to a vision-language model."""

    images: tuple[ImageSource, ...]
    """In the order in which the text speaks of them, those of earlier turns first; empty for text-only tasks."""
    text: str
    """The user turn as the data has it."""
    image_places: tuple[int, ...] | None = None
    """Before which character of the text each of its images stands; None: all of them before the text."""
    before: tuple[Turn, ...] = ()
    """Earlier turns of the conversation."""
    options: tuple[str, ...]
    """The answer strings to choose from, such as "(A)" and "(B)"; empty for open questions."""
    answer: str
    """The right answer as it is trained on, such as "(A)"."""
