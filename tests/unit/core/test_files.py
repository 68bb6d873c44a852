import errno
import os
from pathlib import Path

import pytest

from spillover.core.errors import StoreError
from spillover.core.files import read_file, read_text, unwritable, write_atomically, write_folder_atomically


def test_a_file_is_replaced_whole(tmp_path):
    file = tmp_path / "a" / "b.txt"
    write_atomically(file, "one")
    write_atomically(file, "two")
    assert file.read_text() == "two"
    assert [path.name for path in file.parent.iterdir()] == ["b.txt"]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    file = tmp_path / "b.txt"
    write_atomically(file, "one")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="No space left"):
        write_atomically(file, "two")
    assert file.read_text() == "one"
    assert [path.name for path in tmp_path.iterdir()] == ["b.txt"]


def test_a_folder_appears_whole_and_is_then_kept(tmp_path):
    folder = tmp_path / "adapter"
    write_folder_atomically(folder, {"x": b"1", "y": b"2"})
    write_folder_atomically(folder, {"x": b"1"})
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"x": b"1", "y": b"2"}


@pytest.mark.parametrize("left", [{"x": b"1"}, {"x": b"1", "y": b""}])
def test_a_folder_that_lost_something_is_written_again(tmp_path, left):
    folder = tmp_path / "adapter"
    folder.mkdir()
    for name, content in left.items():
        (folder / name).write_bytes(content)
    write_folder_atomically(folder, {"x": b"3", "y": b"4"})
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"x": b"3", "y": b"4"}


@pytest.mark.parametrize("name", ["../escape", "a/b", ""])
def test_names_are_never_paths(tmp_path, name):
    with pytest.raises(StoreError, match="plain file name"):
        write_folder_atomically(tmp_path / "folder", {name: b""})


def test_a_read_only_file_system_is_told_as_one(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.EROFS, "Read-only file system")

    for name in ("open", "unlink", "mkdir"):
        monkeypatch.setattr(Path, name, refuse)
    with pytest.raises(StoreError, match="Read-only file system"):
        write_atomically(tmp_path / "b.txt", "one")
    with pytest.raises(StoreError, match="Read-only file system"):
        write_folder_atomically(tmp_path / "folder", {"a": b"1"})


def test_space_is_asked_for_only_where_it_is_what_lacks(tmp_path):
    full, forbidden = (unwritable(tmp_path / "x", OSError(code, "refused")) for code in (errno.ENOSPC, errno.EACCES))
    assert "free some space" in str(full)
    assert "free some space" not in str(forbidden)
    assert "choose another folder" in str(forbidden)


def test_what_has_no_end_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "device").symlink_to("/dev/zero")
    for name in ("pipe", "device"):
        with pytest.raises(OSError, match="it is a pipe or a device, no file"):
            read_file(tmp_path / name)
    with pytest.raises(IsADirectoryError):
        read_file(tmp_path)
    (tmp_path / "text").write_bytes(b"a\r\nb\rc\n")
    (tmp_path / "link").symlink_to("text")
    assert read_text(tmp_path / "link") == "a\nb\nc\n"
