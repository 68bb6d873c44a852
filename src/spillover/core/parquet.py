"""Parquet files that somebody else may have written: a few kilobytes can unpack to a terabyte, so that is bounded.

Content that repeats packs to nothing, and a value that is told once may be meant a billion times.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.compute import call_function

FREE_BYTES = 1 << 30
"""What any Parquet file may unpack to."""
LARGEST_RATIO = 100
"""What a larger one may, to its own size: text packs to a tenth, and images do not pack at all."""
VALUE_BYTES = 8
"""Main memory that a value takes beside its text, or as a number, at most."""


def largest_unpacked(packed: int) -> int:
    """What a file of so many bytes may unpack to, in bytes."""
    return max(FREE_BYTES, LARGEST_RATIO * packed)


def says_too_much(about: pq.FileMetaData, packed: int) -> bool:
    """Whether a file says of itself that it unpacks to more than it could honestly hold.

    Values are counted as well as content: of run lengths, a few bytes may stand for any number of them.

    Args:
        about: what the file's footer says.
        packed: the file's size, bytes.
    """
    groups = [about.row_group(number) for number in range(about.num_row_groups)]
    columns = [(group.column(place), place) for group in groups for place in range(group.num_columns)]
    sizes = [max(VALUE_BYTES, about.schema.column(place).length) for _, place in columns]
    content = sum(column.total_uncompressed_size for column, _ in columns)
    values = sum(column.num_values * size for (column, _), size in zip(columns, sizes, strict=True))
    return content + values > largest_unpacked(packed)


def read_parquet(content: bytes, names: Sequence[str] | None = None) -> pa.Table:
    """Read a whole file, if it unpacks to no more than it could honestly hold.

    Args:
        content: the file's bytes.
        names: the columns that are read, in this order; None reads all.

    Returns:
        A table whose texts are dictionary arrays, so that each stands once in memory however often it is meant. Meant
        as often as they are, they are bounded too: they may be cast to plain ones.

    Raises:
        pyarrow.ArrowException, OSError: it is no whole Parquet file.
        KeyError: a column is not there.
        ValueError: it would unpack to more.
    """
    about = pq.read_metadata(pa.BufferReader(content))
    if says_too_much(about, len(content)):
        raise _bomb()
    leaves = [about.schema.column(place) for place in range(about.num_columns)]
    texts = [leaf.path for leaf in leaves if leaf.physical_type == "BYTE_ARRAY"]
    with pq.ParquetFile(pa.BufferReader(content), read_dictionary=texts) as file:
        # with Arrow's threads (26.0) 2 processes of 102 were aborted at their end, their work done
        table = file.read(columns=None if names is None else list(names), use_threads=False)
    if sum(_text_bytes(chunk) for column in table.columns for chunk in column.chunks) > largest_unpacked(len(content)):
        raise _bomb()
    return table if names is None else table.select(names)


def _text_bytes(values: pa.Array) -> int:
    """What texts take where each is written out as often as it is meant."""
    if pa.types.is_struct(values.type):
        return sum(_text_bytes(child) for child in values.flatten())
    if pa.types.is_nested(values.type):
        return _text_bytes(values.flatten())
    if not pa.types.is_dictionary(values.type):
        return 0
    lengths = call_function("binary_length", [values.dictionary])
    return call_function("sum", [lengths.take(values.indices)]).as_py() or 0


def _bomb() -> ValueError:
    return ValueError("it unpacks to far more than it could honestly hold")
