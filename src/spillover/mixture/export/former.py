"""Removes a former export, so that another takes its place: what it wrote, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from spillover.core.errors import StoreError
from spillover.core.files import read_file
from spillover.core.json_text import parse_json
from spillover.core.keys import hash_file
from spillover.mixture.export.export import MANIFEST, require_empty
from spillover.mixture.export.formats import IMAGES

OURS = re.compile(r"[0-9a-f]{32}\.(png|jpg|webp|img)")
"""How images are called in an export."""


def require_export(folder: Path) -> None:
    """Refuse a folder that holds something else than a former export, as it was written.

    Raises:
        StoreError: it does, or is no folder.
    """
    if folder.exists():
        _find_export(folder)


def remove_export(folder: Path) -> None:
    """Remove what a former export wrote, if there is one.

    Raises:
        StoreError: the folder holds something else, and nothing was removed; or it cannot be written.
    """
    if not folder.exists():
        return
    files = _find_export(folder)
    try:
        for file in files:
            file.unlink()
        if (folder / IMAGES).is_dir():
            (folder / IMAGES).rmdir()
    except OSError as error:
        hint = "give yourself the right to write there, or choose another --out"
        raise StoreError(f"cannot be replaced: {error.strerror}", where=str(folder), hint=hint) from error


def _find_export(folder: Path) -> list[Path]:
    """The files of a former export, its manifest last."""
    if not folder.is_dir() or not any(folder.iterdir()):
        require_empty(folder)
        return []
    try:
        hashes = parse_json(read_file(folder / MANIFEST))["files"]
        written = {str(name): str(digest) for name, digest in hashes.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(
            f"there is no {MANIFEST} that says what a former export wrote",
            where=str(folder),
            hint="choose another --out",
        ) from error
    pictures = [*(folder / IMAGES).iterdir()] if (folder / IMAGES).is_dir() else []
    files = [file for file in folder.iterdir() if file.name not in (MANIFEST, IMAGES)]
    for file in (*files, *pictures):
        ours = OURS.fullmatch(file.name) if file in pictures else _is_unchanged(file, written)
        if not ours or not file.is_file():
            raise StoreError(
                "no export wrote this, or it was changed since",
                where=str(file),
                hint="move it, or choose another --out",
            )
    return [*pictures, *files, folder / MANIFEST]


def _is_unchanged(file: Path, written: Mapping[str, str]) -> bool:
    return file.is_file() and written.get(file.name) == hash_file(file)
