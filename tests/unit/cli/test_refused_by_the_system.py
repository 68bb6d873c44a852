"""What the operating system refuses is told as such by every command, wherever it is met: no fault of spillover."""

import errno
import os

import pytest
from tests.conftest import small_study

from spillover.cli.main import run_command
from spillover.core.files import LONGEST_SHOWN, refusal

COMMANDS = {
    "plan": "plan {}/study.yaml",
    "plan of a folder": "plan {}",
    "status": "status {}",
    "analyze": "analyze {}",
    "import": "import {} --out imported",
    "mix": "mix {} --target Jigsaw",
    "init": "init {}/study.yaml",
    "check": "tasks check {}/mine.jsonl",
}


def give(command, place):
    return run_command([word.format(place) for word in COMMANDS[command].split()])


@pytest.fixture
def nobody():
    """Tests of packages are often run by root, to whom nothing is refused."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    yield
    os.seteuid(0)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_place_that_may_not_be_entered(tmp_path, monkeypatch, capfd, request, command):
    monkeypatch.chdir(tmp_path)
    give(command, tmp_path / "nowhere")  # what it imports may lie where nobody may read
    secret = tmp_path / "secret"
    (secret / "inner").mkdir(parents=True)
    secret.chmod(0)
    capfd.readouterr()
    request.getfixturevalue("nobody")
    assert give(command, secret / "inner") == 2
    said = capfd.readouterr().err
    assert said.startswith(f"error: {secret / 'inner'}")
    assert "Permission denied" in said
    assert "have yourself given the right to it" in said


@pytest.mark.parametrize("command", COMMANDS)
def test_a_name_that_no_file_can_have(tmp_path, monkeypatch, capfd, command):
    monkeypatch.chdir(tmp_path)
    assert give(command, "n" * 300) == 2
    said = capfd.readouterr().err
    assert said.startswith(f"error: {'n' * LONGEST_SHOWN}…: File name too long\n")


@pytest.mark.parametrize("changes", [{"models": [{"path": "m" * 300}]}, {"output": "o" * 300}])
def test_a_study_that_names_what_no_file_can_be_called(tmp_path, capfd, changes):
    study = small_study(tmp_path / "small").model_dump(mode="json", exclude={"provenance"}) | changes
    (tmp_path / "study.yaml").write_text(repr(study).replace("None", "null"))
    assert run_command(["plan", str(tmp_path / "study.yaml")]) == 2
    assert "File name too long" in capfd.readouterr().err


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
def test_other_refusals_are_known(number):
    told = refusal(OSError(number, os.strerror(number), "/disk/file"))
    assert told is not None
    assert str(told).startswith(f"/disk/file: {os.strerror(number)}\n  ")


@pytest.mark.parametrize("error", [FileNotFoundError(errno.ENOENT, "No such file", "a"), OSError(errno.EACCES, "no")])
def test_what_may_be_a_fault_of_ours_is_not_taken_for_a_refusal(error):
    assert refusal(error) is None
