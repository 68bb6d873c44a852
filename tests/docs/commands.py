"""Finds the commands in a shell script of the documentation, and checks those of ours against the real command line."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from typing import Any

import typer

from spillover.cli.main import build_app

ENDS = re.compile(r"[;&|()]+")
REDIRECTIONS = re.compile(r"[<>]+")
WORDS_BEFORE = ("srun", "then", "do", "if", "time")


def commands_of(script: str) -> Iterator[list[str]]:
    """Split a script into its simple commands, as words; variables stay as they are written."""
    for line in script.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.wordchars += "$@{}[]+,:%…"
        command: list[str] = []
        for word in lexer:
            if ENDS.fullmatch(word):
                yield from _if_any(command)
                command = []
            else:
                command.append(word)
        yield from _if_any(command)


def _if_any(command: list[str]) -> Iterator[list[str]]:
    while command and command[0] in WORDS_BEFORE:
        command = command[1:]
    redirected = next((place for place, word in enumerate(command) if REDIRECTIONS.fullmatch(word)), len(command))
    if command[:redirected]:
        yield command[:redirected]


@cache
def _application() -> Any:
    return typer.main.get_command(build_app())


def check_command(words: list[str]) -> None:
    """Parse the arguments of a `spillover` command, without running it.

    Raises:
        typer.TyperException: there is no such command or option, a value is out of its range, or one is missing.
    """
    command, context = _application(), None
    while hasattr(command, "commands"):
        context = command.make_context(command.name, [], parent=context, resilient_parsing=True)
        context.resilient_parsing = False  # so that an unknown command is an error
        words = [word for word in words if word not in ("--debug", "--version")]
        _, command, words = command.resolve_command(context, words)
    command.make_context(command.name, words, parent=context)
