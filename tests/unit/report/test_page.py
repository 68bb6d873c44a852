import json
import re
from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from spillover.analysis import analyze
from spillover.analysis.training import TrainingCurve
from spillover.core.numbers import brief
from spillover.core.published import PGFRow, PGFTable
from spillover.report.colours import colour_of, ink_on
from spillover.report.page import render_report
from spillover.report.terminal import findings_in_terminal

EVIL = "<script>alert(1)</script>"


def table(names, model="7B", seeds=(0, 1), examples=None):
    rng = np.random.default_rng(0)
    rows = tuple(
        PGFRow(seed=seed, source=source, target=target, pgf=float(rng.normal(0, 0.1)))
        for seed in seeds
        for source in names
        for target in names
    )
    return PGFTable(model=model, rows=rows, examples=examples or {}, origin=EVIL)


@pytest.fixture(scope="module")
def findings():
    return analyze(table(["Jigsaw", "Counting", EVIL], EVIL))


def data_of(page):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)[1])


def test_names_from_files_are_escaped(findings):
    page = render_report(findings, {EVIL: EVIL})
    assert EVIL not in page
    assert "&lt;script&gt;" in page
    assert page.count("</script>") == 2  # of the numbers, and of the page's own script


def test_the_page_needs_nothing_from_elsewhere(findings):
    page = render_report(findings)
    assert not re.search(r"\s(src|href)\s*=\s*[\"'](?!#)|@import|url\((?!#)", page)


def test_the_numbers_of_the_figures_are_json_in_the_page(findings):
    page = render_report(findings)
    (model,) = data_of(page)["models"]
    assert model["layers"][0]["sources"] == ["Jigsaw", "Counting", EVIL]


def test_every_cell_stands_on_the_page(findings):
    page = render_report(findings)
    for value in findings.models[0].matrix.values.flatten():
        assert f">{brief(value)}</td>" in page


def test_several_models_get_a_tab_each_and_stand_side_by_side():
    page = render_report(analyze([table("abc", "3B"), table("abc", "7B")]))
    assert page.count('role="tab"') == page.count('class="model"') == 2
    assert "side by side" in page


def test_many_tasks_are_no_table():
    page = render_report(analyze(table([f"task {number}" for number in range(51)], seeds=(0,))))
    assert 'class="heat"' not in page
    assert "heatmap.csv" in page


def test_thirteen_tasks_and_three_models_stay_small():
    names = [f"Task_{number}_with_a_long_name" for number in range(13)]
    page = render_report(analyze([table(names, model) for model in ("3B", "7B", "32B")]))
    assert len(page.encode()) < 3_000_000


def test_thirteen_tasks_fit_a_narrow_terminal(findings):
    console = Console(width=80, record=True, file=StringIO())
    console.print(findings_in_terminal(findings, 80))
    text = console.export_text()
    assert "JG" in text
    assert "gives" in text


@pytest.mark.parametrize(("width", "times"), [(30, 1), (80, 0)])
def test_abbreviations_are_explained_once_where_no_row_does(findings, width, times):
    console = Console(width=width, file=StringIO())
    console.print(findings_in_terminal(findings, width))
    assert console.file.getvalue().count("JG=Jigsaw") == times


def printed(findings, width):
    console = Console(width=width, file=StringIO())
    console.print(findings_in_terminal(findings, width))
    return console.file.getvalue()


@pytest.fixture(scope="module")
def alike():
    """Thirty tasks whose names begin alike."""
    return analyze(table([f"internal_vqa_dataset_{number:02}" for number in range(30)]))


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_columns_whose_names_begin_alike_are_told_apart_in_a_terminal_and_none_is_cut(alike, width):
    text = printed(alike, width)
    assert "…" not in text
    assert text.count("names without internal_vqa_dataset_") == 1
    heads = [line.split()[4:] for line in text.splitlines() if line.startswith("on ↓  to →")]
    assert [head for line in heads for head in line] == [f"{number:02}" for number in range(30)]


def test_long_names_are_broken_between_their_words():
    found = analyze(table(["Functional_Correspondence", "Semantic_Correspondence", "Relative_Depth"]))
    (model,) = found.models
    sure = replace(model, cells=replace(model.cells, q=np.zeros_like(model.cells.q)))
    singles = printed(replace(found, models=(sure,)), 60).partition("single transfers that can be told")[2]
    words = set(singles.partition("givers")[0].split())
    assert {"Functional_", "Semantic_", "Correspondence", "Relative_Depth"} <= words


@pytest.mark.parametrize("colours", [None, "truecolor"])
def test_colours_are_explained_where_there_are_any(findings, colours):
    console = Console(width=80, file=StringIO(), force_terminal=colours is not None, color_system=colours)
    console.print(findings_in_terminal(findings, 80))
    assert ("colours: " in console.file.getvalue()) == (colours is not None)


@pytest.mark.parametrize("value", [-1.0, -0.5, -0.1, 0.0, 0.1, 0.5, 1.0])
def test_ink_can_be_read_on_every_colour(value):
    def luminance(rgb):
        linear = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in rgb]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    background = colour_of(value, 1.0)
    dark, light = sorted((luminance(background), luminance(ink_on(background))))
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_training_is_drawn_folded_and_stays_small_for_many_tasks(findings):
    point = {"steps": tuple(range(1, 101)), "loss": (0.5,) * 100, "learning_rate": (0.1,) * 100}
    curves = tuple(
        TrainingCurve(source=f"{EVIL}{task}", control=None, seed=seed, gradient_norm=(1.0,) * 100, **point)
        for task in range(300)
        for seed in (0, 1)
    )
    trained = replace(findings, models=(replace(findings.models[0], training=curves),))
    without, page = render_report(findings), render_report(trained)
    assert "How the training went" not in without
    assert page.count("<polyline") == 3
    assert EVIL not in page
    assert len(page) - len(without) < 20_000


def test_of_very_many_tasks_the_page_holds_less_and_says_so(monkeypatch):
    findings = analyze(table([f"t{number}" for number in range(60)]))
    whole = render_report(findings)
    monkeypatch.setattr("spillover.report.figures.data.MOST_DETAILED", 50)
    page = render_report(findings)
    (model,) = data_of(page)["models"]
    assert [layer["name"] for layer in model["layers"]] == ["raw"]
    assert model["layers"][0]["low"] is None
    assert model["layers"][0]["q"] == data_of(whole)["models"][0]["layers"][0]["q"]
    assert "the page holds PGF and q alone" in page
    assert "the page holds PGF and q alone" not in whole
    assert len(page) < 0.8 * len(whole)


def test_a_matrix_that_no_terminal_can_hold_is_not_printed():
    console = Console(file=StringIO(), width=200)
    console.print(findings_in_terminal(analyze(table([f"t{number}" for number in range(51)])), 200))
    said = console.file.getvalue()
    assert "51 × 51: too many to print" in said
    assert "on ↓  to →" not in said
    assert "what it says" in said
