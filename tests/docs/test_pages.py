"""Every page of the documentation does what it says: its blocks are run in order, in a folder of their own."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.contracts.result_files import write_lmms_eval
from tests.docs.blocks import PAGES, ROOT, Block, read_beginning, read_blocks
from tests.docs.shown import missing_from

SMALLER = """
spillover() {
    command spillover "$@"
    if [ "$1" = init ] && [ -f study.yaml ]; then
        sed -i 's/examples: 200 /examples: 40 /; s/examples: 512$/examples: 64/' study.yaml
    fi
}
"""
"""The study file that `spillover init` writes, with fewer examples: the same study in a tenth of the time."""
TABLES = ROOT.parent / "shared" / "data"
"""The published tables, which are not ours to distribute."""
LIMIT_S = 1200

pytestmark = pytest.mark.slow


def _runs(page: Path) -> bool:
    return any(block.language in ("bash", "python") and not block.not_run for block in read_blocks(page))


@pytest.mark.parametrize("page", list(filter(_runs, PAGES)), ids=lambda page: page.name)
def test_what_a_page_shows_happens(page: Path, demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in read_beginning(page):
        _provide(name, demo, tmp_path)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "__main__"}
    for block in read_blocks(page):
        if block.title:
            Path(block.title).write_text(block.text, encoding="utf-8")
        if block.not_run:
            continue
        printed = _run_bash(block) if block.language == "bash" else ""
        if block.language == "python":
            printed = _run_python(block, names)
        if block.output:
            assert missing_from(printed, block.output) is None, f"{block}:\n{printed}"


def _provide(name: str, demo: Path, folder: Path) -> None:
    if name == "demo":
        shutil.copytree(demo, folder / "demo")
    elif name == "results":
        write_lmms_eval(folder / "results")
    elif (TABLES / name).exists():
        shutil.copy(TABLES / name, folder)
    else:
        pytest.skip(f"{name} is not at {TABLES}")


def _run_bash(block: Block) -> str:
    """Run a script as a reader's shell would, with this Python's `spillover` and a terminal of 88 columns."""
    ours = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "COLUMNS": "88"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", SMALLER + block.text],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env=os.environ | ours,
        timeout=LIMIT_S,
    )
    assert done.returncode == block.exit_code, f"{block}:\n{done.stdout}"
    return done.stdout


def _run_python(block: Block, names: dict[str, Any]) -> str:
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(block.text, str(block), "exec"), names)  # noqa: S102 (our own documentation)
    return said.getvalue()
