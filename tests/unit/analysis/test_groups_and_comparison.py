"""Groups of tasks, several models side by side, progress of training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spillover.analysis import AnalysisSettings, analyze
from spillover.analysis.comparison import compare_models
from spillover.core.scores import table_from_scores

QUICK = AnalysisSettings(replicates=0, permutations=0)


def test_groups_by_level_and_granularity_average_their_members(table):
    model = analyze(table, QUICK).models[0]
    level = next(group for group in model.groups if group.attribute == "level")
    assert level.groups == ("low", "mid", "high")
    assert level.members["low"] == ("Relative_Depth",)
    mean = model.matrix
    assert level.pgf[0, 2] == pytest.approx(mean.value("Relative_Depth", "Counting"))
    assert np.isnan(level.pgf[0, 0])  # the only transfer within "low" is a task to itself
    assert level.transferability["mid"][0] == pytest.approx(model.summary.transferability.positive["Jigsaw"])


def test_a_users_own_attribute_groups_tasks(table):
    settings = QUICK.model_copy(update={"attributes": {"kind": {"Jigsaw": "puzzle", "Counting": "puzzle"}}})
    group = next(group for group in analyze(table, settings).models[0].groups if group.attribute == "kind")
    assert group.groups == ("puzzle",)
    matrix = analyze(table, settings).models[0].matrix
    expected = (matrix.value("Jigsaw", "Counting") + matrix.value("Counting", "Jigsaw")) / 2
    assert group.pgf.item() == pytest.approx(expected)


def test_unknown_tasks_are_in_no_group(random_cube):
    assert analyze(random_cube(), QUICK).models[0].groups == ()


def test_models_stand_in_order_of_size(scores):
    rows = [replace(row, model=model) for model in ("big 32B", "small 3B") for row in scores()]
    findings = analyze(table_from_scores(rows), AnalysisSettings(replicates=200, permutations=0))
    (comparison,) = findings.comparisons
    assert comparison.models == ("small 3B", "big 32B")
    assert comparison.same_tasks
    assert any("overlap" in sentence for sentence in findings.sentences)
    described = findings.to_json()["comparisons"][0]
    assert [row["billions"] for row in described["models"]] == [3.0, 32.0]


@pytest.mark.parametrize(
    ("asked", "beside"),
    [
        (("letters",), "letters"),
        (("letters", "generate"), "generate"),
        (("imported",), "imported"),
    ],
)
def test_results_that_do_not_say_how_they_were_asked_are_compared_with_what_was_most_likely(scores, asked, beside):
    """A published table and a study of one's own are what a reproduction compares."""
    models = analyze(table_from_scores(scores()), QUICK).models
    told = [replace(models[0], transfers=replace(models[0].transfers, protocol=protocol)) for protocol in asked]
    table = replace(models[0], transfers=replace(models[0].transfers, model="7B", protocol="published"))
    (comparison,) = compare_models([*told, table])
    assert comparison.protocols == (beside, "published")
    assert comparison.pick([*told, table])[-1] is table


def test_models_of_different_tasks_are_not_called_comparable(scores):
    rows = [
        *(replace(row, model="3B") for row in scores()),
        *(replace(row, model="7B") for row in scores(("Jigsaw", "Counting"))),
    ]
    findings = analyze(table_from_scores(rows), QUICK)
    assert not findings.comparisons[0].same_tasks
    assert any("not comparable" in sentence for sentence in findings.sentences)


def test_progress_ends_at_the_end_of_training(scores):
    rows = scores()
    early = [replace(row, fraction=0.25) for row in scores(rng_seed=5) if row.source != "base"]
    model = analyze(table_from_scores([*rows, *early]), QUICK).models[0]
    assert [step.fraction for step in model.progress] == [0.25, 1.0]
    assert model.progress[-1].summary.mean == model.summary.mean
    assert np.array_equal(model.progress[-1].matrix.values, model.matrix.values)
    assert model.progress[-1].own_task == pytest.approx(np.diag(model.matrix.values).mean())


def test_only_the_end_has_no_progress(table):
    assert analyze(table, QUICK).models[0].progress == ()
