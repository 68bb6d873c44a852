import re
from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from spillover.analysis import analyze
from spillover.core.published import PGFRow, PGFTable
from spillover.report.colours import colour_of, ink_on
from spillover.report.page import render_report
from spillover.report.terminal import findings_in_terminal

EVIL = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def findings():
    rng = np.random.default_rng(0)
    names = ["Jigsaw", "Counting", EVIL]
    rows = tuple(
        PGFRow(seed=seed, source=source, target=target, pgf=float(rng.normal(0, 0.1)))
        for seed in (0, 1)
        for source in names
        for target in names
    )
    return analyze(PGFTable(model=EVIL, rows=rows, examples={}, origin=EVIL))


def test_names_from_files_are_escaped(findings):
    page = render_report(findings, {EVIL: EVIL})
    assert EVIL not in page
    assert "&lt;script&gt;" in page


def test_the_page_needs_nothing_from_elsewhere(findings):
    page = render_report(findings)
    assert not re.search(r"(src|href)\s*=|@import|url\(", page)


def test_every_cell_stands_on_the_page(findings):
    page = render_report(findings)
    for value in findings.models[0].matrix.values.flatten():
        assert f">{value:+.2f}</td>" in page


def test_thirteen_tasks_fit_a_narrow_terminal(findings):
    console = Console(width=80, record=True, file=StringIO())
    console.print(findings_in_terminal(findings, 80))
    text = console.export_text()
    assert "JG" in text
    assert "gives" in text


@pytest.mark.parametrize("value", [-1.0, -0.5, -0.1, 0.0, 0.1, 0.5, 1.0])
def test_ink_can_be_read_on_every_colour(value):
    def luminance(rgb):
        linear = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in rgb]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    background = colour_of(value, 1.0)
    dark, light = sorted((luminance(background), luminance(ink_on(background))))
    assert (light + 0.05) / (dark + 0.05) >= 4.5
