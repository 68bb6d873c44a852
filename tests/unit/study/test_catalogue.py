"""Files of finished jobs are found without opening them, and never believed where they may have changed."""

import json
import os
import shutil
from pathlib import Path

import pytest
from tests.unit.study.made_up import outcome

from spillover.core.errors import StoreError
from spillover.study import catalogue
from spillover.study.resume import pending
from spillover.study.store import Store

LONG_AGO_NS = 1_600_000_000_000_000_000


@pytest.fixture
def store(plan):
    """A study that was finished long ago, and then written down."""
    opened = Store(Path(plan.study.output))
    opened.begin(plan)
    for job in plan.jobs:
        opened.record(outcome(job), {"torch": "2.13"})
    age(opened.folder)
    opened.settle()
    return opened


@pytest.fixture
def opened(monkeypatch):
    """The files that are opened, of a process that has seen none before."""
    names = []

    def read(file):
        names.append(file.name)
        return reads(file)

    reads = catalogue.read_kept
    monkeypatch.setattr(catalogue, "read_kept", read)
    forget()
    return names


def forget():
    catalogue._read.cache_clear()
    catalogue._parse.cache_clear()


def record_anew(store, job):
    (store.folder / "scores" / f"{job.key}.parquet").unlink()
    store.record(outcome(job), {})


def age(folder):
    for room in catalogue.JOB_ROOMS:
        for file in (folder / room).glob("*.parquet"):
            os.utime(file, ns=(LONG_AGO_NS, LONG_AGO_NS))


def said(store):
    return [list(catalogue.read_room(store.folder, room)) for room in catalogue.JOB_ROOMS]


def test_what_was_written_down_is_what_the_files_say_and_none_is_opened(store, opened):
    written = said(store)
    assert opened == []
    (store.folder / catalogue.CATALOGUE).unlink()
    forget()
    assert said(store) == written
    assert len(opened) == sum(map(len, written)) > 2


def test_a_file_that_was_written_since_is_opened_and_no_other(plan, store, opened):
    job = plan.evaluations[0]
    record_anew(store, job)
    said(store)
    assert opened == [f"{job.key}.parquet"]


def test_thousands_of_files_are_opened_once_and_not_remembered_without_end(tmp_path, opened, monkeypatch):
    monkeypatch.setattr(catalogue, "read_kept", lambda file: opened.append(file.name))
    (tmp_path / "scores").mkdir()
    for index in range(3000):
        (tmp_path / "scores" / f"{index}.parquet").touch()
    for _ in range(2):
        assert list(catalogue.read_room(tmp_path, "scores")) == []
    assert len(opened) == 3000
    assert catalogue._read.cache_info().maxsize == catalogue.REMEMBERED


def test_a_file_that_is_gone_or_damaged_since_is_to_be_done_again(plan, store, opened):
    first, second = (store.folder / "scores" / f"{job.key}.parquet" for job in plan.evaluations[:2])
    content = first.read_bytes()
    first.write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])
    second.unlink()
    assert [job.key for job in pending(plan, store)] == [job.key for job in plan.evaluations[:2]]
    assert opened == [first.name]


def test_what_was_only_just_written_is_not_written_down(plan, store):
    job = plan.evaluations[0]
    record_anew(store, job)
    store.settle()
    files = json.loads((store.folder / catalogue.CATALOGUE).read_bytes())["files"]
    assert f"scores/{job.key}.parquet" not in files
    assert len(files) == len(plan.jobs) - 1


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"[]",
        b"\xff",
        b'{"schema": 2, "targets": [], "versions": [], "files": {}}',
        b"[" * 100_000,
    ],
)
def test_a_catalogue_that_is_broken_is_as_if_it_were_not_there(plan, store, opened, broken):
    (store.folder / catalogue.CATALOGUE).write_bytes(broken)
    assert pending(plan, store) == []
    assert len(opened) == len(plan.evaluations)
    store.settle()
    forget()
    opened.clear()
    assert pending(plan, store) == []
    assert opened == []


def test_a_catalogue_that_speaks_of_lists_that_it_lacks_is_as_if_it_were_not_there(plan, store, opened):
    file = store.folder / catalogue.CATALOGUE
    file.write_text(json.dumps(json.loads(file.read_text()) | {"targets": []}))
    assert pending(plan, store) == []
    assert len(opened) == len(plan.evaluations)


def test_a_folder_that_was_copied_with_new_times_is_read(plan, store, opened, tmp_path):
    shutil.copytree(store.folder, tmp_path / "copy", copy_function=shutil.copyfile)
    assert pending(plan, Store(tmp_path / "copy")) == []
    assert len(opened) == len(plan.evaluations)


def test_scores_that_rot_on_the_disk_are_told_when_they_are_read(plan, store):
    file = store.folder / "scores" / f"{plan.evaluations[0].key}.parquet"
    content = file.read_bytes()
    place = content.index(b"PAR1", 0) + 40
    file.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
    os.utime(file, ns=(LONG_AGO_NS, LONG_AGO_NS))  # a disk that forgets a bit does not tell
    assert pending(plan, store) == []
    with pytest.raises(StoreError, match=rf"(?s)scores.*{file.name}"):
        store.read(plan)
    file.unlink()
    assert pending(plan, store) == [plan.evaluations[0]]


def test_a_folder_that_cannot_be_written_is_left_as_it_is(store, monkeypatch):
    def refuse(*_):
        raise StoreError("full")

    (store.folder / catalogue.CATALOGUE).unlink()
    monkeypatch.setattr(catalogue, "write_atomically", refuse)
    store.settle()
    assert not (store.folder / catalogue.CATALOGUE).exists()
