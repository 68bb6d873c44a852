"""The demo, run once for all pages and examples."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished `spillover demo`, not to be written into; SPILLOVER_DEMO names one that is there already."""
    if ready := os.environ.get("SPILLOVER_DEMO"):
        return Path(ready)
    folder = tmp_path_factory.mktemp("docs") / "demo"
    subprocess.run([sys.executable, "-m", "spillover", "demo", "--out", folder], check=True, capture_output=True)
    return folder
