"""Remembers, by the hash of their bytes, the images that could be decoded: decoding takes fifty times as long as that.

A study's images are all decoded before it is planned; without this, every further command would do so again.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path

import PIL

from spillover.core.errors import StoreError
from spillover.core.files import cache_folder, write_atomically
from spillover.core.prompt import ImageSource

DECODER = 1
"""To be raised where `decode_image` comes to refuse more than it did."""
LARGEST_BYTES = 64_000_000
"""Of the file, a million images; beyond that it is begun anew."""


def check_images(images: Iterable[ImageSource]) -> None:
    """Decode each image, unless the same bytes could be decoded before.

    Raises:
        TaskError: the first that cannot be decoded.
    """
    file = cache_folder() / f"sound-images-{DECODER}-pillow-{PIL.__version__}.txt"
    found: list[str] = []
    try:
        for image in images:
            known, digest = _known(file), image.digest
            if digest not in known:
                image.load()
                known.add(digest)
                found.append(digest)
    finally:  # also where one is broken, or the command is interrupted
        if found:
            _remember(file, found)


@cache
def _known(file: Path) -> set[str]:
    """What the file holds, read once a process, to which is added what this process decodes."""
    try:
        return set(file.read_text(encoding="ascii").split("\n"))
    except (OSError, UnicodeDecodeError):
        return set()


def _remember(file: Path, digests: Iterable[str]) -> None:
    """Append to the file; one that cannot be written costs time alone."""
    text = "".join(f"{digest}\n" for digest in digests)
    with suppress(OSError, StoreError):
        if not file.exists() or file.stat().st_size > LARGEST_BYTES:
            write_atomically(file, text)
        else:
            with file.open("a", encoding="ascii") as stream:
                stream.write(text)
