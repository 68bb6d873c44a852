"""Archives of others: bombs, tricks and damage end in a clear error."""

from __future__ import annotations

import io
import tracemalloc
import zipfile

import pytest
from tests.contracts.result_files import write_inspect, zip_archive, zstandard_zip

from spillover.core.errors import ImportFileError
from spillover.interop import archive as module
from spillover.interop.archive import Archive
from spillover.interop.discovery import find_results
from spillover.interop.workbook import read_workbook


@pytest.fixture
def keep(tmp_path):
    """Write bytes and give their path."""

    def write(data: bytes, name: str = "a.eval"):
        (tmp_path / name).write_bytes(data)
        return tmp_path / name

    return write


@pytest.mark.parametrize("pack", [zip_archive, zstandard_zip])
def test_members_are_read_whole(keep, pack):
    data = {"a.json": b"{}" * 1000, "b.json": b""}
    archive = Archive(keep(pack(data)))
    assert {name: archive.read(name) for name in archive.names} == data


@pytest.mark.parametrize("pack", [zip_archive, zstandard_zip])
def test_a_bomb_is_refused_in_little_memory(keep, pack, monkeypatch):
    monkeypatch.setattr(module, "FREE_TOTAL", 1 << 20)
    file = keep(pack({"header.json": b" " * (48 << 20)}))
    tracemalloc.start()
    with pytest.raises(ImportFileError, match="more than it could honestly hold"):
        Archive(file).read("header.json")
    assert tracemalloc.get_traced_memory()[1] < 16 << 20
    tracemalloc.stop()


@pytest.mark.parametrize("pack", [zip_archive, zstandard_zip])
def test_a_bomb_that_lies_about_its_size_is_stopped_while_it_unpacks(keep, pack, monkeypatch):
    monkeypatch.setattr(module, "LARGEST_MEMBER", 1 << 20)
    raw = bytearray(pack({"header.json": b" " * (8 << 20)}))
    place = raw.index(b"PK\x01\x02")
    raw[place + 24 : place + 28] = (10).to_bytes(4, "little")
    with pytest.raises(ImportFileError, match=r"honestly|cannot be unpacked|checksum"):
        Archive(keep(bytes(raw))).read("header.json")


def test_damage_is_noticed(keep):
    raw = bytearray(zstandard_zip({"a.json": b"abcdefgh" * 100}))
    place = raw.index(b"PK\x01\x02")
    raw[place + 16] ^= 1
    with pytest.raises(ImportFileError, match="checksum"):
        Archive(keep(bytes(raw))).read("a.json")
    with pytest.raises(ImportFileError, match="no readable zip"):
        Archive(keep(b"PK no archive"))


def test_overlapping_members_are_refused(keep):
    raw = bytearray(zip_archive({f"{index}.json": b"0" * 1000 for index in range(4)}))
    start = 0
    for _ in range(4):
        start = raw.index(b"PK\x01\x02", start)
        raw[start + 20 : start + 24] = len(raw).to_bytes(4, "little")
        start += 4
    with pytest.raises(ImportFileError, match="honestly"):
        Archive(keep(bytes(raw)))


def test_names_in_an_archive_are_never_paths(tmp_path):
    write_inspect(tmp_path / "results")
    file = next((tmp_path / "results").glob("*Jigsaw_base.eval"))
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    sample = members.pop("samples/Jigsaw_1_epoch_1.json")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in {**members, "samples/../../../escaped.json": sample, "/absolute.json": b"x"}.items():
            archive.writestr(name, data)
    file.write_bytes(stream.getvalue())
    before = set(tmp_path.rglob("*"))
    run = next(run for run in find_results([tmp_path / "results"]).runs if run.name == "base")
    assert len(list(run.read())) == 12
    assert set(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("sheet", "words"),
    [
        (b'<!DOCTYPE x [<!ENTITY a "b">]><worksheet/>', "declares a document type"),
        (b"<worksheet><sheetData><row><c", "XML is broken"),
        (b'<worksheet><row><c t="s"><v>7</v></c></row></worksheet>', "refers to the text '7'"),
        (b'<worksheet><row><c r="ZZZ1"><v>7</v></c></row></worksheet>', "where no cell can stand"),
        (b'<worksheet><row><c r="B1"><v>7</v></c><c r="A1"/></row></worksheet>', "where no cell can stand"),
    ],
)
def test_hostile_workbooks_are_refused(keep, sheet, words):
    with pytest.raises(ImportFileError, match=words):
        list(read_workbook(keep(zip_archive({"xl/worksheets/sheet1.xml": sheet}), "a.xlsx")))


def test_cells_keep_their_columns(keep):
    sheet = (
        b'<worksheet><row r="1"><c r="A1" t="inlineStr"><is><t>a_x000D_</t></is></c><c r="C1"><v>1.5</v></c></row>'
        b'<row r="2"><c t="b"><v>1</v></c><c t="e"><v>#N/A</v></c></row></worksheet>'
    )
    rows = list(read_workbook(keep(zip_archive({"xl/worksheets/sheet1.xml": sheet}), "a.xlsx")))
    assert rows == [["a\r", "", "1.5"], ["1", ""]]
