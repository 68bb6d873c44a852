"""The `spillover` command, and `python -m spillover`: a signal ends it in one line, even while it is still loading."""

from __future__ import annotations

import sys
from contextlib import suppress

from spillover.cli.stopping import TRY_AGAIN, Stop, Stopped


def main() -> None:
    """Load the command line, and run it."""
    try:
        Stop().listen()
        from spillover.cli.main import main as run_main  # noqa: PLC0415 (this takes a second, which may be interrupted)

        run_main()
    except KeyboardInterrupt:
        _end("interrupted", 130)
    except Stopped as stopped:
        _end(f"stopped, {stopped.reason}: give the same command again", TRY_AGAIN)


def _end(line: str, code: int) -> None:
    with suppress(OSError, AttributeError):  # it may be full, closed, or not there
        sys.stderr.write(f"{line}\n")
    sys.exit(code)


if __name__ == "__main__":
    main()
