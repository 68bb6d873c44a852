"""What the files of finished jobs say of themselves, without opening those that stand as they stood.

Every command asks for it, and reading and hashing thousands of files takes seconds. So drivers write down what was
read, with each file's size and time of change, in the study's folder. Nothing depends on that: a file that has another
size or time is read, and so are all where nothing was written down.
"""

from __future__ import annotations

import stat
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from spillover.core.errors import StoreError
from spillover.core.files import read_file, write_atomically
from spillover.study.kept import Kept, read_kept
from spillover.study.plan import Asked

JOB_ROOMS = ("logs", "scores")
"""Where files of finished jobs are."""
CATALOGUE = "catalogue.json"
SCHEMA = 1
"""Raised whenever a catalogue is laid out otherwise: one of another schema is written anew."""
SETTLED_NS = 2_000_000_000
"""A file that changed so shortly ago is not written down: where clocks are coarse (FAT's has steps of 2 s), it could
change once more and keep its time."""
READERS = 8
"""Files that are opened at once: on a disk that is reached over a network, opening takes longer than reading."""
AT_ONCE = 64
"""Files that a reader is given at a time: most are not opened."""
REMEMBERED = 16_384
"""Files whose content a process remembers: more than most studies have; a process may live long and see many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    changed_ns: int
    size: int
    label: str
    asked: Asked
    targets: int
    """Which of the catalogue's lists of target keys."""
    duration_s: float
    versions: int
    """Which of the catalogue's versions of packages."""
    finished: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Catalogue:
    schema: int
    targets: tuple[tuple[str, ...], ...]
    """Target keys, each list once: all models are asked the same."""
    versions: tuple[Mapping[str, str], ...]
    files: Mapping[str, _Entry]
    """By room and name."""


_ADAPTER = TypeAdapter(_Catalogue)

_State = tuple[int, int]
"""A file's time of change, in ns, and its size."""


def read_room(folder: Path, room: str) -> Iterator[Kept]:
    """What each file of one of `JOB_ROOMS` says of itself; those that are damaged are passed over."""
    return (kept for _, _, kept in _look(folder, room))


def write_catalogue(folder: Path) -> None:
    """Write down what a study's files say of themselves; where nothing can be written, they are read again later."""
    settled_before = time.time_ns() - SETTLED_NS
    targets: dict[tuple[str, ...], int] = {}
    versions: dict[tuple[tuple[str, str], ...], int] = {}
    files: dict[str, _Entry] = {}
    for room in JOB_ROOMS:
        for name, (changed_ns, size), kept in _look(folder, room):
            if changed_ns < settled_before:
                files[name] = _Entry(
                    changed_ns=changed_ns,
                    size=size,
                    label=kept.label,
                    asked=kept.asked,
                    targets=targets.setdefault(kept.target_keys, len(targets)),
                    duration_s=kept.duration_s,
                    versions=versions.setdefault(tuple(kept.versions.items()), len(versions)),
                    finished=kept.finished,
                )
    catalogue = _Catalogue(
        schema=SCHEMA, targets=tuple(targets), versions=tuple(dict(pairs) for pairs in versions), files=files
    )
    if catalogue != _written(folder):
        with suppress(StoreError):
            write_atomically(folder / CATALOGUE, _ADAPTER.dump_json(catalogue))


def _look(folder: Path, room: str) -> Iterator[tuple[str, _State, Kept]]:
    catalogue = _written(folder)

    def look(files: list[Path]) -> list[tuple[str, _State, Kept]]:
        states = ((file, f"{room}/{file.name}", _state(file)) for file in files)
        found = ((name, state, _kept(file, name, state, catalogue)) for file, name, state in states if state)
        return [(name, state, kept) for name, state, kept in found if kept is not None]

    files = sorted((folder / room).glob("*.parquet"))
    parts = [files[place : place + AT_ONCE] for place in range(0, len(files), AT_ONCE)]
    with ThreadPoolExecutor(READERS) as pool:
        yield from chain.from_iterable(pool.map(look, parts))


def _state(file: Path) -> _State | None:
    """When a file changed, and its size; None where it is gone, or is a pipe or a device, which may have no end."""
    try:
        found = file.stat()
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size) if stat.S_ISREG(found.st_mode) else None


def _kept(file: Path, name: str, state: _State, catalogue: _Catalogue | None) -> Kept | None:
    entry = catalogue.files.get(name) if catalogue else None
    if catalogue is None or entry is None or (entry.changed_ns, entry.size) != state:
        return _read(file, state)
    return Kept(
        file=file,
        label=entry.label,
        asked=entry.asked,
        target_keys=catalogue.targets[entry.targets],
        duration_s=entry.duration_s,
        versions=catalogue.versions[entry.versions],
        finished=entry.finished,
    )


@lru_cache(maxsize=REMEMBERED)
def _read(file: Path, _state: _State) -> Kept | None:
    """Open a file once a process while it stands as it stood: a command asks for it several times."""
    return read_kept(file)


def _written(folder: Path) -> _Catalogue | None:
    file = folder / CATALOGUE
    state = _state(file)
    return None if state is None else _parse(file, state)


@lru_cache(maxsize=8)
def _parse(file: Path, _state: _State) -> _Catalogue | None:
    """Read what was written down; None where it is damaged, or of another version."""
    try:
        found = _ADAPTER.validate_json(read_file(file))
    except (OSError, ValidationError):
        return None
    places = [(entry.targets, entry.versions) for entry in found.files.values()]
    inside = all(0 <= first < len(found.targets) and 0 <= second < len(found.versions) for first, second in places)
    if found.schema != SCHEMA or not inside:
        return None
    return replace(found, targets=tuple(tuple(map(sys.intern, keys)) for keys in found.targets))
