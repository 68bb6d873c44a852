"""The `spillover` command, and `python -m spillover`: a signal ends it in one line, even while it is still loading."""

from __future__ import annotations

import sys
from contextlib import suppress


def main() -> None:
    """Load the command line, and run it; all is loaded here, since that takes a second and may be interrupted."""
    try:
        from spillover.cli.stopping import TRY_AGAIN, Stop, Stopped  # noqa: PLC0415

        try:
            Stop().listen()
            from spillover.cli.main import main as run_main  # noqa: PLC0415

            run_main()
        except Stopped as stopped:
            _end(f"stopped, {stopped.reason}: give the same command again", TRY_AGAIN)
    except KeyboardInterrupt:
        _end("interrupted", 130)


def _end(line: str, code: int) -> None:
    with suppress(OSError, AttributeError):  # it may be full, closed, or not there
        sys.stderr.write(f"{line}\n")
    sys.exit(code)


if __name__ == "__main__":
    main()
