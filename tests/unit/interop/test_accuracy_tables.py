"""What a table's numbers mean is detected and shown, or asked for; never guessed."""

from __future__ import annotations

import json

import pytest

from spillover.analysis import AnalysisSettings, analyze
from spillover.core.errors import AnalysisError, ImportFileError
from spillover.interop.found import ReadingOptions
from spillover.interop.importing import ImportChoices, import_results, plan_import
from spillover.interop.run_mapping import RunMapping

SETTINGS = AnalysisSettings(replicates=50, permutations=10)


def read(tmp_path, text, **reading):
    (tmp_path / "t.csv").write_text(text)
    return import_results([tmp_path / "t.csv"], ImportChoices(reading=ReadingOptions(**reading)))


def bases(results):
    (table,) = results.data
    return {row.target: (row.accuracy, row.examples) for row in table.rows if row.source == "base"}


def test_percent_is_told_by_its_values_and_blinks_sizes_are_taken_where_they_fit(tmp_path):
    results = read(tmp_path, "model,Jigsaw,Counting\nbase,52.00,40.83\njigsaw-seed0,70.67,41.00\n")
    assert bases(results)["Jigsaw"] == (pytest.approx(0.52), 150)
    assert bases(results)["Counting"][1] is None  # 41.00 % of 120 is no whole number
    notes = " ".join(results.gathered.notes)
    assert "Jigsaw 150" in notes
    assert "fits is known for Counting" in notes


def test_percent_signs_say_what_numbers_are(tmp_path):
    assert bases(read(tmp_path, "Model Name,Jigsaw\nbase,0.5%\njigsaw-seed0,0.75 %\n"))["Jigsaw"][0] == 0.005
    with pytest.raises(ImportFileError, match="bear a percent sign and others none"):
        read(tmp_path, "model,Jigsaw\nbase,50%\njigsaw-seed0,75\n")


def test_a_mean_over_tasks_is_no_task(tmp_path):
    text = "model,Jigsaw,mean_depth,Average,Macro avg. acc\nbase,0.52,0.25,0.4,0.4\njigsaw-seed0,0.6,0.5,0.5,0.5\n"
    (tmp_path / "t.csv").write_text(text)
    plan = plan_import([tmp_path / "t.csv"], ImportChoices())
    assert set(plan.runs[0].run.tasks) == {"Jigsaw", "mean_depth"}
    assert "'Average' is left out" in " ".join(plan.notes)


def test_columns_parted_by_semicolons_are_said_to_be(tmp_path):
    with pytest.raises(ImportFileError, match="parted by semicolons"):
        read(tmp_path, "model;Jigsaw\nbase;0,52\n")


def test_a_stated_number_of_examples_that_makes_no_whole_count_bounds_the_noise_aloud(tmp_path):
    results = read(tmp_path, "source,target,seed,accuracy,n\nbase,a,,0.525,100\na,a,0,0.6,100\n")
    assert bases(results)["a"] == (0.525, 100)
    assert "no whole count of the stated examples, as of soft scores" in " ".join(results.gathered.notes)
    (model,) = analyze(list(results.data), SETTINGS).models
    assert model.base["a"].accuracy == pytest.approx(0.525)
    assert model.cells.basis == (
        "at most the binomial error of so many examples: scores are no counts, and the examples are not known; "
        "one seed",
    )
    assert 0.05 < float(model.cells.inference.high[0, 0] - model.cells.inference.low[0, 0]) < 1


def test_stated_numbers_of_examples_that_differ_are_left_aside_aloud(tmp_path):
    results = read(tmp_path, "source,target,seed,accuracy,n\nbase,a,,0.52,100\na,a,0,0.6,50\n")
    assert bases(results)["a"] == (0.52, None)
    assert "left aside, as they differ" in " ".join(results.gathered.notes)


@pytest.mark.parametrize(
    "values", ["0.9,40\njigsaw-seed0,0.95,50", "0.5,1\njigsaw-seed0,0.6,1.2", "0,0.01\njigsaw-seed0,0,0"]
)
def test_what_could_be_either_is_asked_for(tmp_path, values):
    text = f"model,Jigsaw,Counting\nbase,{values}\n"
    with pytest.raises(ImportFileError, match=r"fractions or percent.*\n.*--scale"):
        read(tmp_path, text)
    assert read(tmp_path, text, scale="percent").data


def test_many_tasks_without_counts_are_not_all_listed(tmp_path):
    names = [f"set{number:02}" for number in range(20)]
    rows = "\n".join(f"{model},{','.join(['0.5'] * 20)}" for model in ("base", "set00-seed0"))
    notes = read(tmp_path, f"model,{','.join(names)}\n{rows}\n").gathered.notes
    assert any("set13 and 6 more: seeds alone" in note for note in notes)


def test_error_rates_turn_round(tmp_path):
    results = read(tmp_path, "source,target,seed,accuracy,n\nbase,a,,0.25,8\na,a,0,0.5,8\n", direction="lower")
    assert bases(results)["a"] == (0.75, 8)


def test_the_analysis_says_what_its_intervals_rest_on(tmp_path):
    lines = ["base,a,,0.5,100", "base,b,,0.5,", "a,a,0,0.75,100", "a,b,0,0.6,", "a,a,1,0.7,100", "a,b,1,0.7,"]
    text = "\n".join(["source,target,seed,accuracy,n", *lines])
    (model,) = analyze(list(read(tmp_path, text).data), SETTINGS).models
    assert model.cells.basis == (
        "seeds, and the binomial error of the counts: the examples behind them are not known",
        "seeds only: the number of examples is not known",
    )
    described = json.loads(analyze(list(read(tmp_path, text).data), SETTINGS).dump())["models"][0]
    assert described["pgf"] == [[pytest.approx(0.45), pytest.approx(0.3)]]
    assert described["base"]["b"]["accuracy"] == 0.5


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("base,a,,0.5\na,a,0,0.5\na,b,0,0.5\nbase,b,,1.5", "fractions or percent"),
        ("base,a,,x\na,a,0,0.5", "'x' is no number"),
        ("base,a,,\na,a,0,0.5", "lacks its source, target or accuracy"),
        ("base,a,,0.5\na,a,0.5,0.5", "seed 0.5 is no whole number"),
        ("base,a,,0.5,9\na,a,0,0.5", "5 cells under 4 columns"),
        ("a,a,0,0.5", "no run is the base"),
    ],
)
def test_broken_tables_are_refused(tmp_path, rows, words):
    with pytest.raises(ImportFileError, match=words):
        read(tmp_path, f"source,target,seed,accuracy\n{rows}\n")


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("base,a,,0.5\na,a,0,0.5\nbase,b,,0.5", "a, seed 0 was not evaluated on b"),
        ("base,a,,0.5\na,a,0,0.5\na,b,0,0.5", "base was not evaluated on b"),
        ("base,a,,0.5\na,a,0,0.5\na,a,0,0.6", "a, seed 0 → a: there twice"),
    ],
)
def test_holes_and_doubles_are_listed(tmp_path, rows, words):
    with pytest.raises(ImportFileError, match=words):
        read(tmp_path, f"source,target,seed,accuracy\n{rows}\n")


def test_a_table_without_finetunes_cannot_be_analysed(tmp_path):
    data = list(read(tmp_path, "source,target,seed,accuracy\nbase,a,,0.5\n").data)
    with pytest.raises(AnalysisError, match="nothing was finetuned"):
        analyze(data, SETTINGS)


@pytest.mark.parametrize(("row", "model"), [("base", "t"), ("Base", "t"), ("qwen", "qwen")])
def test_a_model_is_named_by_its_file_where_its_row_is_called_base(tmp_path, row, model):
    (tmp_path / "t.csv").write_text(f"model,Jigsaw,Counting\n{row},0.52,0.4083\njigsaw-seed0,0.7067,0.41\n")
    choices = ImportChoices(mapping=RunMapping(base={row: None}))
    assert plan_import([tmp_path / "t.csv"], choices).model == model


def test_datasets_of_ones_own_stand_apart_from_tasks_that_are_called_alike(tmp_path):
    results = read(
        tmp_path, "model,blink_counting,mmstar\nbase,0.5,0.5\ncounting-seed0,0.7,0.5\ncharts-seed0,0.6,0.6\n"
    )
    (table,) = results.data
    assert {row.source for row in table.rows} == {"base", "counting", "charts"}
    assert {row.target for row in table.rows} == {"Counting", "mmstar"}
    notes = results.gathered.notes
    assert [note for note in notes if "diagonal" in note] == [
        "finetuned on, but not evaluated, so without a place on the diagonal: charts, counting"
    ]
    assert any("--rename counting=Counting" in note for note in notes)


def places(tmp_path, text, base=(), **mapping):
    (tmp_path / "t.csv").write_text(text)
    mapping = RunMapping(base=dict.fromkeys(base), **mapping)
    plan = plan_import([tmp_path / "t.csv"], ImportChoices(mapping=mapping))
    return [(each.place.source, each.place.seed) for each in plan.runs], plan


def test_a_wide_table_needs_no_more_than_the_name_of_its_base(tmp_path):
    text = "model,chartqa,mmstar,docvqa,avg\nQwen-base,61.2,44.1,70,58.4\nchartqa,72.1,43,71,62\ndocvqa,64,44,80,62.6\n"
    found, plan = places(tmp_path, text, ["Qwen-base"])
    assert found == [("base", None), ("chartqa", 0), ("docvqa", 0)]
    assert (plan.model, [each.reason for each in plan.runs]) == ("Qwen-base", ["--base", "its row", "its row"])


def test_rows_whose_names_may_hold_a_seed_are_asked_for(tmp_path):
    text = "model,chartqa,docvqa\nQwen,61.2,70\nchartqa_0,70.1,72\nchartqa_1,70.5,71\n"
    with pytest.raises(ImportFileError, match=r"would be read by --pattern '\{source\}_\{seed\}'"):
        places(tmp_path, text, ["Qwen"])


def test_the_column_of_names_may_have_none(tmp_path):
    found, _ = places(tmp_path, ",Jigsaw,Counting\nQwen,0.5,0.25\nJigsaw,0.6,0.3\n", ["Qwen"])
    assert found == [("base", None), ("Jigsaw", 0)]


@pytest.mark.parametrize("seed", ["", "0"])
def test_a_column_of_seeds_is_no_task(tmp_path, seed):
    text = f"model,seed,chartqa,docvqa\nQwen,{seed},61.2,70\nchartqa,0,70.1,72\nchartqa,1,70.5,71\n"
    found, plan = places(tmp_path, text, ["Qwen"])
    assert found == [("base", None), ("chartqa", 0), ("chartqa", 1)]
    assert plan.tasks == ("chartqa", "docvqa")


def test_a_base_may_be_measured_for_every_seed(tmp_path):
    rows = [f"{name},{seed},chartqa,{value}" for name, value in (("Qwen", 61), ("chartqa", 70)) for seed in (0, 1)]
    for first in ("model", "source"):
        found, _ = places(tmp_path, "\n".join([f"{first},seed,target,accuracy", *rows]), ["Qwen"])
        assert found == [("base", 0), ("base", 1), ("chartqa", 0), ("chartqa", 1)]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("model,dataset,score,count", "columns: model is source, dataset is target, score is accuracy, count is n"),
        ("ft_task,Task,acc,n", "columns: ft_task is source, Task is target, acc is accuracy"),
    ],
)
def test_usual_names_of_columns_are_read_and_told(tmp_path, header, said):
    results = read(tmp_path, f"{header}\nbase,a,0.5,100\na,a,0.75,100\n")
    assert bases(results) == {"a": (0.5, 100)}
    _, plan = places(tmp_path, f"{header}\nbase,a,0.5,100\na,a,0.75,100\n")
    assert said in plan.notes


def test_of_several_metrics_of_a_long_table_the_chosen_one_is_read(tmp_path):
    text = "model,dataset,metric,score\nbase,a,acc,0.5\nbase,a,f1,0.6\na-seed0,a,acc,0.75\na-seed0,a,f1,0.7\n"
    with pytest.raises(ImportFileError, match="there twice"):
        read(tmp_path, text)
    for reading in ({"metric": "f1"}, {"metrics": {"a": "f1"}}):
        assert bases(read(tmp_path, text, **reading))["a"][0] == 0.6


def test_columns_that_may_hold_the_same_are_refused(tmp_path):
    with pytest.raises(ImportFileError, match="'dataset' and 'task' may each hold the target"):
        read(tmp_path, "model,dataset,task,score\nbase,a,b,0.5\n")


def test_a_table_beside_other_results_needs_exact_names(tmp_path):
    (tmp_path / "summary.csv").write_text("model,task,score\nQwen,a,0.5\na,a,0.75\n")
    with pytest.raises(ImportFileError, match=r"no results here(?s:.*)not recognised: .*summary.csv"):
        import_results([tmp_path])


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("dataset,chartqa,mmstar\nzero-shot,55,53\n", None, r"its columns are dataset, chartqa, mmstar\n(?s:.*)--base"),
        ("ft,benchmark,score\nbase,chartqa,55\n", "accuracy-table", "'benchmark' holds 'chartqa', no accuracy\n.*long"),
    ],
)
def test_a_table_that_is_not_understood_is_told_with_its_columns(tmp_path, text, options, words):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(ImportFileError, match=words):
        import_results([tmp_path / "t.csv"], ImportChoices(format=options))
