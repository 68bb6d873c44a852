"""CONTRIBUTING.md lists what there is: versions that must be raised, scripts, files to change."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import spillover

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PACKAGE = Path(spillover.__file__).parent
VERSION = re.compile(r"^((?:[A-Z]+_)*(?:VERSION|SCHEMA)) = \d+$", re.MULTILINE)


def test_every_version_that_must_be_raised_is_listed_with_its_file():
    listed = set(re.findall(r"^\| `([A-Z_]+)` \| `([\w/]+\.py)` \|", PAGE, re.MULTILINE))
    there = {
        (name, file.relative_to(PACKAGE).as_posix())
        for file in PACKAGE.rglob("*.py")
        for name in VERSION.findall(file.read_text())
    }
    assert listed == there


def test_every_script_is_named():
    section = PAGE.partition("## Scripts")[2].partition("| --- |")[2]
    named = set(re.findall(r"`([\w.]+)/?`", section)) - {"mkdocs.yml"}
    assert named == {file.name for file in (ROOT / "scripts").iterdir()} - {"__pycache__"}


def test_every_file_to_change_exists():
    section = PAGE.partition("## To add")[2].partition("## What is asked")[0]
    named = set(re.findall(r"`([\w./-]+(?:\.py|\.md|\.toml|/))`", section))
    places = [ROOT, PACKAGE, PACKAGE / "interop", ROOT / "tests/contracts"]
    assert len(named) > 15
    assert not [name for name in named if not any((place / name).exists() for place in places)]


def test_every_marker_has_a_test():
    markers = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]["markers"]
    text = "".join(file.read_text() for file in (ROOT / "tests").rglob("*.py") if file != Path(__file__))
    assert not [name for each in markers if f"pytest.mark.{(name := each.partition(':')[0])}" not in text]
