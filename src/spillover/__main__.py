"""The `spillover` command, and `python -m spillover`: a signal ends it in one line, even while it is still loading."""

from __future__ import annotations

import sys
from contextlib import suppress


def main() -> None:
    """Load the command line, and run it; all is loaded here, since that takes a second and may be interrupted."""
    try:
        from spillover.cli.stopping import TRY_AGAIN, Stop, Stopped, end  # noqa: PLC0415

        try:
            Stop().listen()
            from spillover.cli.main import main as run_main  # noqa: PLC0415

            run_main()
        except Stopped as stopped:
            _say(f"stopped, {stopped.reason}: give the same command again")
            end(TRY_AGAIN)
    except KeyboardInterrupt:
        _say("interrupted")
        sys.exit(130)


def _say(line: str) -> None:
    with suppress(OSError, AttributeError):  # it may be full, closed, or not there
        sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    main()
