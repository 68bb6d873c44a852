"""The training rows of a mixture: conversations with their images, drawn from the sources and shuffled."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PIL import Image

from spillover.core.prompt import ImageSource, Turn
from spillover.mixture.mixture import Mixture
from spillover.tasks.data import TaskData
from spillover.tasks.export import encoded_bytes
from spillover.tasks.mixed import draw_parts
from spillover.tasks.task import Example

SUFFIXES = {"PNG": ".png", "JPEG": ".jpg", "WEBP": ".webp"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedImage:
    """An image under a name made from its content, never from a name in the data."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One conversation to train on."""

    source: str
    example: str
    """Its id, for errors."""
    turns: tuple[Turn, ...]
    """The answer last."""
    images: tuple[ExportedImage, ...]
    """As many as the turns have places for, in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What was taken of one source."""

    source: str
    share: float
    examples: int
    distinct: int
    """Fewer than `examples` where the source has fewer, so that some are repeated."""


def draw_rows(
    mixture: Mixture, tasks: Sequence[TaskData], on_progress: Callable[[int, int], None] = lambda *_: None
) -> tuple[list[Row], list[Drawn]]:
    """Draw a mixture's rows from its sources: what a study of the mixture trains on, in the same order.

    Args:
        mixture: what to take of which source.
        tasks: the sources' data.
        on_progress: called with rows made and rows in all.

    Raises:
        TaskError: a source is not among the tasks, or an example of it is broken.
    """
    portions = draw_parts({each.source: each.examples for each in mixture.taken}, tasks, mixture.settings.seed)
    rows: list[Row] = []
    for source, example in portions.shuffled:
        rows.append(_row(source, example))
        on_progress(len(rows), len(portions.shuffled))
    drawn = [
        Drawn(
            source=each.source, share=each.share, examples=each.examples, distinct=portions.distinct.get(each.source, 0)
        )
        for each in mixture.taken
    ]
    return rows, drawn


def _row(source: str, example: Example) -> Row:
    places = (0,) * len(_own_images(example)) if example.image_places is None else example.image_places
    question = Turn(role="user", text=example.prompt, image_places=places)
    answer = Turn(role="assistant", text=example.answer)
    images = tuple(_exported(image) for image in example.images)
    return Row(source=source, example=example.id, turns=(*example.before, question, answer), images=images)


def _own_images(example: Example) -> tuple[ImageSource, ...]:
    """The images of the question itself; those of earlier turns stand first."""
    return example.images[sum(len(turn.image_places) for turn in example.before) :]


def _exported(image: ImageSource) -> ExportedImage:
    data = encoded_bytes(image)
    kind = Image.open(io.BytesIO(data)).format or ""
    return ExportedImage(name=f"{image.digest[:32]}{SUFFIXES.get(kind, '.img')}", data=data)
