"""How soon the page can be used, and how large it is: run `python benchmarks/page.py` (two minutes, and a chromium).

The page itself marks when its matrix is drawn (from then on it answers keys and the pointer) and when all figures are.
The first key is pressed as soon as the matrix stands there, and its answer awaited. Times on the clock are of one
machine, with whatever else it does at the time; *work* is the processor time of the page's main thread until the key is
answered and all figures are drawn, which other programs do not lengthen. `SPILLOVER_CHROMIUM` names another browser.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from playwright.sync_api import Browser, sync_playwright

from spillover.analysis import AnalysisSettings, analyze
from spillover.analysis.sampling import sample_transfers
from spillover.core.published import AccuracyRow, AccuracyTable
from spillover.core.scores import BASE_SOURCE
from spillover.report.figures.mixture import MOST_TASKS, panel_of
from spillover.report.page import write_report

EXAMPLES = 150
CASES = {"2 tasks": (2, 1), "13 tasks, 3 models": (13, 3), "50 tasks": (50, 1), "200 tasks": (200, 1)}
"""Tasks and models."""


def simulate_table(tasks: int, model: str, rng: np.random.Generator) -> AccuracyTable:
    """Draw accuracies of two seeds, each source with its own effect on each target."""
    names = [f"A task of number {number}" for number in range(tasks)]
    base = rng.uniform(0.3, 0.8, tasks)
    effects = rng.normal(0, 0.05, (1, tasks, tasks)) + rng.normal(0, 0.02, (2, tasks, tasks))
    accuracies = np.clip(base + effects, 0, 1)
    rows = [_row(BASE_SOURCE, None, target, float(base[place])) for place, target in enumerate(names)]
    rows += [
        _row(names[row], seed, names[column], float(accuracies[seed, row, column]))
        for seed, row, column in np.ndindex(2, tasks, tasks)
    ]
    return AccuracyTable(model=model, rows=tuple(rows), origin="simulated")


def _row(source: str, seed: int | None, target: str, accuracy: float) -> AccuracyRow:
    accuracy = round(float(accuracy) * EXAMPLES) / EXAMPLES
    return AccuracyRow(source=source, seed=seed, target=target, accuracy=accuracy, examples=EXAMPLES)


def write_page(tasks: int, models: int, file: Path) -> None:
    """Write the page of made-up studies."""
    rng = np.random.default_rng(0)
    tables = [simulate_table(tasks, f"{size}B", rng) for size in (3, 7, 32)[:models]]
    settings = AnalysisSettings(replicates=200, permutations=20)
    panels = []
    if tasks <= MOST_TASKS:
        samples = [sample for table in tables for sample in sample_transfers(table, settings, replicates=1000)]
        panels = [panel_of({"raw": sample, "calibrated": sample}, splits=0) for sample in samples]
    write_report(analyze(tables, settings), file, mixtures=panels)


def open_page(browser: Browser, file: Path) -> dict[str, float]:
    """Open a page once: milliseconds from the start of its loading, and of work."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    tools = page.context.new_cdp_session(page)
    tools.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.goto(file.as_uri(), wait_until="commit")
    page.wait_for_selector(".stage svg, .stage canvas", state="attached")
    page.locator(".stage").first.press("ArrowRight")
    page.locator("[data-figure=heatmap] .status", has_text="→").first.wait_for()
    answered = page.evaluate("performance.now()")
    page.wait_for_selector("html[data-ready=yes]")
    matrix, figures = (
        page.evaluate(f"performance.getEntriesByName('{mark}')[0].startTime") for mark in ("matrix", "figures")
    )
    metrics = {each["name"]: each["value"] for each in tools.send("Performance.getMetrics")["metrics"]}
    page.close()
    return {
        "work": 1000 * metrics["ThreadTime"],
        "matrix": matrix,
        "first key answered": answered,
        "all figures": figures,
    }


def measure(browser: Browser, folder: Path, rounds: int) -> list[dict[str, Any]]:
    """Measure every case: the median of its rounds, and the slowest."""
    found: list[dict[str, Any]] = []
    for name, (tasks, models) in CASES.items():
        file = folder / f"{tasks}.html"
        write_page(tasks, models, file)
        times = [open_page(browser, file) for _ in range(rounds)]
        row: dict[str, Any] = {"case": name, "megabytes": round(file.stat().st_size / 1e6, 2)}
        for mark in times[0]:
            row[mark] = round(median(each[mark] for each in times))
            row[f"{mark}, slowest"] = round(max(each[mark] for each in times))
        found.append(row)
    return found


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often every page is opened")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    named = os.environ.get("SPILLOVER_CHROMIUM")
    chromium = named or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        sys.exit("no chromium is installed: name one in SPILLOVER_CHROMIUM")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        found = measure(browser, Path(folder), chosen.rounds)
        browser.close()
    if chosen.json:
        print(json.dumps(found, indent=1))
        return
    for row in found:
        marks = ("work", "matrix", "first key answered", "all figures")
        times = ", ".join(f"{mark} {row[mark]} ms (slowest {row[f'{mark}, slowest']})" for mark in marks)
        print(f"{row['case']}: {row['megabytes']} MB; {times}")


if __name__ == "__main__":
    main()
