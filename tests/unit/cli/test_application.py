"""What holds for the command line as a whole."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import typer

from spillover.cli.main import COMMANDS, build_app, command_of, run_command


def test_it_tells_its_version(capsys):
    assert run_command(["--version"]) == 0
    assert capsys.readouterr().out == f"spillover {version('spillover')}\n"


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("spillover mi", "mix"),
        ("spillover mix --prot", "--protect"),
        ("spillover tasks ch", "check"),
        ("spillover mix demo --export sw", "swift"),
    ],
)
def test_a_shell_can_complete_commands_and_options(typed, offered):
    asked = {"_SPILLOVER_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}
    command = [Path(sys.executable).with_name("spillover")]
    answered = subprocess.run(command, env=os.environ | asked, capture_output=True, text=True, check=False)
    assert offered in answered.stdout.split(), answered.stderr


def test_names_and_first_sentences_are_those_of_the_commands():
    whole, named = (typer.main.get_command(build_app(*loaded)) for loaded in ([], [[]]))
    for app in (whole, named):
        said = {name: command.help.split("\n\n")[0] for name, command in app.commands.items()}
        assert said == {name: summary for name, (_, summary) in COMMANDS.items()}
    assert list(named.commands) == list(COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "typed"),
    [
        (["--version"], {}),
        (["--help"], {}),
        (["anlyze", "demo"], {}),
        ([], {"_SPILLOVER_COMPLETE": "complete_bash", "COMP_WORDS": "spillover\nmi", "COMP_CWORD": "1"}),
        ([], {"_SPILLOVER_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "spillover "}),
    ],
)
def test_what_needs_no_command_loads_none(arguments, typed):
    code = (
        "import atexit, os, sys; from spillover.cli.main import run_command;"
        "atexit.register(lambda: os._exit(any(name in sys.modules for name in ('numpy', 'pyarrow', 'yaml'))));"
        "run_command(sys.argv[1:])"
    )
    command = [sys.executable, "-c", code, *arguments]
    said = subprocess.run(command, env=os.environ | typed, capture_output=True, check=False)
    assert said.returncode == 0, said.stderr


@pytest.mark.parametrize(
    ("arguments", "environment", "command"),
    [
        (["--debug", "mix", "demo"], {}, "mix"),
        (["--version"], {}, None),
        ([], {"_SPILLOVER_COMPLETE": "complete_bash", "COMP_WORDS": "spillover\nmix\n--ex"}, "mix"),
        ([], {"_SPILLOVER_COMPLETE": "complete_fish", "_TYPER_COMPLETE_ARGS": "spillover tasks ch"}, "tasks"),
        ([], {"_SPILLOVER_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "spillover "}, None),
        (["mix"], {"COMP_WORDS": "spillover\nplan"}, "mix"),
    ],
)
def test_the_command_is_known_from_what_was_given_or_typed(arguments, environment, command):
    assert command_of(arguments, environment) == command


def test_help_flows_and_has_a_short_name(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert run_command(["run", "-h"]) == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    start = next(place for place, line in enumerate(lines) if line.startswith("With --limit N"))
    assert all(len(line) > 60 for line in lines[start : lines.index("", start) - 1])


def test_a_word_that_is_not_understood_is_an_error_that_names_the_help(capsys):
    assert run_command(["mix", "--targt", "Counting"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: No such option: --targt")
    assert said.endswith("mix --help says more\n")


def test_a_value_that_is_none_of_an_option_s_is_told_with_those_that_are(capsys):
    assert run_command(["mix", "demo", "--target", "Counting", "--export", "huggingface"]) == 2
    assert (
        "Invalid value for '--export': 'huggingface' is not one of 'llama-factory', 'swift'" in capsys.readouterr().err
    )


def test_no_command_is_answered_with_the_help_alone(capsys):
    assert run_command([]) == 2
    said = capsys.readouterr()
    assert "Usage:" in said.out
    assert said.err == ""
