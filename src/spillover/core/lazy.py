"""Names of a package that load their module when they are first asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def load_lazily(package: str, homes: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Make the `__getattr__` and the `__dir__` of a package.

    Args:
        package: its name.
        homes: by module, as it is called within the package: the names that it gives to the package, with spaces
            between them.

    Complexity: O(names), and of asking for a name O(1) once its module is loaded.

    >>> get, names = load_lazily("spillover.core", {"numbers": "percent signed"})
    >>> get("signed")(0.5), "signed" in names()
    ('+0.500', True)
    """
    home_of = {name: f"{package}.{module}" for module, names in homes.items() for name in names.split()}

    def get(name: str) -> Any:
        if name not in home_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(home_of[name]), name)

    return get, lambda: sorted({*vars(sys.modules[package]), *home_of})
