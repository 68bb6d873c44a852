"""Whose scores are compared: our parser's, or the files' own; never the one with the other."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from io import BytesIO

import pytest
from tests.contracts.result_files import FORMATS, accuracy, json_lines

from spillover.cli.main import run_command
from spillover.core.errors import ImportFileError
from spillover.interop.found import ReadingOptions
from spillover.interop.gather import GatherSettings
from spillover.interop.importing import ImportChoices, import_results, plan_import
from spillover.interop.run_mapping import read_mapping

FILE = ImportChoices(gathering=GatherSettings(scoring="file"))


def write(name, folder):
    FORMATS[name].write(folder)
    return folder


def rows(results, **wanted):
    (table,) = results.data
    return [row for row in table.to_pylist() if all(row[key] == value for key, value in wanted.items())]


def test_blinks_mark_for_an_unreadable_reply_is_no_answer(tmp_path):
    folder = write("blink", tmp_path)
    for file in (folder / "Jigsaw-seed0").glob("*.json"):
        document = json.loads(file.read_text())
        document["val"][0]["prediction"] = "(Z)"
        file.write_text(json.dumps(document))
    first = [row for row in rows(import_results([folder], FILE), source="Jigsaw") if row["example"].endswith("_1")]
    assert [(row["parse"], row["answer_given"], row["score"]) for row in first] == [("none", None, 0.0)] * 2


def test_a_letter_that_is_no_option_was_not_read(tmp_path):
    """lmms-eval took the first letter of "The answer is (B)." for the answer."""
    answers = rows(import_results([write("lmms-eval", tmp_path)], FILE))
    assert {(row["parse"], row["answer_given"], row["score"]) for row in answers} == {("none", None, 0.0)}


def test_a_files_accuracy_is_not_compared_with_parsed_replies(tmp_path):
    folder = write("lmms-eval", tmp_path)
    (folder / "Jigsaw-seed0" / "20250907_101500_samples_blink_counting.jsonl").unlink()
    with pytest.raises(ImportFileError, match=r"read by our parser(?s:.*)Jigsaw-seed0: Counting\n.*--scores file"):
        import_results([folder])
    results = import_results([folder], FILE)
    assert "Jigsaw-seed0 → Counting" in " ".join(results.gathered.notes)


def test_the_answer_given_is_that_of_the_metric(tmp_path):
    """By likelihood alone (A) is answered, by likelihood for its length (B); a score that is neither says nothing."""
    pairs = [["-3.0", "False"], ["-4.0", "False"]]
    requests = {f"gen_args_{place}": {"arg_0": "Q?", "arg_1": text} for place, text in enumerate((" a", " abcd"))}
    for run in ("base", "Jigsaw-seed0"):
        lines = [
            {
                "doc_id": number,
                "doc": {"choices": ["a", "abcd"]},
                "target": "1",
                "arguments": requests,
                "filtered_resps": pairs,
                "filter": "none",
                "metrics": ["acc", "acc_norm"],
                "acc": 0.0,
                "acc_norm": score,
            }
            for number, score in enumerate((1.0, 0.0))
        ]
        (tmp_path / run).mkdir()
        (tmp_path / run / "samples_jigsaw_2025-09-07T10-15-00.1.jsonl").write_text(json_lines(lines))
    for metric, given in (("acc", ["(A)", "(A)"]), ("acc_norm", ["(B)", None])):
        found = rows(import_results([tmp_path], ImportChoices(reading=ReadingOptions(metric=metric))), source="base")
        assert [row["answer_given"] for row in found] == given
        for row in found:
            likelihoods = row["option_log_probabilities"]
            assert (likelihoods is None) == (row["answer_given"] is None)
            if likelihoods is not None:
                assert row["options"][likelihoods.index(max(likelihoods))] == row["answer_given"]


def test_local_models_of_one_name_are_told_apart_by_their_folders(tmp_path):
    """inspect_ai calls every local model hf/local."""
    for file in write("inspect", tmp_path / "all").glob("*.eval"):
        run = file.stem.rpartition("_")[2]
        stream = BytesIO()
        with zipfile.ZipFile(file) as archive, zipfile.ZipFile(stream, "w") as renamed:
            for name in archive.namelist():
                text = archive.read(name).decode().replace(f'"model": "{run}"', '"model": "hf/local"')
                renamed.writestr(name, text)
        (tmp_path / "logs" / run).mkdir(parents=True, exist_ok=True)
        (tmp_path / "logs" / run / file.name).write_bytes(stream.getvalue())
    results = import_results([tmp_path / "logs"])
    for run in ("base", "Jigsaw-seed0", "Counting-seed0"):
        for task in ("Jigsaw", "Counting"):
            tally = results.gathered.tallies[f"{run}/hf/local", task]
            assert tally.correct / tally.examples == pytest.approx(accuracy(run, task))


def test_one_model_evaluated_twice_is_told_where(tmp_path):
    folder = write("lmms-eval", tmp_path)
    file = next((folder / "base").glob("*samples_blink_jigsaw*"))
    file.with_name(file.name.replace("20250907", "20250908")).write_bytes(file.read_bytes())
    with pytest.raises(
        ImportFileError, match=r"20250908.*jsonl:1: base → Jigsaw.*twice.*20250907.*\n.*evaluated twice"
    ):
        import_results([folder])


def test_a_study_among_results_is_passed_by_and_is_no_results_itself(tmp_path):
    folder = write("blink", tmp_path / "results")
    assert run_command(["import", str(folder), "--out", str(folder / "study")]) == 0
    assert len(rows(import_results([folder]))) == 36
    with pytest.raises(ImportFileError, match="a study already"):
        import_results([folder / "study"])


def test_results_of_two_formats_with_runs_of_one_name_ask_for_the_format(tmp_path):
    write("blink", tmp_path / "blink")
    write("lmms-eval", tmp_path / "lmms")
    for file in (tmp_path / "lmms").iterdir():
        file.rename(tmp_path / file.name)
    (tmp_path / "lmms").rmdir()
    for file in (tmp_path / "blink").iterdir():
        for each in file.iterdir():
            each.rename(tmp_path / file.name / each.name)
    with pytest.raises(ImportFileError, match=r"two runs are called 'Counting-seed0'.*\n.*--format"):
        import_results([tmp_path])
    blink = import_results([tmp_path], ImportChoices(format="blink"))
    assert blink.gathered.tallies["base", "Jigsaw"].own == 6


def test_every_renamed_task_must_be_there(tmp_path, capsys):
    folder = write("lmms-eval", tmp_path / "one")
    shown = "no run has a task or source 'jigsw'; did you mean Jigsaw"
    for command in (["analyze"], ["import", "--out", str(tmp_path / "out")]):
        assert run_command([*command, str(folder), "--rename", "jigsw=Jigsaw"]) == 2
        assert shown in capsys.readouterr().err
    other = write("blink", tmp_path / "other")
    paths = [f"a={folder}", f"b={other}"]
    assert run_command(["compare", *paths, "--rename", "jigsw=Jigsaw"]) == 2
    assert shown in capsys.readouterr().err
    assert run_command(["compare", *paths, "--rename", "blink_jigsaw=Jigsaw", "--json"]) == 0  # of one of them


def test_a_task_of_blink_is_renamed_by_its_files_name(tmp_path):
    choices = ImportChoices(mapping=read_mapping([], [], None, ["blink_jigsaw=puzzle"]))
    choices = replace(choices, gathering=GatherSettings(names=choices.mapping.tasks))
    results = import_results([write("lmms-eval", tmp_path)], choices)
    assert {task for _, task in results.gathered.tallies} == {"puzzle", "Counting"}


def test_a_harness_leaves_tasks_out_that_lack_the_metric(tmp_path):
    folder = write("lmms-eval", tmp_path)
    for file in folder.glob("*/*_samples_blink_counting.jsonl"):
        file.write_text(file.read_text().replace('"blink_acc"', '"other_acc"'))
    results = import_results([folder], ImportChoices(reading=ReadingOptions(metric="blink_acc")))
    assert {task for _, task in results.gathered.tallies} == {"Jigsaw"}
    assert "left out, as 'blink_acc' is no metric of theirs: blink_counting;" in " ".join(results.gathered.notes)


def test_every_wanted_target_must_be_there(tmp_path):
    choices = ImportChoices(gathering=GatherSettings(targets=("Jigsaw", "Countng")))
    with pytest.raises(ImportFileError, match="no run has a task 'Countng'; did you mean Counting"):
        import_results([write("blink", tmp_path)], choices)


def test_a_task_of_ones_own_may_be_called_as_blink_abbreviates_another(tmp_path, capsys):
    folder = write("vlmevalkit-tsv", tmp_path / "results")
    for file in folder.rglob("*.tsv"):
        file.write_text(file.read_text().replace("\tCounting\t", "\tCN\t"))
    assert run_command(["import", str(folder), "--out", str(tmp_path / "taken")]) == 0
    assert "CN is Counting; --rename CN=CN keeps a name" in capsys.readouterr().out
    assert run_command(["import", str(folder), "--rename", "CN=CN", "--out", str(tmp_path / "own"), "--json"]) == 0
    assert {each["task"] for each in json.loads(capsys.readouterr().out)["tasks"]} == {"Jigsaw", "CN"}


def test_a_mixture_is_chosen_from_somebodys_results(tmp_path, capsys):
    folder = write("lmms-eval", tmp_path / "results")
    (folder / "base").rename(folder / "Qwen")
    assert run_command(["mix", str(folder), "--target", "Jigsaw"]) == 2
    assert "--base" in capsys.readouterr().err
    assert run_command(["mix", str(folder), "--base", "Qwen", "--target", "Jigsaw", "--json"]) == 0
    said = capsys.readouterr()
    assert {each["source"] for each in json.loads(said.out)["sources"]} == {"Jigsaw", "Counting"}
    assert "scored otherwise by the files" in said.err


def test_models_side_by_side_may_each_have_a_base_of_another_name(tmp_path, capsys):
    for model in ("3B", "7B"):
        folder = write("lmms-eval", tmp_path / model)
        (folder / "base").rename(folder / f"Qwen-{model}")
    paths = [f"{model}={tmp_path / model}" for model in ("3B", "7B")]
    assert run_command(["compare", *paths, "--base", "Qwen-3B"]) == 2
    assert "Qwen-7B" in capsys.readouterr().err
    assert run_command(["compare", *paths, "--base", "Qwen-3B", "--base", "Qwen-7B", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["comparisons"]
    bases = ["--base", "Qwen-3B", "--base", "Qwen-7B"]
    assert run_command(["compare", *paths, *bases, "--map", "Jigsw-seed0="]) == 2
    assert "no run 'Jigsw-seed0'; did you mean Jigsaw-seed0" in capsys.readouterr().err


def test_what_is_shown_as_ours_was_read_by_us(tmp_path, capsys):
    for name, ours in (("lm-eval", False), ("blink", True)):
        folder = write(name, tmp_path / name)
        metric = [] if ours else ["--metric", "acc"]
        assert run_command(["import", str(folder), *metric, "--out", str(tmp_path / f"{name}-study")]) == 0
        (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith(" Jigsaw  ")]
        assert ("–" in line) != ours


def test_a_harness_is_known_by_how_it_names_its_files(tmp_path):
    """lmms-eval writes `prompt_hash` too, and leaves `arguments` out on request."""
    folder = write("lmms-eval", tmp_path)
    for file in folder.rglob("*.jsonl"):
        lines = [json.loads(line) | {"prompt_hash": "x"} for line in file.read_text().splitlines()]
        file.write_text(json_lines(lines))
    assert {each.run.format for each in plan_import([folder], ImportChoices()).runs} == {"lmms-eval"}


def test_the_base_model_is_called_as_its_folder_says(tmp_path):
    folder = write("lmms-eval", tmp_path)
    for run in [*folder.iterdir()]:
        files = [*run.iterdir()]
        (run / "Qwen__Qwen2.5-VL-3B-Instruct").mkdir()
        for file in files:
            file.rename(run / "Qwen__Qwen2.5-VL-3B-Instruct" / file.name)
    assert plan_import([folder], ImportChoices()).model == "Qwen2.5-VL-3B-Instruct"


def test_no_name_of_a_run_is_broken_in_a_narrow_terminal(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    name = f"{'a-name-that-is-long-' * 3}-seed0"
    folder = write("blink", tmp_path)
    (folder / "Jigsaw-seed0").rename(folder / name)
    assert run_command(["import", str(folder), "--map", f"{name}=Jigsaw:0", "--dry-run"]) == 0
    assert name in capsys.readouterr().out


def test_an_interrupted_import_leaves_nothing(tmp_path, capsys, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    folder = write("blink", tmp_path / "results")
    monkeypatch.setattr("spillover.interop.gather.score_answer", interrupt)
    assert run_command(["import", str(folder), "--out", str(tmp_path / "study")]) == 130
    assert "nothing was written" in capsys.readouterr().err
    assert [each.name for each in tmp_path.iterdir()] == ["results"]
