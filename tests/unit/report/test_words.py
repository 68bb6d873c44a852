"""What the page says in words agrees with what sentences and terminals say."""

from __future__ import annotations

import pytest

from spillover.analysis import AnalysisSettings, analyze
from spillover.analysis.discoveries import Discoveries
from spillover.core.published import AccuracyRow, AccuracyTable, PGFRow, PGFTable
from spillover.core.scores import BASE_SOURCE
from spillover.report.page import render_report
from spillover.report.words import facts, headline

SETTINGS = AnalysisSettings(replicates=50, permutations=0)


@pytest.fixture
def findings():
    """Three tasks that are source and target, one that is a source alone and one that is a target alone."""
    runs = [(BASE_SOURCE, None), *((source, seed) for source in "abcd" for seed in (0, 1))]
    rows = tuple(
        AccuracyRow(
            source=source,
            seed=seed,
            target=target,
            accuracy=0.5 if source == BASE_SOURCE else 0.2 + (seed or 0) / 100 if target == "x" else 0.51,
            examples=1000,
        )
        for source, seed in runs
        for target in "abcx"
    )
    return analyze(AccuracyTable(model="m", rows=rows, origin="here"), SETTINGS)


def test_every_transfer_that_was_tested_counts_wherever_it_is_told(findings):
    (model,) = findings.models
    assert model.discoveries.tested == 13  # each of four on three others, and the fourth on all
    assert "Of 13 single transfers " in headline(model)
    assert any("of the 13 single transfers tested of all sources and targets" in said for said in findings.sentences)
    fact = facts(model)[0]
    assert int(fact.figure.partition(" / ")[2]) >= 4  # what harms the target that is no source is among them
    assert fact.note.endswith("by sign alone among the 3 tasks that are both source and target")


@pytest.mark.parametrize(
    ("helps", "harms", "said"),
    [(0, 1, "none helps and 1 harms"), (2, 0, "2 help and none harms"), (1, 3, "1 helps and 3 harm")],
)
def test_transfers_that_were_found_are_counted_in_the_right_number(findings, monkeypatch, helps, harms, said):
    (model,) = findings.models
    monkeypatch.setattr(type(model), "discoveries", Discoveries(tested=13, helps=helps, harms=harms))
    assert f" {said} beyond noise" in headline(model)


def test_one_task_is_a_task():
    rows = tuple(PGFRow(seed=0, source="a", target=target, pgf=0.1) for target in "ab")
    page = render_report(analyze(PGFTable(model="m", rows=rows, examples={}, origin="here"), SETTINGS))
    assert "1 task finetuned on, 2 evaluated, 1 seed" in page
