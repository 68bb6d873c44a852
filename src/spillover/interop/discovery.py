"""Which files under a path are results, and of which format."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from spillover.core.errors import ImportFileError, nearest
from spillover.core.file_names import STUDY_FILE
from spillover.core.published import PGFTable
from spillover.interop.accuracy_table import FIRST, TABLES, AccuracyTables
from spillover.interop.blink_answers import BlinkAnswers
from spillover.interop.found import FoundRun, Reader, ReadingOptions
from spillover.interop.inspect_logs import InspectLogs
from spillover.interop.lm_eval import LmEval
from spillover.interop.lmms_eval import LmmsEval
from spillover.interop.mistaken import refuse_part, what_is_wrong
from spillover.interop.pgf_table import PGFTables
from spillover.interop.table_columns import NEEDED, OPTIONAL
from spillover.interop.table_rows import read_header
from spillover.interop.vlmevalkit import VLMEvalKit

TABLE = AccuracyTables()
READERS: tuple[Reader, ...] = (
    *(PGFTables(), TABLE, BlinkAnswers(), LmmsEval(), LmEval(), VLMEvalKit(), InspectLogs()),
)
"""All formats that can be read."""
FORMATS = tuple(reader.name for reader in READERS)
NO_RESULTS = frozenset({"status.json"})
"""Files that evaluation tools write beside their results; passed over without a word."""
MOST_FILES = 100_000
LISTED = 10
NO_FORMAT = "the file is of no format that is recognised"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What lies under some paths."""

    runs: tuple[FoundRun, ...]
    tables: tuple[PGFTable, ...]
    passed_over: tuple[str, ...]
    """Files in folders that are no results, with what is wrong where they seem to be."""


def find_results(paths: Sequence[Path], options: ReadingOptions | None = None, format_name: str | None = None) -> Found:
    """Find every run and table under paths.

    Args:
        paths: files, or folders that are searched to the bottom (links to folders are not followed).
        options: what the files do not say themselves.
        format_name: one of `FORMATS`; else each file's is recognised by itself.

    Raises:
        ImportFileError: nothing is found, a file could be of two formats, or is broken.
    """
    options = options or ReadingOptions()
    readers = READERS if format_name is None else (find_reader(format_name),)
    taken: dict[str, list[Path]] = {reader.name: [] for reader in readers}
    passed_over: list[str] = []
    for file, is_named in _files(paths):
        if is_named and format_name is not None:
            taken[format_name].append(file)
            continue
        name = _recognise(file, readers, passed_over, options.bases if is_named else None)
        if name is not None:
            taken[name].append(file)
    found = [each for reader in readers if taken[reader.name] for each in reader.find(taken[reader.name], options)]
    if not found:
        raise _nothing(paths, passed_over)
    return Found(
        runs=tuple(each for each in found if isinstance(each, FoundRun)),
        tables=tuple(each for each in found if isinstance(each, PGFTable)),
        passed_over=tuple(passed_over),
    )


def find_reader(name: str) -> Reader:
    """Find the reader of a format.

    Raises:
        ImportFileError: there is none of that name.
    """
    for reader in READERS:
        if reader.name == name:
            return reader
    raise ImportFileError(f"unknown format {name!r}; {nearest(name, FORMATS)}", where="--format")


def _files(paths: Sequence[Path]) -> Iterator[tuple[Path, bool]]:
    """Every file once, and whether it was named itself."""
    seen: set[Path] = set()
    for path in paths:
        if not path.exists():
            raise ImportFileError("there is no such file or folder", where=str(path))
        if (path / STUDY_FILE).is_file():
            hint = "analyze, report and mix read it as it is"
            raise ImportFileError("the folder is a study already", where=str(path), hint=hint)
        refuse_part(path)
        for file in _walk(path) if path.is_dir() else [path]:
            if (real := file.resolve()) in seen:
                continue
            seen.add(real)
            if len(seen) > MOST_FILES:
                raise ImportFileError(f"more than {MOST_FILES} files lie here", where=str(path), hint="name a folder")
            yield file, file is path


def _walk(folder: Path) -> Iterator[Path]:
    """Every file below, but hidden ones, what Office locks, what is never results, and folders of studies of ours."""
    for place, folders, names in os.walk(folder):
        visible = sorted(name for name in folders if not name.startswith("."))
        folders[:] = [name for name in visible if not Path(place, name, STUDY_FILE).is_file()]
        yield from (
            Path(place, name)
            for name in sorted(names)
            if not name.startswith((".", "~$")) and name not in NO_RESULTS and Path(place, name).is_file()
        )


def _recognise(
    file: Path, readers: Sequence[Reader], passed_over: list[str], bases: Sequence[str] | None
) -> str | None:
    """The format of a file; bases are given where it was named itself, and is more surely somebody's results."""
    claiming: list[str] = []
    fault = what_is_wrong(file)
    for reader in () if fault else readers:
        try:
            if reader.claims(file):
                claiming.append(reader.name)
        except ImportFileError as error:
            fault = error
    if len(claiming) > 1:
        hint = f"say which: --format {claiming[0]}"
        raise ImportFileError(f"the file could be of {' or '.join(claiming)}", where=str(file), hint=hint)
    if claiming:
        return claiming[0]
    if bases is not None:
        if fault is None and TABLE.fits(file, bases):
            return TABLE.name
        hint = f"formats: {', '.join(FORMATS)}; force one with --format"
        raise fault or _columns(file) or ImportFileError(NO_FORMAT, where=str(file), hint=hint)
    passed_over.append(f"{file}: {fault.message}" if fault else str(file))
    return None


def _columns(file: Path) -> ImportFileError | None:
    """What a table lacks to be recognised."""
    if file.suffix not in TABLES or not (header := [name for name in read_header(file) if name]):
        return None
    hint = (
        f"a long table has the columns {', '.join(NEEDED)} (and {', '.join(OPTIONAL)}), a wide one a first column "
        f"called {', '.join(sorted(FIRST - {''}))}, a column a task and a row called base, or named by --base ROW"
    )
    return ImportFileError(f"{NO_FORMAT}: its columns are {', '.join(header)[:500]}", where=str(file), hint=hint)


def _nothing(paths: Sequence[Path], passed_over: list[str]) -> ImportFileError:
    shown = passed_over[:LISTED] + ([f"… and {len(passed_over) - LISTED} more"] if len(passed_over) > LISTED else [])
    listing = "".join(f"\n  not recognised: {line}" for line in shown)
    return ImportFileError(
        f"there are no results here{listing}",
        where=", ".join(str(path) for path in paths),
        hint=f"formats: {', '.join(FORMATS)}; or the folder of a study",
    )
