"""The first sheet of an Excel workbook as rows of text.

A workbook is a zip of XML files; the few parts that tables use are read here directly, with expat, which is fed piece
by piece. Documents that declare entities are refused: no table needs them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from xml.parsers import expat

from spillover.core.errors import ImportFileError
from spillover.interop.archive import Archive
from spillover.interop.json_text import clean_text

SHARED = "xl/sharedStrings.xml"
SHEET = re.compile(r"xl/worksheets/sheet(\d{1,6})\.xml")
SAVE_AGAIN = "open it and save it anew, or as .csv, and give that"
MOST_COLUMNS = 16_384
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


def read_workbook(path: Path) -> Iterator[list[str]]:
    """Read the rows of the first sheet; empty cells are "", numbers are as they are written.

    Raises:
        ImportFileError: the file is no workbook, or is broken.
    """
    archive = Archive(path)
    sheets = sorted((int(match[1]), name) for name in archive.names if (match := SHEET.fullmatch(name)))
    if not sheets:
        raise ImportFileError("the file is no Excel workbook: it has no sheet", where=str(path), hint=SAVE_AGAIN)
    shared: list[str] = []
    if SHARED in archive:
        for _ in _parse(archive, SHARED, texts := _SharedTexts(), path):
            pass
        shared = texts.texts
    sheet = _Sheet(shared, str(path))
    for _ in _parse(archive, sheets[0][1], sheet, path):
        yield from sheet.rows
        sheet.rows.clear()
    yield from sheet.rows


class _SharedTexts:
    """Collects the texts that cells refer to by number."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._parts: list[str] = []
        self._inside = self._aside = False

    def start(self, name: str, _: dict[str, str]) -> None:
        self._aside = self._aside or name == "rPh"  # how Japanese is read aloud, no part of the text
        self._inside = name == "t" and not self._aside
        if name == "si":
            self._parts = []

    def end(self, name: str) -> None:
        self._inside = False
        if name == "rPh":
            self._aside = False
        if name == "si":
            self.texts.append(_unescape("".join(self._parts)))

    def text(self, data: str) -> None:
        if self._inside:
            self._parts.append(data)


class _Sheet:
    """Collects the rows of a sheet."""

    def __init__(self, shared: list[str], where: str) -> None:
        self.rows: list[list[str]] = []
        self._shared = shared
        self._where = where
        self._row: list[str] = []
        self._column = 0
        self._type = ""
        self._parts: list[str] = []
        self._inside = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._inside = name in ("v", "t")
        if name == "row":
            self._row = []
        elif name == "c":
            self._column = self._place(attributes.get("r", ""))
            self._type = attributes.get("t", "n")
            self._parts = []

    def end(self, name: str) -> None:
        self._inside = False
        if name == "c":
            self._row += [""] * (self._column - len(self._row))
            self._row.append(self._value("".join(self._parts)))
        elif name == "row":
            self.rows.append(self._row)

    def text(self, data: str) -> None:
        if self._inside:
            self._parts.append(data)

    def _place(self, reference: str) -> int:
        letters = re.match(r"[A-Z]{1,3}", reference)
        if letters is None:
            return len(self._row)
        column = 0
        for letter in letters[0]:
            column = column * 26 + ord(letter) - ord("A") + 1
        if column > MOST_COLUMNS or column - 1 < len(self._row):
            raise ImportFileError(
                f"the cell {reference[:12]} stands where no cell can stand", where=self._where, hint=SAVE_AGAIN
            )
        return column - 1

    def _value(self, text: str) -> str:
        if self._type == "e":
            return ""
        if self._type != "s":
            return text if self._type == "n" else _unescape(text)
        if not (text.isdecimal() and len(text) < 9 and int(text) < len(self._shared)):
            raise ImportFileError(
                f"a cell refers to the text {text[:20]!r}, which is not there", where=self._where, hint=SAVE_AGAIN
            )
        return self._shared[int(text)]


def _unescape(text: str) -> str:
    return clean_text(ESCAPED.sub(lambda match: chr(int(match[1], 16)), text))


def _parse(archive: Archive, name: str, handler: _SharedTexts | _Sheet, path: Path) -> Iterator[None]:
    where = f"{path}, {name}"
    parser = expat.ParserCreate(namespace_separator=None)
    parser.buffer_text = True

    def refuse(*_: object) -> None:
        raise ImportFileError("the XML declares a document type, which no table needs", where=where, hint=SAVE_AGAIN)

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = lambda tag, attributes: handler.start(tag.rpartition(":")[2], attributes)
    parser.EndElementHandler = lambda tag: handler.end(tag.rpartition(":")[2])
    parser.CharacterDataHandler = handler.text
    try:
        for piece in archive.pieces(name):
            parser.Parse(piece)
            yield
        parser.Parse(b"", True)  # noqa: FBT003 (expat takes it by place alone)
    except (expat.ExpatError, ValueError) as error:
        raise ImportFileError(f"the XML is broken: {error}", where=where, hint=SAVE_AGAIN) from error
