"""The `spillover` command: the commands together, and how errors end."""

from __future__ import annotations

import logging
import sys
from importlib import import_module
from importlib.metadata import version
from typing import Annotated

import typer
from rich.console import Console
from rich.logging import RichHandler

from spillover.cli.stopping import TRY_AGAIN, Stopped, end
from spillover.cli.streams import OutputError, watched_streams
from spillover.core.errors import InterruptedRunError, SpilloverError
from spillover.core.printable import printable

USER_ERROR = 2
INTERNAL_ERROR = 70
INTERRUPTED = 130

READING = ("analyze", "compare", "report", "import")
"""Commands that keep nothing that an interrupted one could go on from."""
MODULES = {
    "analyze": ("analyze", "compare", "report"),
    "importing": ("import",),
    "mix": ("mix",),
    "study": ("demo", "init", "plan", "run"),
    "status": ("status",),
    "tasks": ("tasks",),
}
"""Commands by the module that they stand in."""


def build_app(command: str | None = None) -> typer.Typer:
    """Put the commands together: a command that is known with its module alone, since loading all takes seconds."""
    app = typer.Typer(
        name="spillover",
        help="Finetune a vision-language model on one task: what happens to all the others, and which data to train "
        "on?",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )
    app.callback()(options)
    wanted = [module for module, commands in MODULES.items() if command in commands]
    for module in wanted or MODULES:
        import_module(f"spillover.cli.{module}").add_commands(app)
    return app


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
    cut off and may be given again, and 130 interrupted.
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
    command = next((word for word in arguments if not word.startswith("-")), None)
    kept = "nothing was written" if command in READING else "what was finished is kept: give the same command to go on"
    try:
        app = build_app(command)
        code = app(arguments, standalone_mode=False)
        sys.stdout.flush()  # or a full disk would be met at Python's end
    except (SpilloverError, typer.TyperException) as error:
        text = error.format_message() if isinstance(error, typer.TyperException) else f"error: {error}"
        console.print(printable(text), style="red", markup=False, highlight=False, soft_wrap=True)
        if "--debug" in arguments:
            console.print_exception()
        return TRY_AGAIN if isinstance(error, InterruptedRunError) else USER_ERROR
    except Stopped as stopped:
        console.print(f"stopped, {stopped.reason}; {kept}", soft_wrap=True, highlight=False)
        return TRY_AGAIN
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except OutputError:
        raise
    except Exception:  # noqa: BLE001 (the last resort: told as a fault of ours, never hidden)
        console.print("internal error: this is a fault of spillover, please report it", style="red")
        console.print_exception()
        return INTERNAL_ERROR
    if code == INTERRUPTED:  # typer turns Ctrl-C within a command into this code
        console.print(f"interrupted; {kept}", soft_wrap=True)
    return code or 0
