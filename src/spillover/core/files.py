"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import fnmatch
import io
import os
import shutil
import stat
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from spillover.core.errors import StoreError

DEAD_AFTER_S = 600.0
"""Writing one file takes seconds; after so long without a byte its writer is gone."""

FULL = (errno.ENOSPC, errno.EDQUOT)
"""Refusals that free space would heal."""
REFUSALS = {
    errno.EACCES: "have yourself given the right to it, or choose another place",
    errno.EPERM: "have yourself given the right to it, or choose another place",
    errno.ENAMETOOLONG: "most file systems allow names of 255 bytes, and paths of 4,096",
    errno.EIO: "its disk, or the way to it, may be broken",
    errno.ESTALE: "its disk is not what it was: mount it again",
    **dict.fromkeys(FULL, "free some space, or choose another place"),
}
"""What the operating system may say of any file, whatever is asked of it, and what to do."""
LONGEST_SHOWN = 200
"""Characters of a path that are shown, at most."""


def read_file(path: Path) -> bytes:
    """Read a whole file, and nothing that has no end: a folder of somebody else's may hold pipes, or links to devices.

    Raises:
        OSError: it cannot be read, or is no file.
    """
    if stat.S_ISDIR(mode := path.stat().st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is a pipe or a device, no file", str(path))
    return path.read_bytes()


def read_text(path: Path) -> str:
    """Read a whole text file as `read_file` does, each of its lines ended by a line feed.

    Raises:
        OSError: it cannot be read, or is no file.
        UnicodeDecodeError: it is not UTF-8.
    """
    return io.TextIOWrapper(io.BytesIO(read_file(path)), encoding="utf-8").read()


def write_atomically(path: Path, content: bytes | str, *, durable: bool = True) -> None:
    """Write a file beside its place, flush it to disk, then rename it: a killed process leaves nothing half.

    Args:
        path: where it will stand.
        content: what is in it.
        durable: flush it, so that a machine that stops leaves nothing half either; slow for many small files.

    Raises:
        StoreError: the disk is full or the folder cannot be written.
    """
    data = content.encode() if isinstance(content, str) else content
    beside = path.with_name(f".{path.name}.{uuid4().hex[:8]}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if durable:
            _write_through(beside, data)
        else:
            beside.write_bytes(data)
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):  # where nothing can be written, nothing can be removed either
            beside.unlink(missing_ok=True)
        raise unwritable(path, error) from error


def write_once(path: Path, content: bytes | str) -> bool:
    """Write a file as `write_atomically` does, unless it is there: of several writers at once the first has written it.

    Where a file system has no hard links the last has, as with `write_atomically`.

    Returns:
        Whether it was written.

    Raises:
        StoreError: the disk is full or the folder cannot be written.
    """
    beside = path.with_name(f".{path.name}.{uuid4().hex[:8]}.part")
    write_atomically(beside, content)
    try:
        path.hardlink_to(beside)
    except FileExistsError:
        return False
    except OSError:  # there are no hard links here
        beside.replace(path)
        return True
    finally:
        beside.unlink(missing_ok=True)
    return True


@contextmanager
def written_together() -> Generator[Callable[[Path, bytes | str], None]]:
    """Give a function that writes files, which appear at the end, one after another: none where an error comes before.

    Raises:
        StoreError: the disk is full or a folder cannot be written.
    """
    written: dict[Path, Path] = {}

    def write(path: Path, content: bytes | str) -> None:
        beside = written.setdefault(path, path.with_name(f".{path.name}.{uuid4().hex[:8]}.part"))
        write_atomically(beside, content)

    try:
        yield write
        for path, beside in written.items():
            try:
                beside.replace(path)
            except OSError as error:
                raise unwritable(path, error) from error
    finally:
        for beside in written.values():
            with suppress(OSError):  # most often it is in its place
                beside.unlink(missing_ok=True)


def write_folder_atomically(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write a folder of files beside its place, then rename it.

    An existing folder is kept, same key, same content, unless a file in it is missing or is another.

    Args:
        folder: where it will stand.
        files: plain file names and their bytes.

    Raises:
        StoreError: a name is a path, the disk is full or the folder cannot be written.
    """
    for name in files:
        if not name or Path(name).name != name:
            raise StoreError(f"{name!r} is not a plain file name", where=str(folder))
    if folder.exists():
        if _holds(folder, files):
            return
        shutil.rmtree(folder, ignore_errors=True)
    beside = folder.with_name(f".{folder.name}.{uuid4().hex[:8]}.part")
    try:
        beside.mkdir(parents=True)
        for name, data in files.items():
            _write_through(beside / name, data)
        beside.replace(folder)
    except OSError as error:
        shutil.rmtree(beside, ignore_errors=True)
        if not folder.exists():  # another driver may have put the same content there first
            raise unwritable(folder, error) from error


def _holds(folder: Path, files: Mapping[str, bytes]) -> bool:
    """Whether a folder has these files, and they hold this."""
    try:
        return all(read_file(folder / name) == content for name, content in files.items())
    except OSError:  # missing, or no longer readable
        return False


def cache_folder() -> Path:
    """Where things are kept that can be made again: SPILLOVER_CACHE, or else `spillover` in the user's cache folder."""
    if own := os.environ.get("SPILLOVER_CACHE"):
        return Path(own).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "spillover"


def remove(path: Path) -> None:
    """Remove a file, or leave it be where there is none.

    Raises:
        StoreError: the folder cannot be written.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(path, error) from error


def is_writable(folder: Path) -> bool:
    """Whether files can be put into a folder; of one that is not there, whether it can be made."""
    there = existing(folder)
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def existing(path: Path) -> Path:
    """A path, or the nearest place above it that is there."""
    return next(place for place in (path.absolute(), *path.absolute().parents) if place.exists())


def sweep(folder: Path) -> None:
    """Remove what killed processes left half written, anywhere below a folder.

    Only what nobody has written to for `DEAD_AFTER_S`: another process may be writing beside this one.
    """
    for place, folders, files in os.walk(folder):
        for name in fnmatch.filter([*folders, *files], ".*.part"):
            part = Path(place, name)
            with suppress(OSError):  # another process may sweep too; what stays does no harm
                if is_abandoned(part):
                    shutil.rmtree(part) if part.is_dir() else part.unlink()


def is_abandoned(path: Path) -> bool:
    """Whether nobody has written to a file or folder for `DEAD_AFTER_S`.

    Raises:
        OSError: it is not there any more.
    """
    return time.time() - path.lstat().st_mtime > DEAD_AFTER_S


def unwritable(path: Path, error: OSError) -> StoreError:
    """Turn an operating system's refusal to write into advice."""
    advice = "free some space or choose another folder" if error.errno in FULL else "choose another folder"
    return StoreError(
        f"cannot write {path.name}: {error.strerror or error}",
        where=str(path.parent),
        hint=f"{advice}; what was finished before is kept",
    )


def refusal(error: OSError) -> StoreError | None:
    """Turn an operating system's refusal that was not foreseen where it was met into advice.

    Returns:
        None where it names no file, or says what may be a fault of ours, as that there is none.

    >>> print(refusal(PermissionError(errno.EACCES, "Permission denied", "/secret/study.yaml")))
    /secret/study.yaml: Permission denied
      have yourself given the right to it, or choose another place
    >>> refusal(FileNotFoundError(errno.ENOENT, "No such file or directory", "a")) is None
    True
    """
    if error.filename is None or error.errno not in REFUSALS:
        return None
    place = str(error.filename)
    where = place if len(place) <= LONGEST_SHOWN else f"{place[:LONGEST_SHOWN]}…"
    return StoreError(str(error.strerror), where=where, hint=REFUSALS[error.errno])


def _write_through(path: Path, data: bytes) -> None:
    with path.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
