"""The `spillover` command, and `python -m spillover`: Ctrl-C ends it in one line, even while it is still loading."""

from __future__ import annotations

import sys


def main() -> None:
    """Load the command line, and run it."""
    try:
        from spillover.cli.main import main as run_main  # noqa: PLC0415 (this takes a second, which may be interrupted)

        run_main()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
