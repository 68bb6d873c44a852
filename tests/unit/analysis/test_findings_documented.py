"""docs/findings.md names everything that findings.json holds and every kind of warning."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from tests.unit.analysis.conftest import LETTERS, TASKS, draw_scores

from spillover.analysis import AnalysisSettings, Beside, WeightSimilarity, analyze
from spillover.analysis.additivity import Additivity, Agreement, Dose, PredictedCell
from spillover.analysis.cube import example_cube
from spillover.analysis.dose_curve import DoseCurve, DosePoint
from spillover.analysis.groups import GRANULARITIES, LEVELS
from spillover.analysis.leaders import Leader
from spillover.analysis.mixtures import MixtureCell
from spillover.analysis.tables import example_table
from spillover.analysis.verdict import Arm, ArmContrast, Promise, ProtectedTask, Verdict
from spillover.analysis.warned import FLAGGING
from spillover.core.scores import table_from_scores
from spillover.study.origin import SETTINGS

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8")
RAISED = re.compile(r'Warned\(\s*kind="(\w+)"')
NAMED = frozenset(re.findall(r"`(\w+)`", PAGE))


def test_every_name_of_a_model_and_of_a_leader_is_on_the_page():
    described = analyze(example_table(), AnalysisSettings(replicates=0, permutations=0)).to_json()
    names = {*described, *described["models"][0], *(field.name for field in fields(Leader)), "beyond_noise"}
    assert names <= NAMED
    assert "possible_errors" in NAMED


def names_in(value, told_apart_by):
    """Every key of JSON values, but for those that are names of things: tasks, models, letters."""
    if isinstance(value, dict):
        yield from (name for name in value if name not in told_apart_by)
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from names_in(inner, told_apart_by)


def test_every_nested_name_of_a_study_with_all_there_can_be_is_on_the_page():
    runs = [score for score in draw_scores() if score.source != "base"]
    rows = [score for model in ("tiny", "other") for score in draw_scores(model=model)]
    rows += [replace(score, protocol="generate", option_log_probabilities=None) for score in draw_scores()]
    rows += [replace(score, control="shuffled", adapter_key=f"{score.adapter_key}-shuffled") for score in runs]
    rows += [replace(score, fraction=0.5) for score in runs]
    similarity = WeightSimilarity(sources=TASKS, cosine=np.eye(len(TASKS)))
    settings = AnalysisSettings(replicates=20, permutations=5, attributes={"kind": dict.fromkeys(TASKS, "new")})
    beside = {"tiny": Beside(similarity=similarity, training=(), warnings=())}
    found = analyze(table_from_scores(rows), settings, beside=beside).to_json()
    for part in ("control_contrasts", "protocol_contrasts", "weights", "progress", "calibrated", "groups", "cliques"):
        assert any(model[part] for model in found["models"]), f"nothing of {part} would be seen"
    assert found["comparisons"]
    things = {*TASKS, *LETTERS, *LEVELS, *GRANULARITIES, *AnalysisSettings.model_fields, "new"}
    assert set(names_in(found, things)) <= NAMED


def test_every_name_of_a_cell_is_on_the_page():
    described = analyze(example_cube(), AnalysisSettings(replicates=0, permutations=0)).to_json()["models"][0]
    explained = frozenset(re.findall(r"`(\w+)`", PAGE.partition("**A cell**")[2].partition("**A leader**")[0]))
    assert set(described["cells"][0]) <= explained
    assert {"corrected", "corrected_for_examples"} <= NAMED


def test_every_name_of_the_provenance_is_on_the_page():
    provenance = analyze(example_table(), AnalysisSettings(replicates=0, permutations=0)).provenance
    assert {*provenance, *SETTINGS, "studies", "hashes", "computed", "files"} <= NAMED


@pytest.mark.parametrize(
    "of",
    [
        MixtureCell,
        Arm,
        ArmContrast,
        Promise,
        ProtectedTask,
        DoseCurve,
        DosePoint,
        Verdict,
        PredictedCell,
        Additivity,
        Agreement,
        Dose,
    ],
)
def test_every_name_of_a_mixture_is_on_the_page(of):
    assert {field.name for field in fields(of)} <= NAMED | {"name"}


def test_every_kind_of_warning_has_a_row_and_flagging_ones_stand_first():
    sources = (ROOT / "src").rglob("*.py")
    kinds = {kind for file in sources for kind in RAISED.findall(file.read_text(encoding="utf-8"))}
    rows = re.findall(r"^\| `(\w+)` \|", PAGE.partition("## Warnings")[2], re.MULTILINE)
    assert sorted(rows) == sorted(kinds)
    assert set(rows[: len(FLAGGING)]) == FLAGGING
