"""docs/security.md names tests, and every one of them exists."""

from __future__ import annotations

import re
from pathlib import Path

from tests.contracts.thought_of import slow_thoughts, thoughts

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")


def test_every_test_on_the_page_exists():
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    there = {
        name for file in (ROOT / "tests").rglob("test_*.py") for name in re.findall(r"def (test_\w+)", file.read_text())
    }
    assert len(named) > 25
    assert named <= there, named - there


def test_every_case_on_the_page_exists():
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")]
    named = {case for row in rows for case in re.findall(r'"([^"]+)"', row)}
    there = {f"{thought.kind}: {thought.name}" for thought in (*thoughts(), *slow_thoughts())}
    assert len(named) > 20
    assert named <= there, named - there


def test_every_row_names_what_holds_it():
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and "held by" not in line]
    assert all(re.search(r'`test_\w+`|"[^"]+: [^"]+"', row.split("|")[3]) for row in rows)
