"""What is built to be installed: everything of the package and nothing else, and it runs by itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]
STUDY = """
name: small
tasks: [{kind: perception, names: [Relative_Depth, Visual_Similarity], examples: 20}]
training: {examples: 32, epochs: 1}
executor: {processes: 1}
output: small
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(command, check=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.mark.slow
def test_the_wheel_holds_the_package_with_the_licences_and_nothing_else(wheel):
    package = ROOT / "src"
    files = {str(file.relative_to(package)) for file in package.rglob("*") if file.is_file()}
    names = set(ZipFile(wheel).namelist())
    assert {name for name in names if ".dist-info/" not in name} == {n for n in files if "__pycache__" not in n}
    licences = {name.partition("/licenses/")[2] for name in names if "/licenses/" in name}
    assert licences == {"LICENSE", "src/spillover/report/vendor/LICENSE"}


@pytest.mark.slow
def test_the_wheel_runs_a_study_without_the_checkout(wheel, tmp_path):
    ZipFile(wheel).extractall(tmp_path / "unpacked")
    (tmp_path / "study.yaml").write_text(STUDY)
    paths = {"PYTHONPATH": str(tmp_path / "unpacked"), "SPILLOVER_CACHE": str(tmp_path / "cache")}
    for command in (["init", "fresh.yaml"], ["run", "study.yaml"]):
        done = subprocess.run(
            [sys.executable, "-m", "spillover", *command], cwd=tmp_path, env=os.environ | paths, check=False
        )
        assert done.returncode == 0
    assert (tmp_path / "small" / "report.html").stat().st_size > 100_000
