"""Files that lm-eval and inspect_ai wrote themselves are read as the tools score them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from spillover.cli.main import run_command
from spillover.core.errors import ImportFileError
from spillover.interop.found import ReadingOptions
from spillover.interop.gather import GatherSettings
from spillover.interop.importing import ImportChoices, import_results
from spillover.interop.run_mapping import read_mapping

WRITTEN = Path(__file__).with_name("written_by_tools")


def means(results):
    (table,) = results.data
    frame = table.to_pandas()
    return frame.groupby(["source", "target"], observed=True).score.mean().to_dict()


def test_lm_evals_own_accuracies_come_of_its_samples():
    choices = ImportChoices(reading=ReadingOptions(metric="acc,none"))
    found = means(import_results([WRITTEN / "lm_eval"], choices))
    stated = {}
    for source in ("base", "Jigsaw", "Counting"):
        run = source if source == "base" else f"{source}-seed0"
        (file,) = (WRITTEN / "lm_eval" / run).glob("results_*.json")
        for task, values in json.loads(file.read_text())["results"].items():
            if "acc,none" in values:
                stated[source, task.removeprefix("blink_").capitalize()] = values["acc,none"]
    assert found == pytest.approx(stated)
    assert len(found) == 6


def test_each_reply_is_taken_once_however_many_filters_read_it():
    mapping = read_mapping([], ["Jigsaw-seed0=jigsaw_gen:0", "Counting-seed0=counting_gen:0"], None)
    choices = ImportChoices(reading=ReadingOptions(metric="exact_match,loose"), mapping=mapping)
    results = import_results([WRITTEN / "lm_eval"], choices)
    assert {tally.examples for tally in results.gathered.tallies.values()} == {6}
    assert {target for _, target in results.gathered.tallies} == {"jigsaw_gen", "counting_gen"}
    (note,) = [each for each in results.gathered.notes if "no metric of theirs" in each]  # one for all files
    assert "blink_counting, blink_jigsaw; --metric blink_counting=METRIC" in note
    targets = GatherSettings(targets=("jigsaw_gen", "counting_gen"))
    few = import_results([WRITTEN / "lm_eval"], replace(choices, gathering=targets))
    assert "no metric of theirs" not in " ".join(few.gathered.notes)


def test_a_task_may_have_a_metric_of_its_own(tmp_path):
    strict = {"jigsaw_gen": "exact_match,strict", "counting_gen": "exact_match,loose"}
    choices = ImportChoices(reading=ReadingOptions(metrics=strict))
    found = means(import_results([WRITTEN / "lm_eval"], choices))
    assert {task for _, task in found} == {"Jigsaw", "Counting", *strict}
    both = ImportChoices(reading=ReadingOptions(metric="acc", metrics={"jigsaw_gen": "exact_match,strict"}))
    assert {task for _, task in means(import_results([WRITTEN / "lm_eval"], both))} == {
        "Jigsaw",
        "Counting",
        "jigsaw_gen",
    }
    file = tmp_path / "runs.yaml"
    file.write_text('metrics: {jigsaw_gen: "exact_match,strict"}\n')
    mapping = read_mapping([], [str(file)], None, [], ["counting_gen=exact_match,loose"])
    assert dict(mapping.metrics) == strict


@pytest.mark.parametrize(
    ("metrics", "words"),
    [
        ({"jigsaw_gn": "exact_match,strict"}, "no run has a task 'jigsaw_gn'; did you mean jigsaw_gen"),
        (
            {"counting_gen": "exact_match,strct"},
            "counting_gen has no metric 'exact_match,strct'; did you mean exact_match,strict",
        ),
    ],
)
def test_a_metric_of_a_task_that_names_nothing_is_refused(metrics, words):
    with pytest.raises(ImportFileError, match=words):
        import_results([WRITTEN / "lm_eval"], ImportChoices(reading=ReadingOptions(metrics=metrics)))


def test_replies_that_two_filters_read_are_refused_where_none_is_chosen():
    with pytest.raises(
        ImportFileError, match=r"once for each of exact_match,loose, exact_match,strict\n.*--metric \w+_gen="
    ):
        import_results([WRITTEN / "lm_eval"])


def test_a_metric_without_its_filter_leaves_out_what_has_it_not():
    found = means(import_results([WRITTEN / "lm_eval"], ImportChoices(reading=ReadingOptions(metric="acc"))))
    assert {task for _, task in found} == {"Jigsaw", "Counting"}


def test_a_metric_that_no_sample_has_is_refused_with_the_nearest():
    choices = ImportChoices(reading=ReadingOptions(metric="exact_mach"))
    with pytest.raises(ImportFileError, match="no sample is scored by 'exact_mach'; did you mean exact_match,loose"):
        import_results([WRITTEN / "lm_eval"], choices)


def test_inspects_archives_hold_what_the_models_answered():
    right = {
        ("base", "Jigsaw"): 3,
        ("base", "Counting"): 3,
        ("Jigsaw", "Jigsaw"): 5,
        ("Jigsaw", "Counting"): 5,
        ("Counting", "Jigsaw"): 4,
        ("Counting", "Counting"): 4,
    }
    results = import_results([WRITTEN / "inspect"])
    assert means(results) == pytest.approx({cell: count / 6 for cell, count in right.items()})
    assert all(tally.own == 6 and tally.differing == 0 for tally in results.gathered.tallies.values())


def test_they_are_analysed_as_they_lie(capsys):
    assert run_command(["analyze", str(WRITTEN / "inspect"), "--json"]) == 0
    (model,) = json.loads(capsys.readouterr().out)["models"]
    rows = dict(zip(model["sources"], model["pgf"], strict=True))
    assert rows == {"Jigsaw": [pytest.approx(2 / 3)] * 2, "Counting": [pytest.approx(1 / 3)] * 2}
