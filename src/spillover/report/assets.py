"""The page's scripts and styles, read from this package and put into the page so that it needs nothing else."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

VENDORED = ("d3-dispatch", "d3-selection", "d3-drag", "d3-array")
"""D3's modules, each before those that need it."""
SCRIPTS = ("numbers", "base", "heatmap", "graph", "profiles", "lines", "mixture", "cards", "start")


@dataclass(frozen=True, slots=True, kw_only=True)
class Assets:
    """What stands in every page alike."""

    style: str
    script: str
    licence: str
    policy: str
    """Content security policy: nothing from elsewhere, and no script but this one."""


@cache
def load_assets() -> Assets:
    """Read the assets, once."""
    room = files("spillover.report")
    vendored = [(room / "vendor" / f"{name}.min.js").read_text(encoding="utf-8").strip() for name in VENDORED]
    own = [(room / "scripts" / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS]
    script = "\n".join([*vendored, '(function () {\n"use strict";', *own, "})();"])
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return Assets(
        style=(room / "templates" / "style.css").read_text(encoding="utf-8"),
        script=script,
        licence=(room / "vendor" / "LICENSE").read_text(encoding="utf-8"),
        policy=f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'",
    )
