"""The shapes in the annotations are true: a whole analysis under jaxtyping's and beartype's eyes."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
from jaxtyping import install_import_hook

with install_import_hook("spillover.analysis", "beartype.beartype"):
    from spillover.analysis import AnalysisSettings, analyze
    from spillover.analysis.weights import compare_updates
from spillover.core.published import PGFRow, PGFTable

import numpy as np

rows = tuple(
    PGFRow(seed=seed, source=source, target=target, pgf=((seed + i * j) % 7 - 3) / 37)
    for seed in range(3)
    for i, source in enumerate("abcd")
    for j, target in enumerate("abce")
)
table = PGFTable(model="m", rows=rows, examples={"a": 90, "b": 90}, origin="here")
analyze(table, AnalysisSettings(replicates=120, permutations=5)).to_json()
from spillover.analysis.cube import example_cube

analyze(example_cube(), AnalysisSettings(replicates=120, permutations=5)).to_json()
compare_updates({"x": [{"l": (np.ones((1, 2)), np.ones((3, 1)))}]})
print("checked")
"""


def test_annotated_shapes_hold():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert done.stdout == "checked\n", done.stderr[-2000:]
