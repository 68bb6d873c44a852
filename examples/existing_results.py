"""Results that are there already become a matrix, findings in words, and a page.

    python examples/existing_results.py [FOLDER]      # by default existing-results; seconds

The results are drawn here, in the form of BLINK's own answer files: one JSON a model and task, with the raw replies. So
the truth is known: finetuning on depth closes 30 % of the gap on reflectance, and nothing else transfers. For your own,
leave `write_results` out and name your files.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

import spillover

EXAMPLES = 400
BASE = {"Relative_Depth": 0.6, "Relative_Reflectance": 0.5, "Counting": 0.5, "Jigsaw": 0.6}
"""How often the base is right."""
OPTIONS = {"Relative_Depth": 2, "Relative_Reflectance": 3, "Counting": 4, "Jigsaw": 2}
TRUE_PGF = {("Relative_Depth", "Relative_Reflectance"): 0.3}
"""Off the diagonal, where each source closes half of its own gap."""
SEEDS = range(4)


def write_results(folder: Path) -> None:
    """Draw what a base and its finetunes, four seeds a source, answer to the same questions."""
    rng = np.random.default_rng(0)
    difficulty = {task: rng.random(EXAMPLES) for task in BASE}
    answers = {task: rng.integers(OPTIONS[task], size=EXAMPLES) for task in BASE}
    runs = {"base": (None, 0.0)} | {f"{source}-seed{seed}": (source, 0.02) for source in BASE for seed in SEEDS}
    for run, (source, spread) in runs.items():
        (folder / run).mkdir(parents=True, exist_ok=True)
        for task, right in BASE.items():
            pgf = 0.5 if source == task else TRUE_PGF.get((source or "", task), 0.0)
            accuracy = right + (1 - right) * pgf + rng.normal(0, spread)
            knows = difficulty[task] + rng.normal(0, 0.1, EXAMPLES) < accuracy
            given = np.where(knows, answers[task], (answers[task] + 1) % OPTIONS[task])
            rows = [_row(task, place, *pair) for place, pair in enumerate(zip(answers[task], given, strict=True))]
            (folder / run / f"{task}.json").write_text(json.dumps({"val": rows}), encoding="utf-8")


def _row(task: str, place: int, answer: int, given: int) -> dict[str, str]:
    letter = "ABCD"[given]
    reply = f"The answer is ({letter})."
    right = f"({'ABCD'[answer]})"
    return {"idx": f"val_{task}_{place}", "answer": right, "full_prediction": reply, "prediction": f"({letter})"}


def main(folder: Path) -> None:
    """Read the results, analyse them, and write the page."""
    write_results(folder / "answers")

    results = spillover.import_results(folder / "answers", base="base", pattern="{source}-seed{seed}")
    findings = spillover.analyze(results.data)
    spillover.write_report(findings, folder / "report.html")

    (model,) = findings.models
    print(model.matrix)
    found = np.argwhere(model.cells.q < 0.05)
    print("beyond noise, of 12 transfers:", [(model.matrix.sources[s], model.matrix.targets[t]) for s, t in found])
    print("true:                         ", list(TRUE_PGF))
    print(f"the page: {folder / 'report.html'}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "existing-results"))
