"""docs/security.md names tests, and every one of them exists and is found as the page says."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

from tests.contracts.thought_of import slow_thoughts, thoughts

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and "held by" not in line]
CASES = sorted({case for row in ROWS for case in re.findall(r'"([^"]+: [^"]+)"', row)})
OPERATORS = {"and", "or", "not"}
"""Of pytest's -k."""


def test_every_test_on_the_page_exists():
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    there = {
        name for file in (ROOT / "tests").rglob("test_*.py") for name in re.findall(r"def (test_\w+)", file.read_text())
    }
    assert len(named) > 25
    assert named <= there, named - there


def test_every_case_on_the_page_exists():
    there = {f"{thought.kind}: {thought.name}" for thought in (*thoughts(), *slow_thoughts())}
    assert len(CASES) > 20
    assert set(CASES) <= there, set(CASES) - there


def test_every_row_names_what_holds_it():
    assert all(re.search(r'`test_\w+`|"[^"]+: [^"]+"', row.split("|")[3]) for row in ROWS)


def collected(*arguments: str) -> str:
    """What pytest would run of the given arguments."""
    command = [sys.executable, "-m", "pytest", "--collect-only", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_the_lines_that_the_page_shows_find_tests():
    by_name, by_words = (shlex.split(line)[1:] for line in re.findall(r"^\.venv/bin/pytest .*", PAGE, re.MULTILINE))
    assert by_name[-1] in collected(*by_name, "tests/unit/core/test_files.py")
    assert "adapters: a pickle called .safetensors" in collected(*by_words, "tests/contracts/test_bad_input.py")


def test_every_case_is_found_by_its_words():
    words = [[word for word in re.findall(r"\w+", case, re.ASCII) if word not in OPERATORS] for case in CASES]
    asked = " or ".join(f"({' and '.join(each)})" for each in words)
    found = collected("-m", "", "-k", asked, "tests/contracts/test_bad_input.py")
    assert not [case for case in CASES if f"[{case.encode('unicode_escape').decode()}]" not in found]
