"""Which packages a result was made with. Not part of any key: a change is warned of, never silently recomputed."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("spillover", "torch", "transformers", "peft", "numpy", "pillow", "tokenizers")


def package_versions() -> dict[str, str]:
    """The versions of Python and of every package that results depend on."""
    versions = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "missing"
    return versions
