"""Conversations as trainers take them (LLaMA-Factory, ms-swift, TRL): `messages` or `conversations`, and `images`.

The last answer is what is trained on; what was said before it is context.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from spillover.core.errors import TaskError
from spillover.core.prompt import ImageSource, Turn
from spillover.tasks.rows import Row
from spillover.tasks.task import Example

IMAGE_TAG = "<image>"
ROLES: dict[str, Literal["system", "user", "assistant"]] = {
    "system": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
}


def is_conversation(row: Row) -> bool:
    """Whether a row holds turns instead of a question."""
    return any(_said(row))


def conversation_example(row: Row, images: Sequence[ImageSource], place: str, name: str) -> Example:
    """Make an example of a conversation.

    Args:
        row: with `messages`, `conversations`, or `prompt` and `completion` as lists of messages.
        images: all of the conversation, in order. Where no turn says by `<image>` or an image part where they stand,
            they stand before the first user turn.
        place: for errors.
        name: the example's id.

    Raises:
        TaskError: a turn is not one, the last is no answer, or there are more or fewer images than places for them.
    """
    turns = [_turn(message, place) for message in _said(row)]
    tagged = sum(len(turn.image_places) for turn in turns)
    if tagged == 0 and images:
        first = next((index for index, turn in enumerate(turns) if turn.role == "user"), 0)
        turns[first] = Turn(role=turns[first].role, text=turns[first].text, image_places=(0,) * len(images))
    elif tagged != len(images):
        raise TaskError(
            f"the turns have places for {tagged} images, and there are {len(images)}",
            where=place,
            hint="write <image> once for each image, in their order, or nowhere: then all stand first",
        )
    if len(turns) < 2 or turns[-1].role != "assistant" or turns[-2].role != "user":
        raise TaskError(
            "the conversation does not end in a user's turn and its answer",
            where=place,
            hint="leave out what follows the last answer",
        )
    *before, question, answer = turns
    if answer.image_places or not answer.text:
        raise TaskError(
            "the last answer is empty, or holds an image",
            where=place,
            hint="a model is trained to write it: give it a text, and no <image>",
        )
    leading = not before and not any(question.image_places)
    return Example(
        id=name,
        images=tuple(images),
        prompt=question.text,
        choices=(),
        answer=answer.text,
        image_places=None if leading else question.image_places,
        before=tuple(before),
    )


def _said(row: Row) -> Iterator[Any]:
    for key in ("messages", "conversations"):
        if isinstance(row.get(key), list):
            yield from row[key]
            return
    if isinstance(row.get("prompt"), list):
        yield from row["prompt"]
        completion = row.get("completion")
        yield from completion if isinstance(completion, list) else ()


def _turn(message: Any, place: str) -> Turn:
    if not isinstance(message, Mapping):
        raise TaskError("a message is no mapping of role and content", where=place)
    name = str(message.get("role") or message.get("from"))
    if name not in ROLES:
        raise TaskError(f"unknown role {name!r}", where=place, hint=f"allowed: {', '.join(ROLES)}")
    content = message.get("content", message.get("value"))
    if not isinstance(content, str | list):
        raise TaskError(f"the {name}'s message has no content: neither text nor a list of parts", where=place)
    pieces = [content] if isinstance(content, str) else [_piece(part, place) for part in content]
    *first, last = "".join(pieces).split(IMAGE_TAG)
    places: list[int] = []
    for text in first:
        places.append((places[-1] if places else 0) + len(text))
    return Turn(role=ROLES[name], text="".join([*first, last]), image_places=tuple(places))


def _piece(part: Any, place: str) -> str:
    match part:
        case {"type": "image"}:
            return IMAGE_TAG
        case {"type": "text", "text": str(text)} | {"text": str(text)}:
            return text
        case str(text):
            return text
        case _:
            raise TaskError(
                "a part of a message is neither text nor image", where=place, hint="leave sound and video out"
            )


def images_in_turns(row: Row) -> list[tuple[str, Any]]:
    """Images that message parts hold themselves, as a path or bytes, in order, each with where it stands."""
    contents = [message.get("content") for message in _said(row) if isinstance(message, Mapping)]
    parts = [part for content in contents if isinstance(content, list) for part in content if isinstance(part, Mapping)]
    held = [part.get("image") or part.get("path") for part in parts if part.get("type") == "image"]
    return [("message", image) for image in held if image is not None]
