"""PGF, its ceilings, and the cells in which it is undefined."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from spillover.analysis import AnalysisSettings, analyze
from spillover.analysis.facts import collect_facts
from spillover.analysis.pgf import (
    clear_rounding,
    example_transfers,
    perfection_gap_factor,
    resolve_ceilings,
    transfers_of_cube,
)
from spillover.core.errors import AnalysisError
from spillover.tasks.task import Task

QUICK = {"replicates": 0, "permutations": 0}


def test_the_whole_gap_closed_is_one_and_no_change_is_zero():
    finetuned, base = np.array([[[1.0, 0.25, 0.0]]]), np.array([[[0.5, 0.25, 0.5]]])
    assert perfection_gap_factor(finetuned, base, np.ones(3)).ravel().tolist() == [1.0, 0.0, -1.0]


def test_a_lower_ceiling_makes_the_same_gain_worth_more():
    finetuned, base = np.array([[[0.6]]]), np.array([[[0.5]]])
    assert perfection_gap_factor(finetuned, base, np.array([0.75])).item() == pytest.approx(0.4)


def test_epsilon_reproduces_the_papers_formula_only():
    finetuned, base = np.array([[[0.5]]]), np.array([[[1.0]]])
    assert np.isnan(perfection_gap_factor(finetuned, base, np.ones(1))).all()
    assert perfection_gap_factor(finetuned, base, np.ones(1), epsilon=1e-3).item() == pytest.approx(-500)


def test_rounding_noise_is_exactly_zero():
    assert clear_rounding(np.array([-1e-16, 1e-13])).tolist() == [0.0, 0.0]


def test_a_base_at_the_ceiling_is_undefined_with_its_reason(make_cube):
    scores = np.ones((2, 2, 2, 4))
    base = np.array([[[1, 1, 1, 1], [1, 0, 0, 0]]], dtype=float)
    cube = make_cube(scores, base, sources=("a", "b"), targets=("a", "b"))
    transfers = transfers_of_cube(cube, np.ones(2))
    assert {(cell.source, cell.target) for cell in transfers.undefined} == {("a", "a"), ("b", "a")}
    assert "at or above the ceiling" in transfers.undefined[0].reason
    assert transfers.defined.tolist() == [[False, True], [False, True]]


def test_a_base_at_the_ceiling_in_one_seed_leaves_the_cell_undefined(make_cube):
    base = np.array([[[1, 1]], [[1, 0]]], dtype=float)
    cube = make_cube(np.zeros((2, 1, 1, 2)), base, sources=("a",), targets=("b",))
    assert np.isnan(transfers_of_cube(cube, np.ones(1)).pgf).all()


def test_undefined_cells_are_counted_and_left_out(make_cube):
    base = np.array([[[1, 1, 1, 1], [1, 0, 0, 0], [1, 1, 0, 0]]], dtype=float)
    scores = np.ones((1, 3, 3, 4))
    names = ("a", "b", "c")
    model = analyze(make_cube(scores, base, sources=names, targets=names), AnalysisSettings(**QUICK)).models[0]
    described = analyze(make_cube(scores, base, sources=names, targets=names), AnalysisSettings(**QUICK)).to_json()
    assert model.summary.cells == 4
    assert model.summary.mean == 1.0
    assert described["models"][0]["pgf"][1][0] is None
    assert described["models"][0]["malleability"]["positive"]["a"] is None
    assert len(described["models"][0]["undefined"]) == 3
    assert "undefined" in {warned.kind for warned in model.warnings}


def test_all_cells_undefined_is_a_clear_partial_result(make_cube):
    cube = make_cube(np.ones((1, 2, 2, 3)), np.ones((1, 2, 3)), sources=("a", "b"), targets=("a", "b"))
    findings = analyze(cube, AnalysisSettings(permutations=0))
    assert findings.models[0].summary.mean is None
    assert findings.to_json()["models"][0]["mean_off_diagonal"] is None
    assert "no gap to close" in findings.sentences[0]


def test_one_task_is_a_clear_partial_result(make_cube):
    rng = np.random.default_rng(0)
    cube = make_cube(
        rng.integers(0, 2, (2, 1, 1, 20)).astype(float), np.array([[[1.0, 0] * 10]]), sources=("a",), targets=("a",)
    )
    findings = analyze(cube)
    described = findings.to_json()["models"][0]
    assert described["mean_off_diagonal"] is None
    assert described["variance"] is None
    assert described["cells"][0]["q"] is None
    assert "only one task" in findings.sentences[0]


def test_named_ceilings_come_from_the_facts():
    facts = collect_facts(["Jigsaw", "Relative_Depth"])
    settings = AnalysisSettings(ceiling={"Jigsaw": "human", "Relative_Depth": "specialist"})
    assert resolve_ceilings(settings, ("Jigsaw", "Relative_Depth"), facts, {}).tolist() == [0.99, 0.976]


def test_the_best_observed_score_is_a_ceiling(random_cube):
    cube = random_cube()
    model = analyze(cube, AnalysisSettings(ceiling="best", **QUICK)).models[0]
    assert np.nanmax(model.matrix.values) == pytest.approx(1.0)


def test_an_unknown_human_score_is_an_error():
    with pytest.raises(AnalysisError, match=r"no such ceiling is known for my_task \(human\)"):
        resolve_ceilings(AnalysisSettings(ceiling="human"), ("my_task",), collect_facts(["my_task"]), {})


@pytest.mark.parametrize("ceiling", [95.3, 0, -1, {"Jigsaw": 99}])
def test_a_ceiling_in_percent_or_out_of_range_is_refused(ceiling):
    with pytest.raises(ValidationError, match="a ceiling is a fraction"):
        AnalysisSettings(ceiling=ceiling)


def test_settings_refuse_what_they_do_not_know():
    with pytest.raises(ValidationError, match="did you mean ceiling"):
        AnalysisSettings(celing=1)


def test_settings_take_what_a_command_line_gives():
    assert AnalysisSettings(ceiling="1").ceiling == 1.0
    assert AnalysisSettings(ceiling="human").ceiling == "human"


def test_a_setting_about_an_unknown_target_is_an_error(random_cube):
    with pytest.raises(AnalysisError, match="not in the data: Jigsw"):
        analyze(random_cube(), AnalysisSettings(excluded_targets=("Jigsw",)))


def test_facts_have_different_abbreviations():
    facts = collect_facts(["Jigsaw", "Jolly_Game", "x_y", "x_z"])
    assert facts["Jolly_Game"].abbreviation != facts["Jigsaw"].abbreviation
    assert len({task.abbreviation for task in facts.values()}) == 4


def test_names_that_begin_alike_are_told_apart_by_how_they_end():
    facts = collect_facts([*(f"our_vqa_set_{number:02}" for number in range(12)), "Jigsaw"])
    assert facts["our_vqa_set_07"].abbreviation == "07"
    assert facts["Jigsaw"].abbreviation == "JG"
    taken = collect_facts(["our_set_JG", "our_set_JC", "Jigsaw"], [Task(name="our_set_JG", abbreviation="our_set_JG")])
    assert len({task.abbreviation for task in taken.values()}) == 3


def test_no_task_that_is_both_source_and_target_leaves_an_empty_square():
    transfers = example_transfers()
    apart = replace(transfers, sources=("a", "b"))
    assert not apart.own_cells.any()
    assert apart.among_tasks().transfer_cells.shape == (0, 0)
