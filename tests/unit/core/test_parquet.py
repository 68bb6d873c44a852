"""Parquet files of a few kilobytes that would fill the memory."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spillover.core.parquet import read_parquet

ROWS = 100_000
FREE = 1 << 24


@pytest.fixture(autouse=True)
def _small_bombs(monkeypatch):
    monkeypatch.setattr("spillover.core.parquet.FREE_BYTES", FREE)


def pack(column):
    stream = io.BytesIO()
    pq.write_table(pa.table({"c": column}), stream, compression="zstd")
    return stream.getvalue()


def repeated(text, rows=ROWS):
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), [text])


BOMBS = {
    "a text that is meant again and again": lambda: repeated("x" * 10_000),
    "bytes that are": lambda: repeated(b"x" * 10_000),
    "a text of one list": lambda: pa.ListArray.from_arrays(pa.array([0, ROWS], pa.int32()), repeated("x" * 10_000)),
    "of one long list": lambda: pa.LargeListArray.from_arrays(pa.array([0, ROWS], pa.int64()), repeated("x" * 10_000)),
    "of a part": lambda: pa.StructArray.from_arrays([repeated("x" * 10_000)], ["part"]),
    "texts of nothing": lambda: pa.array(["\0" * 10_000 + str(number) for number in range(2000)]),
    "one number again and again": lambda: pa.array(np.zeros(4_000_000, np.int8)),
    "numbers of one list": lambda: pa.array([np.zeros(4_000_000, np.int8)]),
    "nothing again and again": lambda: pa.nulls(4_000_000, pa.string()),
}


@pytest.mark.parametrize("name", BOMBS)
def test_parquet_that_unpacks_without_end_is_refused_in_little_memory(name):
    content = pack(BOMBS[name]())
    assert len(content) < 40_000
    most = pa.default_memory_pool().max_memory()
    with pytest.raises(ValueError, match="far more than it could honestly hold"):
        read_parquet(content)
    assert pa.default_memory_pool().max_memory() - most < FREE


def test_what_is_honest_is_read():
    """Half a million options, which are four texts, and as many names, which are all different."""
    options = pa.array([["(A)", "(B)", "(C)", "(D)"]] * ROWS)
    stream = io.BytesIO()
    given = pa.table({"options": options, "example": pa.array(map(str, range(ROWS)))})
    pq.write_table(given, stream, compression="zstd")
    names = ["example", "options"]
    assert read_parquet(stream.getvalue(), names).cast(given.select(names).schema).equals(given.select(names))


def test_what_packs_well_is_read_where_it_is_large():
    noise = np.random.default_rng(0).bytes(400_000)
    assert len(read_parquet(pack(repeated(noise, 60)))) == 60, "sixty times itself, and more than any may unpack to"


def test_a_column_that_is_not_there_is_told():
    with pytest.raises(KeyError, match="gone"):
        read_parquet(pack(repeated("x")), ["c", "gone"])
