"""Mixtures are sources of a study, but no tasks: whatever is said of tasks is said without them."""

import json
from dataclasses import replace

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from tests.unit.analysis.conftest import draw_scores
from tests.unit.analysis.made_mixtures import TARGETS, mixture_cube

from spillover.analysis import AnalysisSettings, Beside, WeightSimilarity, analyze, build_cubes
from spillover.analysis.carried import carry_analysis
from spillover.analysis.mixtures import leave_out_mixtures
from spillover.analysis.sampling import sample_transfers
from spillover.analysis.settings import VerificationSettings
from spillover.core.scores import table_from_scores
from spillover.tasks.settings import Recipe

SETTINGS = AnalysisSettings(replicates=200, permutations=20)
RECIPE = Recipe(parts={"Jigsaw": 1, "Counting": 1}, predicted={"Jigsaw": (0.3, 0.2, 0.4)})
EFFECTS = {"Jigsaw": 0.2, "Counting": 0.1, "both": 0.45, "other": 0.0, "third": -0.2}
MIXTURES = dict.fromkeys(("both", "other", "third"), RECIPE)
ASKED = VerificationSettings(targets=("Jigsaw",), chosen="both", random=("other", "third"), direct="Jigsaw")


def made(effects=EFFECTS, **known):
    return mixture_cube(np.random.default_rng(0), effects, mixtures=MIXTURES, **known)


def described(cube, **beside):
    return analyze(cube, SETTINGS, beside=beside).to_json()["models"][0]


def test_all_that_is_said_of_tasks_is_what_is_said_without_the_mixtures():
    cube = made(verifications=(ASKED,))
    with_mixtures, without = described(cube), described(leave_out_mixtures(cube))
    theirs = {"mixtures", "verdicts", "additivity", "warnings"}
    assert {name: value for name, value in with_mixtures.items() if name not in theirs} == {
        name: value for name, value in without.items() if name not in theirs
    }
    assert with_mixtures["sources"] == ["Jigsaw", "Counting"]
    assert without["mixtures"] == without["verdicts"] == []


def test_what_mixtures_did_stands_by_itself():
    found = {each["mixture"]: each for each in described(made())["mixtures"]}
    assert list(found) == ["both", "other", "third"]
    assert found["both"]["parts"] == {"Jigsaw": 1, "Counting": 1}
    jigsaw, counting = found["both"]["cells"]
    assert (jigsaw["target"], counting["target"]) == TARGETS
    assert jigsaw["observed"]["pgf"] == pytest.approx(0.9, abs=0.1)
    assert jigsaw["observed"]["low"] < jigsaw["observed"]["pgf"] < jigsaw["observed"]["high"]
    assert jigsaw["predicted"] == {"pgf": 0.3, "low": 0.2, "high": 0.4}
    assert counting["predicted"] is None
    assert counting["calibrated"] is None


def test_warnings_are_drawn_from_mixtures_too():
    cube = made()
    places = [cube.sources.index(name) for name in MIXTURES]
    collapsed = []
    for block in cube.blocks:
        given, scores = block.given.copy(), block.scores.copy()
        answers = np.arange(len(block.answers)) % 2
        given[:, places], scores[:, places] = 0, (answers == 0)[None, None]
        collapsed.append(replace(block, answers=answers, given=given, scores=scores))
    warnings = described(replace(cube, blocks=tuple(collapsed)))["warnings"]
    assert [each["tasks"] for each in warnings if each["kind"] == "collapse"] == [["Jigsaw"], ["Counting"]]


@pytest.mark.parametrize("verifications", [(), (ASKED,)])
def test_a_study_of_nothing_but_mixtures_is_analysed(verifications):
    effects = {name: EFFECTS[name] for name in MIXTURES}
    cube = made(effects, verifications=verifications)
    findings = analyze(cube, SETTINGS)
    model = json.loads(findings.dump())["models"][0]
    assert model["sources"] == model["pgf"] == []
    assert model["mean_off_diagonal"] is None
    assert len(model["mixtures"]) == 3
    assert len(model["verdicts"]) == len(verifications)
    assert findings.models[0].is_about_mixtures
    assert not any("finetuning on one task" in sentence for sentence in findings.sentences)
    assert "both" in repr(findings)
    assert "both" in findings.models[0].to_html()
    assert analyze({"3B": cube, "7B": cube}, SETTINGS).comparisons == ()


def test_the_verdict_is_said_first_and_alone_where_nothing_else_was_asked():
    both = analyze(made(verifications=(ASKED,)), SETTINGS)
    assert both.sentences[0].startswith("m: the mixture chosen for Jigsaw")
    assert any("finetuning on one task" in sentence for sentence in both.sentences), "Counting is nobody's rival"
    assert not both.models[0].is_about_mixtures

    effects = {name: effect for name, effect in EFFECTS.items() if name != "Counting"}
    alone = analyze(made(effects, verifications=(ASKED,)), SETTINGS)
    assert alone.models[0].is_about_mixtures
    assert not any("finetuning on one task" in sentence for sentence in alone.sentences)


def test_a_task_and_a_mixture_without_a_verdict_are_still_a_matrix():
    found = analyze(made({"Jigsaw": 0.2, "both": 0.3}), SETTINGS)
    assert not found.models[0].is_about_mixtures
    assert found.sentences[0].startswith("m: finetuning on one task")
    assert "adding up" in found.sentences[-1]


def test_updates_of_mixtures_tell_nothing_of_tasks():
    similarity = WeightSimilarity(sources=("Jigsaw", "Counting", "both"), cosine=np.eye(3))
    assert described(made(), m=Beside(similarity=similarity))["weights"]["correlation"]["pairs"] == 2


@pytest.fixture
def carried():
    rows = draw_scores(("Jigsaw", "Counting", "Relative_Depth"))
    recipe = {"Relative_Depth": RECIPE}  # as if this source had been a mixture
    asked = VerificationSettings(targets=("Jigsaw",), chosen="Relative_Depth", direct="Jigsaw")
    return carry_analysis(table_from_scores(rows), SETTINGS, mixtures=recipe, verifications=[asked])


def test_scores_carry_which_sources_are_mixtures_wherever_they_go(carried, tmp_path):
    pq.write_table(carried, tmp_path / "scores.parquet")
    for table in (
        carried,
        carried.filter(pc.field("target") != "Counting"),
        pq.read_table(tmp_path / "scores.parquet"),
    ):
        (model,) = analyze(table).models
        assert model.matrix.sources == ("Jigsaw", "Counting")
        assert [verdict.settings.chosen for verdict in model.verdicts] == ["Relative_Depth"]
        assert model.additivity.overall.cells == 1


def test_a_study_of_nothing_but_mixtures_is_analysed_with_the_answer_prior_taken_out(carried):
    mixtures = dict.fromkeys(("Jigsaw", "Counting", "Relative_Depth"), RECIPE)
    (model,) = analyze(carry_analysis(carried, SETTINGS, mixtures=mixtures)).models
    assert model.matrix.sources == model.calibrated.matrix.sources == ()
    assert np.isfinite(model.mixtures.calibrated.values).all()


def test_nobody_chooses_a_mixture_from_mixtures(carried):
    (sample,) = sample_transfers(carried, SETTINGS, replicates=100)
    assert sample.sources == ("Jigsaw", "Counting")
    assert sample.targets == ("Jigsaw", "Counting", "Relative_Depth")
    (cube,) = build_cubes(carried)
    only = replace(cube, mixtures=dict.fromkeys(cube.sources, RECIPE))
    assert sample_transfers(only, SETTINGS, replicates=100) == []
