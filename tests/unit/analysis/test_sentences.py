"""Sentences say of how many, and nothing that changes nothing."""

from __future__ import annotations

import pytest

from spillover.analysis import AnalysisSettings, analyze
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


@pytest.mark.parametrize(("flagged", "expected"), [("b", ["without the flagged targets (b)"]), ("x", [])])
def test_flagged_targets_that_take_no_part_in_the_mean_are_not_said_to_change_it(flagged, expected):
    values = square("abc") | {(source, "x"): 0.3 for source in "abc"}
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


def test_one_undefined_cell_is_one_cell():
    values = square("abc", ab=float("nan"))
    (warned,) = [each for each in analyze(table_of(values), SETTINGS).models[0].warnings if each.kind == "undefined"]
    assert warned.text.startswith("b: 1 cell has no PGF and is left out")
