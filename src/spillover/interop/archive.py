"""Zip archives that others wrote (`.eval`, `.xlsx`), read member by member with bounds.

Members' names are compared and shown, never used as paths; nothing is unpacked to disk.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from spillover.core.errors import ImportFileError
from spillover.interop.json_text import COPY_AGAIN, clean_text

LARGEST_MEMBER = 256 << 20
FREE_TOTAL = 1 << 30
"""Bytes that an archive may always hold, unpacked."""
LARGEST_RATIO = 500
"""Beyond that, unpacked bytes may be at most this many times the archive's own."""
PIECE = 1 << 20
FAULTS = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError),
    *(NotImplementedError, OverflowError, pa.ArrowException),
)
"""What zipfile and the decompressors raise over broken archives."""


class Archive:
    """A zip archive, opened for reading.

    Args:
        path: the file.

    Raises:
        ImportFileError: it is no zip archive, holds more than it could honestly hold, or its members overlap.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._left = max(FREE_TOTAL, LARGEST_RATIO * _size(path))
        try:
            with zipfile.ZipFile(path) as archive:
                self._members = {member.filename: member for member in archive.infolist()}
        except FAULTS as error:
            raise ImportFileError(
                f"no readable zip archive: {_reason(error)}", where=str(path), hint=COPY_AGAIN
            ) from error
        declared = sum(member.file_size for member in self._members.values())
        packed = sum(member.compress_size for member in self._members.values())
        if declared > self._left or packed > _size(path):
            raise self._bomb()

    @property
    def names(self) -> list[str]:
        """The members' names, as the archive has them."""
        return list(self._members)

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def read(self, name: str) -> bytes:
        """Unpack one member into memory.

        Raises:
            ImportFileError: it is broken, encrypted, or larger than is allowed.
        """
        return b"".join(self.pieces(name))

    def pieces(self, name: str) -> Iterator[bytes]:
        """Unpack one member piece by piece, with the same errors as `read`."""
        member, seen, checksum = self._members[name], 0, 0
        where = f"{self._path}, {clean_text(name)[:200]}"
        try:
            for piece in self._unpack(member):
                seen += len(piece)
                self._left -= len(piece)
                if seen > LARGEST_MEMBER or self._left < 0:
                    raise self._bomb()
                checksum = zlib.crc32(piece, checksum)
                yield piece
        except FAULTS as error:
            raise ImportFileError(
                f"the member cannot be unpacked: {_reason(error)}", where=where, hint=COPY_AGAIN
            ) from error
        if checksum != member.CRC:
            raise ImportFileError("the member is damaged: its checksum differs", where=where, hint=COPY_AGAIN)

    def _unpack(self, member: zipfile.ZipInfo) -> Iterator[bytes]:
        packed = self._packed(member)
        match member.compress_type:
            case zipfile.ZIP_STORED:
                yield packed
            case zipfile.ZIP_DEFLATED:
                inflate = zlib.decompressobj(-zlib.MAX_WBITS)
                while packed:
                    yield inflate.decompress(packed, PIECE)
                    packed = inflate.unconsumed_tail
                yield inflate.flush()
            case 93:  # Zstandard, which inspect_ai writes and Python reads from 3.14 on
                with pa.CompressedInputStream(pa.BufferReader(packed), "zstd") as stream:
                    while piece := stream.read(PIECE):
                        yield piece
            case other:
                raise zipfile.BadZipFile(f"packed by the method {other}, which no known tool uses here")

    def _packed(self, member: zipfile.ZipInfo) -> bytes:
        if member.compress_size > LARGEST_MEMBER:
            raise self._bomb()
        with self._path.open("rb") as stream:
            stream.seek(member.header_offset)
            header = stream.read(30)
            signature, flags, name, extra = struct.unpack("<4s2xH18xHH", header)
            if signature != b"PK\x03\x04" or flags & 1:
                raise zipfile.BadZipFile("encrypted, or no member where one should be")
            stream.seek(name + extra, 1)
            return stream.read(member.compress_size)

    def _bomb(self) -> ImportFileError:
        return ImportFileError(
            "the archive unpacks to far more than it could honestly hold", where=str(self._path), hint="it is not read"
        )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _reason(error: BaseException) -> str:
    return clean_text(str(error))[:200] or type(error).__name__
