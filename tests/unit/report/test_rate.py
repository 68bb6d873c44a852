"""The false discovery rate of a study is one number, wherever findings are shown."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from io import StringIO

import numpy as np
import pytest
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from rich.console import Console, RenderableType

import spillover
from spillover.analysis import AnalysisSettings, Findings, ModelFindings, analyze
from spillover.core.published import AccuracyRow, AccuracyTable
from spillover.core.scores import BASE_SOURCE
from spillover.report.differences_in_terminal import differences_in_terminal
from spillover.report.drawing.files import drawings_of
from spillover.report.page import render_report
from spillover.report.side_by_side_in_terminal import comparison_in_terminal
from spillover.report.terminal import findings_in_terminal

TASKS = "abcd"


def table(model: str, sign: int) -> AccuracyTable:
    """Three transfers that are near to beyond noise, the others none."""
    rng = np.random.default_rng(3)
    runs = [(BASE_SOURCE, None), *((source, seed) for source in TASKS for seed in range(3))]
    rows = tuple(
        AccuracyRow(
            source=source,
            seed=seed,
            target=target,
            accuracy=0.5 + sign * effect + float(rng.normal(0, 0.01)),
            examples=300,
        )
        for source, seed in runs
        for target in TASKS
        for effect in [0.08 if source + target in ("ab", "bc", "cd") else 0.0]
    )
    return AccuracyTable(model=model, rows=rows, origin="made up")


def found_at(rate: float) -> Findings:
    settings = AnalysisSettings(false_discovery_rate=rate, replicates=200, permutations=0)
    return analyze([table("3B", 1), table("7B", -1)], settings)


@pytest.fixture(scope="module", params=[0.3, 0.01])
def findings(request: pytest.FixtureRequest) -> Findings:
    return found_at(request.param)


def counted(model: ModelFindings) -> int:
    return model.discoveries.helps + model.discoveries.harms


def framed(figure: Figure) -> int:
    """How many cells of a drawn heatmap are framed: the last patches that are laid over it."""
    *_, frames = (each for each in figure.axes[0].collections if isinstance(each, PatchCollection))
    return len(frames.get_paths())


def printed(laid_out: RenderableType) -> str:
    console = Console(file=StringIO(), width=150)
    console.print(laid_out)
    return console.file.getvalue()  # pyright: ignore[reportAttributeAccessIssue]


def test_these_findings_differ_by_the_rate():
    assert [sum(map(counted, found_at(rate).models)) for rate in (0.3, 0.01)] == [3, 0]


def test_every_drawn_heatmap_frames_what_the_findings_count(findings: Findings):
    for model in findings.models:
        assert model.discovered.sum() == counted(model)
        assert framed(spillover.plot_heatmap(model)) == counted(model)
        (drawing,) = (each for each in drawings_of(model) if each.name == "heatmap")
        figure = drawing.draw()
        assert framed(figure) == counted(model)
        key = f"stands a test (q ≤ {findings.settings.false_discovery_rate:.0%})"
        assert (key in [text.get_text() for text in figure.legends[0].get_texts()]) == (counted(model) > 0)


def test_a_heatmap_may_be_drawn_at_another_rate():
    (model, _) = found_at(0.01).models
    assert framed(spillover.plot_heatmap(model, rate=0.3)) == counted(found_at(0.3).models[0]) > 0


def test_terminals_and_the_page_tell_what_the_findings_count(findings: Findings):
    page, said = render_report(findings), printed(findings_in_terminal(findings, 150))
    beside = printed(comparison_in_terminal(findings))
    rate = findings.settings.false_discovery_rate
    assert json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])["rate"] == rate
    assert ("single transfers that can be told from none" in said) == any(map(counted, findings.models))
    for model in findings.models:
        found = model.discoveries
        assert f"{found.helps} / {found.harms} of 12" in beside
        assert f">{found.helps} / {found.harms}<" in page
        if counted(model):
            assert f"{counted(model)} of the 12 single transfers tested can be told from none" in said


def test_what_changed_is_listed_at_the_rate_by_the_page_and_by_terminals(findings: Findings):
    (difference,) = spillover.differences_of(findings)
    rate = findings.settings.false_discovery_rate
    sure = int((np.nan_to_num(difference.q, nan=1.0) <= rate).sum())
    line = f"{sure} of 12 changes stand a test at a false discovery rate of {rate:.0%}"
    assert line in printed(differences_in_terminal(findings))
    assert line in render_report(findings)


def test_the_page_needs_nothing_of_terminals():
    code = "import sys, spillover.report.page; print('rich' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
