"""`python -m spillover`."""

from spillover.cli.main import main

if __name__ == "__main__":
    main()
