"""Contact sheets: what a task's examples look like, with their questions, options and right answers."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo

from spillover.core.errors import StoreError
from spillover.core.files import write_atomically
from spillover.tasks.task import Example

GAP = 8
LINE = 13
CHARACTER = 6.0
"""Pixels between the pictures, per line of text and, about, per character."""

WRITTEN_WITH, OURS = "Software", "spillover"
"""What a sheet's file says of itself, so that it is told from any other picture."""

PAPER, INK, RIGHT = "white", "#222222", "#0a7a2f"


def contact_sheet(
    examples: Sequence[Example], *, columns: int = 3, side: int = 128, largest: int = 1024
) -> Image.Image:
    """Lay out examples on one picture: images, question, options, the right one in green marked so.

    Args:
        examples: at least one.
        columns: examples a row.
        side: smaller images are enlarged to about so many pixels, without smoothing.
        largest: larger images are scaled down to so many pixels; those between are kept.

    Returns:
        An RGB picture.
    """
    cards = [_card(example, side, largest) for example in examples]
    width, height = max(card.width for card in cards), max(card.height for card in cards)
    rows = -(-len(cards) // columns)
    columns = min(columns, len(cards))
    sheet = Image.new("RGB", (columns * (width + GAP) + GAP, rows * (height + GAP) + GAP), PAPER)
    for index, card in enumerate(cards):
        sheet.paste(card, (GAP + index % columns * (width + GAP), GAP + index // columns * (height + GAP)))
    return sheet


def write_sheet(sheet: Image.Image, file: Path) -> None:
    """Write a contact sheet as PNG; what is there is replaced (see `require_sheet`).

    Raises:
        StoreError: the file cannot be written.
    """
    about, stream = PngInfo(), io.BytesIO()
    about.add_text(WRITTEN_WITH, OURS)
    sheet.save(stream, format="PNG", compress_level=1, pnginfo=about)
    write_atomically(file, stream.getvalue())


def require_sheet(file: Path, hint: str) -> None:
    """Refuse a place where something else than a former sheet is: those are soon drawn again, and nobody makes them.

    Raises:
        StoreError: there is; with the hint.
    """
    if file.exists() and not _is_sheet(file):
        raise StoreError("spillover did not draw this picture", where=str(file), hint=hint)


def _is_sheet(file: Path) -> bool:
    try:
        with Image.open(file, formats=("PNG",)) as picture:
            return picture.info.get(WRITTEN_WITH) == OURS
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError):
        return False


def _card(example: Example, side: int, largest: int) -> Image.Image:
    pictures = [image.load() for image in example.images]
    for picture in pictures:
        picture.thumbnail((largest, largest))
    scale = max(1, round(side / max((max(picture.size) for picture in pictures), default=side)))
    pictures = [picture.resize((picture.width * scale, picture.height * scale), 0) for picture in pictures]
    width = max(sum(picture.width + GAP for picture in pictures), 2 * side)
    height = max((picture.height for picture in pictures), default=0)
    lines = [
        (line, option == example.answer)
        for option, text in _entries(example)
        for line in textwrap.wrap(text, int(width / CHARACTER))
    ]
    card = Image.new("RGB", (width, height + 4 + LINE * len(lines)), PAPER)
    left = 0
    for picture in pictures:
        card.paste(picture, (left, 0))
        left += picture.width + GAP
    pen, font = ImageDraw.Draw(card), ImageFont.load_default(11)
    for index, (line, is_right) in enumerate(lines):
        pen.text((0, height + 2 + LINE * index), line, fill=RIGHT if is_right else INK, font=font)
    return card


def _entries(example: Example) -> list[tuple[str, str]]:
    """The text's lines, each with the option that it shows, or an empty string."""
    entries = [("", line) for line in example.prompt.split("\n")[: -len(example.choices) or None]]
    for option, choice in zip(example.options, example.choices, strict=True):
        arrow = " <- right" if option == example.answer else ""
        entries.append((option, f"{option} {choice}{arrow}"))
    if not example.options:
        entries.append((example.answer, example.answer))
    return entries
