"""Adapters in a study's folder: PEFT's own files, and beside them `SHA256SUMS`, which `sha256sum -c` reads too.

Safetensors say how long they are, not what is in them: a flipped bit would be another adapter, with other scores.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from spillover.core.errors import StoreError
from spillover.core.files import read_file, write_folder_atomically
from spillover.core.keys import hash_file
from spillover.models.adapter_folder import CONFIG_FILE, WEIGHTS_FILE, adapter_content, adapter_files
from spillover.study.updates import is_whole

SUMS = "SHA256SUMS"
LINE = re.compile(r"([0-9a-f]{64})  (\S+)")
"""A file's sum and its name, as sha256sum writes them."""


def write_adapter(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write an adapter's files and their sums, whole or not at all; one that is there and sound is kept.

    Raises:
        StoreError: the disk is full, the folder cannot be written, or it lies behind a link.
    """
    if is_sound(folder):  # another process was first, whose weights may have been asked already
        return
    _refuse_link(folder)
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items()))
    write_folder_atomically(folder, {**files, SUMS: sums.encode()})


def read_adapter(folder: Path) -> dict[str, bytes]:
    """Read an adapter's files; one that is damaged is removed, so that the next run makes it again.

    Raises:
        StoreError: it is not there, or is not as it was written.
    """
    if not is_sound(folder):
        _refuse_link(folder)
        shutil.rmtree(folder, ignore_errors=True)
        hint = "give the same command again: it is made again"
        raise StoreError("the adapter is missing or damaged", where=str(folder), hint=hint)
    return adapter_files(folder)


def _refuse_link(folder: Path) -> None:
    """See that what is replaced or removed is the study's own: a folder of somebody else's may lead to one's home."""
    if link := next((place for place in (folder, folder.parent) if place.is_symlink()), None):
        hint = "remove the link, or replace it by what it leads to"
        raise StoreError("the adapter is damaged or missing, and lies behind a link", where=str(link), hint=hint)


def is_there(folder: Path) -> bool:
    """Whether an adapter is there and its weights are as long as they say: read off the beginning of the file alone."""
    try:
        return (folder / CONFIG_FILE).is_file() and is_whole(folder / WEIGHTS_FILE)
    except OSError:
        return False


def is_sound(folder: Path) -> bool:
    """Whether an adapter is there, and both files as they were written, of which every byte is read.

    Of a folder without sums, as earlier versions wrote them, the last is taken on trust.
    """
    try:
        return is_there(folder) and _fits_its_sums(folder)
    except (OSError, UnicodeDecodeError):
        return False


def _fits_its_sums(folder: Path) -> bool:
    if not os.path.lexists(folder / SUMS):
        return True
    written = {name: digest for digest, name in LINE.findall(read_file(folder / SUMS).decode("ascii"))}
    return all(written.get(name) == hash_file(folder / name) for name in (CONFIG_FILE, WEIGHTS_FILE))


def copy_given(given: Path, content: str | None, folder: Path) -> None:
    """Copy an adapter that was trained elsewhere.

    Args:
        given: its folder.
        content: hash of its files when the study was planned.
        folder: where the study keeps it.

    Raises:
        StoreError: it cannot be read, has changed since, the disk is full or the folder cannot be written.
    """
    try:
        files = adapter_files(given)
    except OSError as error:
        raise StoreError(f"cannot read the adapter: {error.strerror}", where=str(given)) from error
    if adapter_content(files) != content:
        hint = "give the same command again, once nothing writes there any more"
        raise StoreError("the adapter has changed since the study was planned", where=str(given), hint=hint)
    write_adapter(folder, files)
