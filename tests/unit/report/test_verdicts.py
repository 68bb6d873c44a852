"""A verifying study on the page, in the terminal and among the figures."""

import csv
import re
from dataclasses import replace
from io import StringIO
from itertools import combinations

import numpy as np
import pytest
from rich.console import Console
from tests.unit.analysis.made_mixtures import TARGETS, mixture_cube

import spillover
from spillover.analysis import AnalysisSettings, analyze
from spillover.analysis.additivity import Agreement, PredictedCell
from spillover.analysis.paired import Estimate
from spillover.analysis.settings import VerificationSettings
from spillover.analysis.verdict_words import CALLED
from spillover.core.errors import AnalysisError
from spillover.report.doses import dose_rows, lay_out_doses
from spillover.report.drawing.files import write_figures
from spillover.report.drawing.verdicts import draw_additivity, draw_doses
from spillover.report.figures.verdicts import mixture_layers, predicted_cells
from spillover.report.page import render_report
from spillover.report.points import LINE, lay_out_points
from spillover.report.terminal import findings_in_terminal
from spillover.report.verdicts import UNTOLD, agreement_rows, lay_out_bars, left_out_rows, verdict_facts, verdict_rows
from spillover.tasks.settings import Recipe

EVIL = "<b>best</b>"
EFFECTS = {"chosen": 0.3, "random-1": 0.0, "random-2": 0.02, EVIL: 0.3, "direct": -0.2}
RECIPE = Recipe(parts={"a": 1, "b": 1}, predicted={"Jigsaw": (0.5, 0.4, 0.6)})
ASKED = {"chosen": "chosen", "random": ("random-1", "random-2"), "best_single": EVIL, "direct": "direct"}


def found(effects=EFFECTS, recipe=RECIPE, **asked):
    mixtures = dict.fromkeys(("chosen", "random-1", "random-2"), recipe)
    verification = VerificationSettings.model_validate({"targets": TARGETS, **ASKED, **asked})
    cube = mixture_cube(np.random.default_rng(0), effects, mixtures=mixtures, verifications=(verification,))
    return analyze(cube, AnalysisSettings(replicates=0, permutations=0))


@pytest.fixture(scope="module")
def findings():
    return found()


@pytest.fixture(scope="module")
def guarding():
    """Chosen for one target, so that its prediction is whole, and held to another."""
    return found(targets=("Jigsaw",), protected=("Counting",), tolerance=0.05)


@pytest.fixture(scope="module")
def verdict(findings):
    return findings.models[0].verdicts[0]


def shown(findings, width=120):
    stream = StringIO()
    Console(file=stream, width=width).print(findings_in_terminal(findings, width))
    return stream.getvalue()


def test_rows_are_the_mean_and_then_each_target_with_a_verdict_on_the_mean(verdict):
    rows = verdict_rows(verdict)
    assert [row.on for row in rows[::4]] == ["mean", *TARGETS]
    assert [row.name for row in rows[:4]] == list(CALLED.values())
    assert [row.outcome for row in rows[:4]] == ["", verdict.contrasts[0].outcome, "open", "better"]
    assert not any(row.outcome for row in rows[4:])
    assert rows[0].difference == ""


def test_what_was_predicted_stands_under_the_ways_to_train(guarding):
    (verdict,) = guarding.models[0].verdicts
    rows = verdict_rows(verdict)
    assert [row.name for row in rows] == [*CALLED.values(), "predicted"]
    assert rows[-1].pgf == "+0.50 (+0.40 to +0.60)"
    assert rows[-1].outcome == verdict.promise.outcome


def test_bars_stand_on_zero_and_whiskers_enclose_their_ends(verdict):
    chart = lay_out_bars(verdict)
    assert len(chart.bars) == 4 * 3
    chosen, direct = chart.bars[0], chart.bars[3]
    assert chosen.y + chosen.height == pytest.approx(chart.zero)
    assert direct.y == pytest.approx(chart.zero)
    for bar in chart.bars:
        assert 0 <= bar.high <= bar.low <= chart.height
        assert bar.x + chart.bar <= chart.width
    assert "0.00" in {text for _, text in chart.ticks}


def test_only_what_mixtures_were_chosen_for_is_listed(guarding):
    (model,) = guarding.models
    assert {cell.target for cell in predicted_cells(model.additivity, model.verdicts)} == {"Jigsaw"}
    assert predicted_cells(model.additivity, []) == list(model.additivity.cells)


def test_facts_are_coloured_only_beyond_noise(guarding):
    facts = {fact.label: fact for fact in verdict_facts(guarding.models[0].verdicts[0])}
    assert facts["PGF of the choice"].sign == "gain"
    assert facts["minus best single source"].sign == ""
    assert facts["on Counting"].note == "held"
    assert "observed − predicted" in facts


def test_page_and_terminal_and_words_say_the_same(findings, verdict):
    page, text = render_report(findings), shown(findings)
    for row in verdict_rows(verdict):
        assert row.pgf in page
        assert row.pgf in text
    for row in agreement_rows(findings.models[0].additivity):
        assert row.miss in page
        assert row.miss in text
    assert EVIL not in page
    assert page.count("<rect") == 12
    assert "Did effects add up?" in page
    assert "did effects add up?" in text
    (said,) = [sentence for sentence in findings.sentences if "targets' own data" in sentence]
    assert "is better than the targets' own data, direct" in said


def test_protected_tasks_stand_in_the_verdict(guarding):
    for told in (render_report(guarding), shown(guarding)):
        assert "by more than 0.05 PGF" in told
        assert re.search(r"Counting\b.*\+0\.\d\d \(.*held", told, re.DOTALL)


def test_another_dose_stands_beside_what_adds_up():
    told = "redictions come from sources trained on 2,000 examples"
    recipe = RECIPE.model_copy(update={"measured_with": 2000})
    for measured, count in ((recipe, 2), (RECIPE, 0)):  # among the sentences, and beside the table
        findings = found(recipe=measured)
        assert render_report(findings).count(told) == count
        assert " ".join(shown(findings).split()).count(told) == count


def test_the_page_opens_with_the_verdict_and_leaves_out_what_has_nothing_to_say(findings):
    page = render_report(findings)
    opening = page.partition("What it says")[0]
    assert "The mixture chosen for Jigsaw, Counting is better than" in opening
    assert "<svg" in opening
    for part in ("Who moves whom", "Givers and takers", "The tasks", "Which data to train on"):
        assert f"<h2>{part}</h2>" not in page
    assert "<h1>Finetune a model" not in page
    text = shown(findings)
    assert text.index("verified") < text.index("PGF · m")
    assert "givers and takers" not in text


def test_a_study_of_tasks_keeps_its_parts_and_shows_its_mixtures_beside_them():
    effects = EFFECTS | {"Jigsaw": 0.1, "Counting": 0.2}
    page = render_report(found(effects))
    for part in ("<h1>Finetune a model", ">Who moves whom<", ">The tasks<", "<h2>Mixtures</h2>", "Did effects add up?"):
        assert part in page
    assert "verified" in shown(found(effects))


def test_a_study_of_nothing_but_mixtures_has_a_page_and_figures(tmp_path):
    only = found({name: EFFECTS[name] for name in ("chosen", "random-1", "random-2")})
    page = render_report(only)
    assert "3 mixtures and 0 single sources" in page
    assert page.count('<table class="heat"') == 1
    assert "PGF · m · letters · 3 seeds · mixtures" in shown(only)
    names = {path.name for path in write_figures(only, tmp_path)}
    assert {"verdict.svg", "additivity.csv", "heatmap_mixtures.png"} <= names
    assert not {name for name in names if name.startswith(("graph", "profiles"))}


@pytest.fixture(scope="module")
def dosed():
    """The best single source at a quarter and at half of the dose, which do as much as the whole."""
    mixtures = dict.fromkeys(("chosen", "random-1", "random-2"), RECIPE)
    mixtures |= {f"a-{dose:.0%}": Recipe(parts={EVIL: round(1000 * dose)}, dose=dose) for dose in (0.25, 0.5)}
    verification = VerificationSettings.model_validate({"targets": TARGETS, **ASKED, "doses": ("a-25%", "a-50%")})
    effects = EFFECTS | {"a-25%": 0.3, "a-50%": 0.3}
    cube = mixture_cube(np.random.default_rng(0), effects, mixtures=mixtures, verifications=(verification,))
    return analyze(cube, AnalysisSettings(replicates=0, permutations=0))


def test_smaller_doses_are_told_on_the_page_in_the_terminal_and_in_words(dosed):
    (verdict,) = dosed.models[0].verdicts
    page, text = render_report(dosed), shown(dosed, width=80)
    rows = dose_rows(verdict.dose_curve)
    assert [row.examples for row in rows] == ["250 (25%)", "500 (50%)", "all"]
    assert [row.outcome for row in rows] == ["more", "more", ""]
    for row in rows:
        for told in (row.pgf, row.linear, row.miss):
            assert told in page
            assert told in text
    assert page.count("Is the best single source linear in dose?") == 1
    assert "3 mixtures, 2 single sources and 2 smaller doses of one trained on" in page
    assert sum("its effect saturates" in sentence for sentence in dosed.sentences) == 1
    assert EVIL not in page
    (described,) = dosed.to_json()["models"][0]["verdicts"]
    assert [point["dose"] for point in described["dose_curve"]["points"]] == [0.25, 0.5]


def test_without_smaller_doses_nothing_is_said_of_them(findings):
    for told in (render_report(findings), shown(findings)):
        assert "linear in dose?" not in told


def test_doses_above_the_dashed_line_do_more_than_their_share(dosed):
    curve = dosed.models[0].verdicts[0].dose_curve
    chart = lay_out_doses(curve)
    x1, y1, x2, y2 = chart.linear
    quarter, half, whole = chart.marks
    assert (whole.x, whole.y) == pytest.approx((x2, y2))
    for mark, share in ((quarter, 0.25), (half, 0.5)):
        assert (mark.x - x1) / (x2 - x1) == pytest.approx(share)
        assert mark.y < y1 + share * (y2 - y1)
        assert mark.high < mark.y < mark.low <= chart.bottom


def test_figures_hold_the_numbers_of_the_doses(dosed, tmp_path):
    write_figures(dosed, tmp_path)
    rows = list(csv.DictReader((tmp_path / "doses.csv").read_text().splitlines()))
    curve = dosed.models[0].verdicts[0].dose_curve
    assert [row["dose"] for row in rows] == ["0.25", "0.5", "1.0"]
    assert float(rows[0]["miss_low"]) == pytest.approx(curve.points[0].miss.low)
    assert float(rows[2]["pgf"]) == pytest.approx(curve.whole.pgf)
    axes = draw_doses(curve).axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["25%", "50%", "100%"]


def test_findings_keep_it_as_json(guarding):
    (model,) = guarding.to_json()["models"]
    (described,) = model["verdicts"]
    assert described["settings"]["chosen"] == "chosen"
    assert described["contrasts"][2]["outcome"] == "better"
    assert described["promise"]["expected"] == {"pgf": 0.5, "low": 0.4, "high": 0.6}
    assert described["protected"][0]["outcome"] == "held"
    assert model["additivity"]["overall"]["cells"] == 3


def agreed(slope, cells=4):
    return Agreement(cells=cells, slope=slope, low=slope - 1, high=slope + 1, miss=0.1, miss_of_no_change=0.2)


def leaving_out(**without):
    model = found(targets=("Jigsaw",)).models[0]
    return replace(model.additivity, overall=agreed(1.5, cells=5), without=without)


def test_parts_are_left_out_only_where_that_tells_of_another_slope():
    left = leaving_out(
        a=agreed(0.5), as_well=agreed(0.5), same=agreed(1.501), few=agreed(0.1, cells=2), none=agreed(float("nan"))
    )
    (row,) = left_out_rows(left)
    assert (row.over, row.cells, row.slope) == ("a, as_well", 4, "0.50 (−0.50 to 1.50)")


@pytest.mark.parametrize(("without", "told"), [({"a": agreed(1.5)}, 1), ({"a": agreed(0.5)}, 0), ({}, 0)])
def test_where_leaving_out_tells_nothing_one_sentence_says_so(without, told):
    findings = found(targets=("Jigsaw",))
    changed = replace(findings.models[0], additivity=leaving_out(**without))
    findings = replace(findings, models=(changed,))
    assert render_report(findings).count(UNTOLD[1:]) == told
    assert " ".join(shown(findings).split()).count(UNTOLD) == told


def predicted(source, predicted, observed, reach=0.05):
    ends = ({"pgf": pgf, "low": pgf - reach, "high": pgf + reach} for pgf in (predicted, observed))
    expected, seen = (Estimate(**each) for each in ends)
    return PredictedCell(source=source, target="Jigsaw", predicted=expected, observed=seen)


def test_points_stand_on_the_dashed_line_where_predictions_came_true():
    chart = lay_out_points([predicted("a", 0.1, 0.1), predicted("b", 0.0, 0.3, reach=np.inf)])
    x1, y1, x2, y2 = chart.equal
    true, more = chart.points
    assert (true.x - x1) / (x2 - x1) == pytest.approx((true.y - y1) / (y2 - y1))
    assert more.y < y1 + (more.x - x1) / (x2 - x1) * (y2 - y1), "above the line"
    for point in chart.points:
        assert chart.left <= point.left <= point.x <= point.right <= chart.right
        assert chart.top <= point.high <= point.y <= point.low <= chart.bottom


def test_names_of_points_do_not_overlap_and_many_have_none():
    alike = [predicted(f"random-{number}", 0.05, 0.1 + 0.001 * number) for number in range(6)]
    places = sorted(point.name_y for point in lay_out_points(alike).points)
    assert min(np.diff(places)) > LINE - 1e-9
    many = [predicted(f"random-{number}", 0.0, 0.0) for number in range(13)]
    assert {point.name for point in lay_out_points(many).points} == {""}
    axes = draw_additivity(alike).axes[0]
    axes.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in axes.texts]
    assert len(boxes) == 6
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


def test_the_page_draws_what_adds_up():
    page = render_report(found(targets=("Jigsaw",)))
    assert page.count('stroke-dasharray="5 4"') == 1
    assert page.count("<circle") == 3
    assert "On the dashed line" in page


def test_figures_hold_the_numbers_of_the_verdict(findings, verdict, tmp_path):
    write_figures(findings, tmp_path)
    rows = list(csv.DictReader((tmp_path / "verdict.csv").read_text().splitlines()))
    assert len(rows) == 12
    assert float(rows[0]["pgf"]) == pytest.approx(verdict.arms[0].overall.pgf)
    assert float(rows[1]["chosen_minus_this_low"]) == pytest.approx(verdict.contrasts[0].overall.low)
    assert rows[1]["sources"] == "random-1, random-2"
    predictions = list(csv.DictReader((tmp_path / "additivity.csv").read_text().splitlines()))
    assert [row["mixture"] for row in predictions] == ["chosen", "random-1", "random-2"]
    assert {path.suffix for path in tmp_path.glob("verdict.*")} == {".csv", ".svg", ".pdf", ".png"}
    (layer,) = mixture_layers(findings.models[0])
    assert layer.sources == ("chosen", "random-1", "random-2")


def test_verdicts_can_be_plotted_and_their_absence_is_said(findings):
    axes = spillover.plot_verdict(findings).axes[0]
    heights = [bar.get_height() for bar in axes.patches]
    assert heights[0] == pytest.approx(findings.models[0].verdicts[0].arms[0].overall.pgf)
    assert len(heights) == 12
    assert spillover.plot_additivity(findings).axes[0].get_ylabel() == "observed PGF"
    cube = mixture_cube(np.random.default_rng(0), {"Jigsaw": 0.1, "Counting": 0.0})
    bare = analyze(cube, AnalysisSettings(replicates=0, permutations=0))
    for plot, missing in (
        (spillover.plot_verdict, "no mixture is verified"),
        (spillover.plot_additivity, "nothing was"),
    ):
        with pytest.raises(AnalysisError, match=missing):
            plot(bare)
