"""The examples run as they are."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.docs.blocks import ROOT
from tests.docs.shown import shape

EXAMPLES = ROOT / "examples"
LIMIT_S = 1200

pytestmark = pytest.mark.slow


def run(*command: str | Path, folder: Path) -> str:
    ours = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env=os.environ | ours, timeout=LIMIT_S
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_own_tasks_become_a_matrix_and_a_page(tmp_path: Path):
    said = run(sys.executable, EXAMPLES / "own_tasks.py", folder=tmp_path)
    assert "Brightness" in said
    assert (tmp_path / "own-study" / "results" / "report.html").is_file()


def test_existing_results_show_the_one_transfer_that_is_in_them(tmp_path: Path):
    said = run(sys.executable, EXAMPLES / "existing_results.py", folder=tmp_path)
    found, true = (line.partition(":")[2].strip() for line in said.splitlines() if line.startswith(("beyond", "true")))
    assert found == true
    assert (tmp_path / "existing-results" / "report.html").is_file()


def test_a_choice_is_exported_and_its_study_can_be_planned(tmp_path: Path):
    said = run("bash", EXAMPLES / "choose_mixture.sh", folder=tmp_path)
    assert "estimated time" in said
    written = tmp_path / "mixture-example" / "data"
    about = json.loads((written / "manifest.json").read_text())
    assert sum(source["examples"] for source in about["sources"]) == about["rows"] == 300


def test_every_cell_of_the_notebook_says_what_it_shows(demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Cells are plain Python and are executed without Jupyter: what they print is compared, figures are only drawn."""
    (tmp_path / "demo").symlink_to(demo)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    cells = json.loads((EXAMPLES / "reading_findings.ipynb").read_text(encoding="utf-8"))["cells"]
    for cell in cells:
        if cell["cell_type"] == "code":
            said = io.StringIO()
            with contextlib.redirect_stdout(said):
                exec("".join(cell["source"]), names)  # noqa: S102 (our own notebook)
            shown = [line for output in cell["outputs"] for line in output.get("text", [])]
            assert shape(said.getvalue()) == shape("".join(shown))
