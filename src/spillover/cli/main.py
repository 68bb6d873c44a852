"""The `spillover` command: the commands together, and how errors end."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Collection, Mapping, Sequence
from importlib import import_module
from importlib.metadata import version
from inspect import getdoc
from types import MappingProxyType
from typing import Annotated

import typer
from rich.console import Console
from rich.logging import RichHandler

from spillover.cli.stopping import TRY_AGAIN, Stopped, end
from spillover.cli.streams import OutputError, watched_streams
from spillover.core.errors import InterruptedRunError, SpilloverError
from spillover.core.files import refusal
from spillover.core.printable import printable

USER_ERROR = 2
INTERNAL_ERROR = 70
INTERRUPTED = 130

RUNNING = ("demo", "run")
"""Commands that go on with what an interrupted one has finished."""
READING = ("analyze", "compare", "report", "import", "plan", "status")
"""Commands of which an interrupted one has written nothing."""
COMMANDS = {
    "demo": ("study", "Run a whole task-transfer study on the embedded tiny model: no network, no GPU, three minutes."),
    "init": ("study", "Write a commented study file to start from."),
    "plan": ("study", "Check a study, and say what running it would take. Nothing is run or written."),
    "run": ("study", "Run a study, or go on with one: finished jobs are not repeated."),
    "status": (
        "status",
        "Say how far a study has come, or what was imported. Other processes or machines may be running it.",
    ),
    "analyze": (
        "analyze",
        "Say what finetuning on one task does to the others: matrix, givers and takers, in words and figures.",
    ),
    "compare": (
        "analyze",
        "Put several models or studies side by side: averages, personas that hold for all, and what changed where.",
    ),
    "report": (
        "analyze",
        "Write the findings as a page that opens in any browser, and every figure as SVG, PDF, PNG and CSV.",
    ),
    "import": (
        "importing",
        "Make a study folder of results that other tools wrote: BLINK, lmms-eval, lm-eval, VLMEvalKit, inspect, "
        "tables.",
    ),
    "mix": ("mix", "Recommend which data to train on for some targets, and predict what it does to every task."),
    "tasks": ("tasks", "What tasks there are, and what their examples look like."),
}
"""Each command's module and the first sentence of its help, in the order of a first day. They stand here as well as in
the modules, since loading those takes seconds, and help, a version and a shell's completion need no more."""


def build_app(commands: Collection[str] = tuple(COMMANDS)) -> typer.Typer:
    """Put the commands together.

    Args:
        commands: those that may be run; by default all. Of the others only names and first sentences are there.
    """
    app = typer.Typer(
        name="spillover",
        help="Finetune a vision-language model on one task: what happens to all the others, and which data to train "
        "on?",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(options)
    loaded = dict.fromkeys(COMMANDS[command][0] for command in commands)
    for module in loaded:
        import_module(f"spillover.cli.{module}").add_commands(app)
    for command in app.registered_commands:
        paragraphs = (getdoc(command.callback) or "").split("\n\n")
        command.help = "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)  # typer keeps short lines
    for name, (module, summary) in COMMANDS.items():
        if module not in loaded:
            app.command(name, help=summary)(options)  # never called: a command that is given is loaded
    return app


def command_of(arguments: Sequence[str], environment: Mapping[str, str] = MappingProxyType({})) -> str | None:
    """Tell which command is given, or is being typed while a shell asks how its words may go on.

    Args:
        arguments: of the command line.
        environment: in which shells pass what was typed on, the program's own name first.
    """
    if "_SPILLOVER_COMPLETE" in environment:
        typed = environment.get("COMP_WORDS") or environment.get("_TYPER_COMPLETE_ARGS", "")  # bash; the other shells
        arguments = typed.split()[1:]
    return next((word for word in arguments if not word.startswith("-")), None)


def _say_version(asked: bool) -> None:
    if asked:
        print(f"spillover {version('spillover')}")
        raise typer.Exit


def options(
    *,
    version_asked: Annotated[  # noqa: ARG001 (its callback answers)
        bool, typer.Option("--version", help="Print the version.", callback=_say_version, is_eager=True)
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of errors, and what libraries say.")
    ] = False,
) -> None:
    """Set what holds for every command; `main` reads `--debug` by itself."""
    handler = RichHandler(console=Console(stderr=True), show_time=False, show_path=debug)
    handler.setFormatter(_Printable("%(message)s"))
    logging.basicConfig(level=logging.DEBUG if debug else logging.WARNING, handlers=[handler])


class _Printable(logging.Formatter):
    """Takes out of log lines what would steer the terminal: they tell of what others wrote."""

    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record))


def main() -> None:
    """Run the command line.

    It exits with 0 where all is well, 2 for what the user can mend, 70 for a fault of ours, 75 where it was stopped or
    cut off and may be given again, 130 interrupted, and 143 where a rehearsal was stopped, which begins anew.
    """
    end(run_command(sys.argv[1:]))


def run_command(arguments: list[str]) -> int:
    """Run one command.

    Returns:
        The exit code.
    """
    with watched_streams():
        try:
            return _run_command(arguments)
        except OutputError as error:
            if not error.reader_left:
                Console(stderr=True).print(f"error: {error}", style="red", markup=False)
            return 0 if error.reader_left else USER_ERROR


def _run_command(arguments: list[str]) -> int:
    console = Console(stderr=True)
    command = command_of(arguments, os.environ)
    kept = "nothing was written" if command in READING else "give the same command again"
    if command in RUNNING:
        kept = "what was finished is kept: give the same command to go on"
    try:
        app = build_app([command] if command in COMMANDS else [])
        code = app(arguments, standalone_mode=False)
        sys.stdout.flush()  # or a full disk would be met at Python's end
    except Stopped as stopped:
        console.print(f"stopped, {stopped.reason}; {kept}", soft_wrap=True, highlight=False)
        return TRY_AGAIN
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except OutputError:
        raise
    except Exception as error:  # noqa: BLE001 (the last resort: what was not foreseen is told as a fault of ours)
        return _tell(console, error, debug="--debug" in arguments)
    if code == INTERRUPTED:  # typer turns Ctrl-C within a command into this code
        console.print(f"interrupted; {kept}", soft_wrap=True)
    return code or 0


def _tell(console: Console, error: Exception, *, debug: bool) -> int:
    """Tell of the error that has ended a command, which is being handled, and give the code to exit with."""
    told = refusal(error) if isinstance(error, OSError) else error
    if not isinstance(told, SpilloverError | typer.TyperException):
        console.print("internal error: this is a fault of spillover, please report it", style="red")
        console.print_exception()
        return INTERNAL_ERROR
    _print_error(console, told)
    if debug:
        console.print_exception()
    return TRY_AGAIN if isinstance(told, InterruptedRunError) else USER_ERROR


def _print_error(console: Console, error: SpilloverError | typer.TyperException) -> None:
    text = str(error)
    if isinstance(error, typer.TyperException):
        text = error.format_message().replace("Value error, ", "")  # of what pydantic checks for typer
        if not text:  # no command was given, and the help is printed
            return
        context: typer.Context | None = getattr(error, "ctx", None)
        text += f"\n  {context.command_path} --help says more" if context else ""
    console.print(printable(f"error: {text}"), style="red", markup=False, highlight=False, soft_wrap=True)
