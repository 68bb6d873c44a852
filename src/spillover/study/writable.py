"""Whether a study's folder may be written to: by the system, and without landing in folders that links lead to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from spillover.core.errors import StoreError
from spillover.core.files import is_writable

ADAPTERS = "adapters"
"""Of a study's folder. Whether something in it is a link is asked where an adapter is written: there may be thousands,
and one that is sound is only read."""


def refuse_unwritable(folder: Path) -> None:
    """See, before anything is written or removed, that it may be and that all of it would stay in the study's folder.

    The folder itself may be a link, which is its owner's; one inside it may be somebody else's, who made the folder.

    Raises:
        StoreError: the folder cannot be written, or has a link in the place of a folder.
    """
    if not is_writable(folder):
        hint = "allow it, or choose another folder, output: in a study file"
        raise StoreError("cannot write into the study's folder", where=str(folder), hint=hint)
    if link := next(_links(folder), None):
        raise StoreError(
            "it is a link, and what is written or removed there would be so in the folder that it leads to",
            where=str(link),
            hint="put that folder in its place, or remove the link; a study's whole folder may be a link, and output: "
            "may name one on another disk",
        )


def _links(folder: Path) -> Iterator[Path]:
    for place, folders, _ in os.walk(folder):
        folders.sort()
        yield from (Path(place, name) for name in folders if Path(place, name).is_symlink())
        if Path(place) == folder and ADAPTERS in folders:
            folders.remove(ADAPTERS)
