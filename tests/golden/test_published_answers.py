"""The item-level path on real answers: LLaVA-1.5-7B to BLINK as the base, GPT-4o as its finetuned model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from scipy import stats

from spillover.analysis import AnalysisSettings, Findings, analyze
from spillover.core.scores import BASE_SOURCE, Score, table_from_scores

ANSWERS = Path(__file__).resolve().parents[3] / "shared" / "data" / "blink-outputs"
pytestmark = pytest.mark.skipif(not ANSWERS.is_dir(), reason=f"BLINK's published answers are not at {ANSWERS}")

TASKS = ("Art_Style", "Counting", "Multi-view_Reasoning", "Spatial_Relation", "Visual_Correspondence")
OPTIONS = {"Counting": 4, "Visual_Correspondence": 4}
BASE_ACCURACY = {
    "Art_Style": 55 / 117,
    "Counting": 48 / 120,
    "Multi-view_Reasoning": 69 / 133,
    "Spatial_Relation": 88 / 143,
    "Visual_Correspondence": 44 / 172,
}
FINETUNED_ACCURACY = {
    "Art_Style": 97 / 117,
    "Counting": 59 / 120,
    "Multi-view_Reasoning": 79 / 133,
    "Spatial_Relation": 99 / 143,
    "Visual_Correspondence": 129 / 172,
}


def read_answers(model: str, source: str, seed: int | None) -> Iterator[Score]:
    for task in TASKS:
        letters = tuple(f"({letter})" for letter in "ABCD"[: OPTIONS.get(task, 2)])
        for row in json.loads((ANSWERS / model / f"{task}.json").read_text())["val"]:
            given = row["prediction"] if row["prediction"] != "(Z)" else None
            yield Score(
                model="llava",
                adapter_key=model,
                source=source,
                seed=seed,
                protocol="generate",
                target=task,
                target_key=task,
                example=row["idx"],
                score=float(row["prediction"] == row["answer"]),
                answer=row["answer"],
                answer_given=given,
                parse="none" if given is None else "parsed",
                reply=row["full_prediction"],
                options=letters,
            )


@pytest.fixture(scope="module")
def findings() -> Findings:
    """GPT-4o as if it were LLaVA finetuned on spatial relations: any source will do."""
    rows = [*read_answers("llava_v1.5_7b", BASE_SOURCE, None), *read_answers("GPT4o", "Spatial_Relation", 0)]
    return analyze(table_from_scores(rows), AnalysisSettings(replicates=500))


def test_accuracies_are_those_of_the_files(findings):
    model = findings.models[0]
    for target, accuracy in BASE_ACCURACY.items():
        assert model.base[target].accuracy == pytest.approx(accuracy)
    cells = {cell["target"]: cell for cell in findings.to_json()["models"][0]["cells"]}
    for target, accuracy in FINETUNED_ACCURACY.items():
        assert cells[target]["accuracy"] == pytest.approx(accuracy)
        gap = 1 - BASE_ACCURACY[target]
        assert cells[target]["pgf"] == pytest.approx((accuracy - BASE_ACCURACY[target]) / gap)


def test_intervals_hold_the_estimate_and_agree_with_the_paired_t_test(findings):
    base = {row.example: row.score for row in read_answers("llava_v1.5_7b", BASE_SOURCE, None)}
    tuned = list(read_answers("GPT4o", "x", 0))
    for cell in findings.to_json()["models"][0]["cells"]:
        assert cell["low"] < cell["pgf"] < cell["high"]
        after = [row.score for row in tuned if row.target == cell["target"]]
        before = [base[row.example] for row in tuned if row.target == cell["target"]]
        assert cell["p"] == pytest.approx(stats.ttest_rel(after, before).pvalue, rel=1e-6)
        assert (cell["p"] < 0.05) == (not cell["low"] <= 0 <= cell["high"])


def test_mcnemar_is_exact(findings):
    base = {row.example: row.score for row in read_answers("llava_v1.5_7b", BASE_SOURCE, None)}
    tuned = list(read_answers("GPT4o", "x", 0))
    for cell in findings.to_json()["models"][0]["cells"]:
        pairs = [(row.score, base[row.example]) for row in tuned if row.target == cell["target"]]
        gained, lost = pairs.count((1.0, 0.0)), pairs.count((0.0, 1.0))
        assert cell["mcnemar"] == [pytest.approx(stats.binomtest(gained, gained + lost).pvalue)]


def test_a_base_that_answers_one_letter_shows_in_its_letters(findings):
    record = findings.models[0].base["Art_Style"]
    assert record.letters == {"(A)": 1.0, "(B)": 0.0}
    assert record.balanced == 0.5
    assert record.labels["(B)"] == pytest.approx(62 / 117)


def test_unreadable_answers_are_counted(findings):
    assert findings.models[0].base["Visual_Correspondence"].unparsed == pytest.approx(6 / 172)
    kinds = {warned.kind for warned in findings.models[0].warnings}
    assert {"parse_failures", "few_seeds"} <= kinds


def test_one_source_on_many_targets_is_a_clear_partial_result(findings):
    described = findings.to_json()["models"][0]
    assert described["tasks"] == ["Spatial_Relation"]
    assert described["variance"] is None
    assert described["cells_counted"] == 4
    assert described["transferability"]["positive"].keys() == {"Spatial_Relation"}
