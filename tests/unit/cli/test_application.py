"""What holds for the command line as a whole."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from spillover.cli.main import run_command


def test_it_tells_its_version(capsys):
    assert run_command(["--version"]) == 0
    assert capsys.readouterr().out == f"spillover {version('spillover')}\n"


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("spillover mi", "mix"), ("spillover mix --prot", "--protect"), ("spillover tasks ch", "check")],
)
def test_a_shell_can_complete_commands_and_options(typed, offered):
    asked = {"_SPILLOVER_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}
    command = [Path(sys.executable).with_name("spillover")]
    answered = subprocess.run(command, env=os.environ | asked, capture_output=True, text=True, check=False)
    assert offered in answered.stdout.split(), answered.stderr
