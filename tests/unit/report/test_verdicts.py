from io import StringIO

import numpy as np
import pytest
from rich.console import Console
from tests.unit.analysis.made_mixtures import TARGETS, mixture_cube

from spillover.analysis import AnalysisSettings, Beside, analyze
from spillover.analysis.settings import VerificationSettings
from spillover.report.page import render_report
from spillover.report.terminal import findings_in_terminal
from spillover.report.verdicts import lay_out_bars, predicted_cells, verdict_rows
from spillover.tasks.settings import Recipe

EVIL = "<b>best</b>"
EFFECTS = {"chosen": 0.3, "random-1": 0.0, "random-2": 0.02, EVIL: 0.3, "direct": -0.2}


@pytest.fixture(scope="module")
def findings():
    asked = VerificationSettings(
        targets=TARGETS, chosen="chosen", random=("random-1", "random-2"), best_single=EVIL, direct="direct"
    )
    recipe = Recipe(parts={"a": 1, "b": 1}, predicted={"Jigsaw": (0.5, 0.4, 0.6)})
    beside = Beside(verifications=(asked,), mixtures={"chosen": recipe})
    cube = mixture_cube(np.random.default_rng(0), EFFECTS)
    return analyze(cube, AnalysisSettings(replicates=0, permutations=0), beside={"m": beside})


@pytest.fixture(scope="module")
def verdict(findings):
    return findings.models[0].verdicts[0]


def test_rows_are_the_mean_and_then_each_target_with_a_verdict_on_the_mean(verdict):
    rows = verdict_rows(verdict)
    assert [row.on for row in rows[::4]] == ["mean", *TARGETS]
    assert [row.name for row in rows[:4]] == ["chosen", "random", "best single", "direct"]
    assert [row.outcome for row in rows[:4]] == ["", verdict.contrasts[0].outcome, "open", "better"]
    assert not any(row.outcome for row in rows[4:])
    assert rows[0].difference == ""


def test_bars_stand_on_zero_and_whiskers_enclose_their_ends(verdict):
    chart = lay_out_bars(verdict)
    assert len(chart.bars) == 4 * 3
    chosen, direct = chart.bars[0], chart.bars[3]
    assert chosen.y + chosen.height == pytest.approx(chart.zero)
    assert direct.y == pytest.approx(chart.zero)
    for bar in chart.bars:
        assert 0 <= bar.high <= bar.low <= chart.height
        assert bar.x + chart.bar <= chart.width
    assert "+0.00" in {text for _, text in chart.ticks}


def test_only_what_mixtures_were_chosen_for_is_listed(findings):
    (model,) = findings.models
    assert [cell.target for cell in predicted_cells(model.additivity, model.verdicts)] == ["Jigsaw"]


def test_page_and_terminal_and_words_say_the_same(findings, verdict):
    page = render_report(findings)
    stream = StringIO()
    Console(file=stream, width=120).print(findings_in_terminal(findings, 120))
    text = stream.getvalue()
    for row in verdict_rows(verdict):
        assert row.pgf in page
        assert row.pgf in text
    assert EVIL not in page
    assert page.count("<rect") == 12
    assert "Did effects add up?" in page
    assert "did effects add up?" in text
    (said,) = [sentence for sentence in findings.sentences if "targets' own data" in sentence]
    assert "is better than the targets' own data, direct" in said


def test_findings_keep_it_as_json(findings):
    (described,) = findings.to_json()["models"][0]["verdicts"]
    assert described["settings"]["chosen"] == "chosen"
    assert described["contrasts"][2]["outcome"] == "better"
    assert findings.to_json()["models"][0]["additivity"]["overall"]["cells"] == 1
