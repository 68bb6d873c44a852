"""Sentences say of how many, and nothing that changes nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from spillover.analysis import AnalysisSettings, analyze
from spillover.analysis.comparison import say_consistent
from spillover.core.published import AccuracyRow, AccuracyTable, PGFRow, PGFTable
from spillover.core.scores import BASE_SOURCE

SETTINGS = AnalysisSettings(replicates=0, permutations=0)


def table_of(pgf: dict[tuple[str, str], float]) -> PGFTable:
    """A published table of one seed."""
    rows = tuple(PGFRow(seed=0, source=source, target=target, pgf=value) for (source, target), value in pgf.items())
    return PGFTable(model="m", rows=rows, examples={}, origin="here")


def square(tasks: str, **own: float) -> dict[tuple[str, str], float]:
    return {(s, t): own.get(f"{s}{t}", 0.1) for s in tasks for t in tasks}


def test_a_largest_clique_is_said_to_have_others_of_its_size():
    apart = dict.fromkeys(("ac", "ca", "ad", "da", "bc", "cb", "bd", "db"), -0.1)
    said = " ".join(analyze(table_of(square("abcd", **apart)), SETTINGS).sentences)
    assert "the largest positive clique has 2 tasks (a, b, or 1 other of that size)" in said
    assert "the largest negative clique has 2 tasks (a, c, or 3 others of that size)" in said


def test_a_clique_that_is_alone_is_the_largest():
    said = " ".join(analyze(table_of(square("ab")), SETTINGS).sentences)
    assert "the largest positive clique has 2 tasks (a, b)." in said


def test_a_search_for_cliques_that_was_cut_is_said_to_be(monkeypatch):
    monkeypatch.setattr("spillover.analysis.cliques.SEARCH_LIMIT", 1)
    apart = dict.fromkeys(("ac", "ca", "ad", "da", "bc", "cb", "bd", "db"), -0.1)
    findings = analyze(table_of(square("abcd", **apart)), SETTINGS.model_copy(update={"max_cliques": 1}))
    (said,) = [sentence for sentence in findings.sentences if "largest positive clique" in sentence]
    assert "the largest positive clique found has 2 tasks" in said
    assert said.endswith("; the search was cut at 20,000 cliques, so there may be larger ones.")
    assert findings.to_json()["models"][0]["cliques"]["largest"]["positive"]["mean"]["cut"]


def test_flagged_targets_without_which_the_mean_rounds_to_the_same_are_not_said_to_change_it():
    settings = SETTINGS.model_copy(update={"excluded_targets": ("b",)})
    sentences = analyze(table_of(square("abc")), settings).sentences
    assert not [sentence for sentence in sentences if "without the flagged targets" in sentence]


@pytest.mark.parametrize(("flagged", "expected"), [("b", ["without the flagged targets (b)"]), ("x", [])])
def test_flagged_targets_that_take_no_part_in_the_mean_are_not_said_to_change_it(flagged, expected):
    values = square("abc", ab=0.5) | {(source, "x"): 0.3 for source in "abc"}
    settings = SETTINGS.model_copy(update={"excluded_targets": (flagged,)})
    sentences = analyze(table_of(values), settings).sentences
    found = [sentence for sentence in sentences if "mean transfer is" in sentence]
    assert [sentence.removeprefix("m: ").split(" the mean")[0] for sentence in found] == expected


def test_one_task_alone_has_no_personas():
    (sentence,) = analyze(table_of({("a", "a"): 0.2}), SETTINGS).sentences
    assert "no transfer to another task has a PGF" in sentence


def test_a_count_that_runs_share_is_given_with_the_number_of_examples():
    places = [(BASE_SOURCE, None)] + [(source, seed) for source in "abcd" for seed in (0, 1)]
    rows = tuple(
        AccuracyRow(source=source, seed=seed, target=target, accuracy=0.5 if seed is None else 0.59, examples=100)
        for source, seed in places
        for target in "abcd"
    )
    warnings = analyze(AccuracyTable(model="m", rows=rows, origin="here"), SETTINGS).models[0].warnings
    (text,) = [warned.text for warned in warnings if warned.kind == "shared_count" and warned.tasks == ("a",)]
    assert text.startswith("a: 6 of 6 finetuned models are right exactly 59 of 100 times")


@pytest.mark.parametrize(
    ("models", "said"), [(2, "transferability by model: "), (3, "transferability rises with size: ")]
)
def test_a_trend_takes_three_models(models, said):
    tables = [
        replace(table_of(square("abc")), model=f"{size}B", rows=table_of(dict.fromkeys(square("abc"), size / 10)).rows)
        for size in (3, 7, 9)[:models]
    ]
    assert any(said in sentence for sentence in analyze(tables, SETTINGS).sentences)


def test_personas_that_no_test_could_show_are_not_said_to_be_none():
    sentences = analyze([replace(table_of(square("abc")), model=name) for name in ("3B", "7B")], SETTINGS).sentences
    assert sentences[-1].endswith("for all 2 models: cannot be told of 3 tasks: no test of so few values can show one.")


def test_one_task_in_common_is_one_task():
    tables = [replace(table_of(square(tasks)), model=name) for name, tasks in (("3B", "ab"), ("7B", "bc"))]
    findings = analyze(tables, SETTINGS)
    said = say_consistent(findings.comparisons[0], "raw", findings.models, 0.05)
    assert said == "cannot be told of 1 task: no test of so few values can show one"


def test_what_stands_a_test_is_said_before_signs():
    rows = tuple(
        AccuracyRow(source=source, seed=seed, target=target, accuracy=accuracy, examples=400)
        for source, seed in [(BASE_SOURCE, None), *((name, seed) for name in "ab" for seed in (0, 1))]
        for target in "ab"
        for accuracy in [0.9 if (source, target) == ("a", "b") else 0.51 if source == "b" else 0.5]
    )
    said = analyze(AccuracyTable(model="m", rows=rows, origin="here"), SETTINGS).sentences[1]
    assert "1 of the 2 single transfers tested can be told from none" in said
    assert said.endswith(": 1 positive, 0 negative; 1 undecided; by sign alone 2 of 2 are positive, 0 negative.")


def test_one_undefined_cell_is_one_cell():
    values = square("abc", ab=float("nan"))
    (warned,) = [each for each in analyze(table_of(values), SETTINGS).models[0].warnings if each.kind == "undefined"]
    assert warned.text.startswith("b: 1 cell has no PGF and is left out")
