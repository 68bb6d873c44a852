"""Prints the lowest versions that pyproject.toml allows, as constraints for pip: what `make lowest` tests with.

They are those of the package and of what its extras add for users. Tools of developers are as new as they come.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).parents[1] / "pyproject.toml"
FOR_DEVELOPERS = ("dev", "docs")


def lowest_versions(project: Path = PROJECT) -> Iterator[str]:
    """Read every `name>=version` of the package and of its extras, as `name==version`."""
    table = tomllib.loads(project.read_text())["project"]
    extras = table["optional-dependencies"]
    for_users = [needed for extra, listed in extras.items() if extra not in FOR_DEVELOPERS for needed in listed]
    for needed in [*table["dependencies"], *for_users]:
        name, version = needed.split(">=")
        yield f"{name}=={version}"


if __name__ == "__main__":
    print(*lowest_versions(), sep="\n")
