"""Where stdout or stderr cannot be written: that is the user's matter, and progress that is lost ends nothing."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from tests.conftest import small_study
from tests.unit.study.made_up import outcome

from spillover.cli.progress import StudyProgress
from spillover.cli.streams import watched_streams
from spillover.core.errors import SpilloverError
from spillover.study.executors.executor import JobFailed, JobFinished, JobStarted
from spillover.study.preparing import prepare


def shell(line):
    command = line.replace("spillover", f"{shlex.quote(sys.executable)} -m spillover", 1)
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("spillover --version >/dev/full", "No space left"),
        ("spillover tasks list >/dev/full", "No space left"),
        ("spillover tasks --help >/dev/full", "No space left"),
        ("spillover tasks list >&-", "it is closed"),
    ],
)
def test_stdout_that_cannot_be_written_is_the_users(line, word):
    said = shell(line)
    assert said.returncode == 2
    assert f"error: cannot write to stdout: {word}" in said.stderr
    assert "Traceback" not in said.stderr
    assert "Exception ignored" not in said.stderr


def test_a_reader_that_has_had_enough_ends_it_quietly():
    said = shell("spillover tasks list | true; echo ${PIPESTATUS[0]}")
    assert (said.stdout, said.stderr) == ("0\n", "")


@pytest.mark.parametrize("stderr", ["2>/dev/full", "2>&-"])
def test_the_exit_code_stands_where_nothing_can_be_said(stderr):
    said = shell(f"spillover status /nowhere {stderr}")
    assert (said.returncode, said.stdout, said.stderr) == (2, "", "")
    assert shell(f"spillover tasks list {stderr}").returncode == 0


def test_progress_that_cannot_be_shown_ends_no_run(tmp_path, monkeypatch):
    first, second = prepare(small_study(tmp_path / "small")).jobs[:2]
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stderr", full)
        with watched_streams(), StudyProgress(Console(stderr=True), 2) as progress:
            for event in (JobStarted(first, 0, 4711, "here"), JobFinished(first, outcome(first))):
                progress.show(event)
            progress.show(JobFailed(second, SpilloverError("too large")))
        assert sys.stderr is full
