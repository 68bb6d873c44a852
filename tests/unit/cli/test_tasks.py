"""The commands about tasks, as a user gives them."""

from __future__ import annotations

import json

import pytest
from PIL import Image
from tests.unit.tasks.prepare.dataset_trees import write_tallyqa

from spillover.cli.main import run_command
from spillover.tasks.files import read_examples


@pytest.fixture
def dataset(tmp_path):
    folder = tmp_path / "tally"
    folder.mkdir()
    return write_tallyqa(folder)


def test_a_training_set_is_written_with_its_provenance_and_a_preview(dataset, tmp_path, capsys):
    out = tmp_path / "train" / "Counting.parquet"
    given = ["tasks", "prepare", "Counting", "--from", str(dataset), "--out", str(out), "--n", "3", "--preview"]
    assert run_command(given) == 0
    assert len(read_examples(out)) == 3
    assert json.loads(out.with_suffix(".provenance.json").read_text())["seed"] == 0
    assert Image.open(out.with_suffix(".png")).width > 500
    assert run_command([*given[:-3], "--n", "100", "--force"]) == 0
    said = capsys.readouterr().err
    assert "100 were asked for: the folder has no more" in said
    assert f"(broken files: 1, such as {dataset / 'VG_100K_2' / '3.jpg'})" in said


def test_names_are_listed_whole_in_a_narrow_terminal(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert run_command(["tasks", "list"]) == 0
    said = capsys.readouterr().out
    assert "Functional_Correspondence FC " in said
    assert "…" not in said


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["Counting", "--out", "x.parquet"], "Counting is made from TallyQA: give its folder"),
        (["Count", "--out", "x.parquet"], "did you mean Counting"),
        (["Counting", "--from", "nowhere", "--out", "x.parquet"], "there is no such folder"),
        (["Counting", "--from", "nowhere", "--out", "x.csv"], "is no .parquet file"),
    ],
)
def test_what_cannot_be_prepared_ends_in_advice(given, message, capsys):
    assert run_command(["tasks", "prepare", *given]) == 2
    assert message in capsys.readouterr().err


def test_the_embedded_suite_is_written_as_files(tmp_path, capsys):
    given = ["tasks", "prepare", "perception", "--out", str(tmp_path), "--n", "2", "--validation", "1", "--size", "32"]
    assert run_command(given) == 0
    assert len(list(tmp_path.glob("*.parquet"))) == 26
    for file in sorted(tmp_path.glob("*.parquet"))[:-1]:
        file.unlink()
    assert run_command(given) == 2
    assert "the file is there already" in capsys.readouterr().err
    assert len(list(tmp_path.glob("*.parquet"))) == 1


@pytest.mark.parametrize("there", ["Counting.parquet", "Counting.provenance.json", "Counting.png"])
def test_a_file_that_is_there_is_replaced_only_when_asked(dataset, tmp_path, capsys, there):
    file = tmp_path / there
    file.write_text("mine")
    given = ["tasks", "prepare", "Counting", "--from", str(dataset), "--out", str(tmp_path / "Counting.parquet")]
    given += ["--n", "1", "--preview"]
    assert run_command(given) == 2
    assert "the file is there already" in capsys.readouterr().err
    assert file.read_text() == "mine"
    assert run_command([*given, "--force"]) == 0
    assert file.read_bytes() != b"mine"


def test_check_says_what_a_file_holds(tmp_path, capsys):
    file = tmp_path / "data.jsonl"
    file.write_text("\n".join(json.dumps({"q": "?", "opts": ["a", "b"], "label": n % 2}) for n in range(4)))
    names = [part for name in ("question=q", "choices=opts", "answer=label") for part in ("--column", name)]
    assert run_command(["tasks", "check", str(file), *names, "--preview"]) == 0
    said = capsys.readouterr().out
    assert "4 examples with 0 images: all can be read" in said
    assert "right answers: (A) 50%, (B) 50%" in said
    assert file.with_suffix(".png").is_file()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "2 faults:"),
        (["--column", "image=img"], "there is no column 'img'"),
        (["--column", "q=question"], "allowed: idx, prompt"),
        (["--column", "answer"], "write NAME=COLUMN: answer=label"),
        (["--metric", "foo"], "Input should be 'accuracy'"),
    ],
)
def test_check_says_everything_that_is_wrong(tmp_path, capsys, given, message):
    file = tmp_path / "data.jsonl"
    file.write_text('{"question": "x"}\n{"question": "y", "answer": "z", "image": "no.png"}\n')
    assert run_command(["tasks", "check", str(file), *given]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "warned"),
    [
        (
            {"options": ["a", "b"], "answer": "a"},
            "! options may hold the choices, and is not read: --column choices=op",
        ),
        ({"A": "a", "B": "b", "answer": "A"}, "! A,B may hold the choices, and are not read: --column choices=A,B"),
        ({"choices": ["a", "b"], "answer": "A", "file_name": "x.png"}, "--column images=file_name"),
    ],
)
def test_check_warns_of_columns_that_are_probably_meant(tmp_path, capsys, more, warned):
    file = tmp_path / "data.jsonl"
    Image.new("RGB", (4, 4)).save(tmp_path / "x.png")
    file.write_text(json.dumps({"question": "?", "note": "n", **more}))
    assert run_command(["tasks", "check", str(file)]) == 0
    said = capsys.readouterr().out
    assert warned in said
    assert "not read: note" in said
    assert (
        run_command(["tasks", "check", str(file), "--column", warned.rpartition(" ")[2].replace("=op", "=options")])
        == 0
    )
    assert "!" not in capsys.readouterr().out


def test_check_says_the_fault_of_every_row_once_with_the_columns_there_are(tmp_path, capsys):
    file = tmp_path / "data.jsonl"
    file.write_text('{"question": "x", "label": "y", "img": "z"}\n' * 200)
    assert run_command(["tasks", "check", str(file)]) == 2
    said = capsys.readouterr().err
    assert "1 fault:" in said
    assert said.count("no answer; there are: question, label, img (the same in 199 more)") == 1


def test_one_fault_is_not_several(tmp_path, capsys):
    file = tmp_path / "data.jsonl"
    file.write_text('{"question": "x"}\n')
    assert run_command(["tasks", "check", str(file)]) == 2
    assert "1 fault:\n" in capsys.readouterr().err


def test_a_study_file_is_no_file_of_questions(tmp_path, capsys):
    (tmp_path / "study.yaml").write_text("name: x")
    assert run_command(["tasks", "check", str(tmp_path / "study.yaml")]) == 2
    assert "a study is checked, its tasks with it, by: spillover plan FILE" in capsys.readouterr().err


def test_an_overall_score_needs_answers_that_were_written(tmp_path, capsys):
    assert run_command(["tasks", "overall", str(tmp_path)]) == 2
    assert "there is no study here" in capsys.readouterr().err
