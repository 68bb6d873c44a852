"""What is said of somebody's results: all of it by an import and its dry run, in short where they are analysed."""

import json

import pytest
from tests.contracts.result_files import FORMATS

from spillover.cli.main import run_command


@pytest.fixture
def folder(tmp_path):
    FORMATS["blink"].write(tmp_path / "results")
    return tmp_path / "results"


def test_a_dry_run_says_what_the_import_says(folder, tmp_path, capsys):
    (folder / "Jigsaw-seed0").rename(folder / "jigsaw-seed0")
    assert run_command(["import", str(folder), "--dry-run"]) == 0
    *rehearsed, end = capsys.readouterr().out.splitlines()
    assert run_command(["import", str(folder), "--out", str(tmp_path / "study")]) == 0
    *imported, wrote = capsys.readouterr().out.splitlines()
    assert rehearsed == imported
    assert any("jigsaw is kept apart from the task Jigsaw" in line for line in rehearsed)
    assert any("finetuned on, but not evaluated" in line for line in rehearsed)
    assert (end, wrote.split()[0]) == ("nothing was written", "wrote")


def test_a_dry_run_checks_the_targets_and_counts_what_is_kept(folder, capsys):
    command = ["import", str(folder), "--dry-run", "--targets"]
    assert run_command([*command, "Jigsw"]) == 2
    assert "no run has a task 'Jigsw'; did you mean Jigsaw" in capsys.readouterr().err
    assert run_command([*command, "Jigsaw", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["tasks"] == ["Jigsaw"]
    assert {run["tasks"] for run in said["runs"]} == {1}
    assert any("finetuned on, but not evaluated" in note for note in said["notes"])


def test_a_dry_run_tells_what_a_run_lacks(folder, capsys):
    (folder / "Jigsaw-seed0" / "Counting.json").unlink()
    assert run_command(["import", str(folder), "--dry-run"]) == 2
    assert "Jigsaw, seed 0 was not evaluated on Counting" in capsys.readouterr().err


def test_an_analysis_sums_up_what_was_read_in_a_line(folder, capsys):
    assert run_command(["analyze", str(folder), "--json"]) == 0
    summary, *notes = capsys.readouterr().err.splitlines()
    assert summary.startswith("3 runs of blink: 2 sources (Counting, Jigsaw) with 1 seed, 2 tasks;")
    assert all(note.startswith("! ") for note in notes)


def test_an_analysis_says_what_accuracies_were_taken_for(tmp_path, capsys):
    FORMATS["long-table"].write(tmp_path)
    assert run_command(["analyze", str(tmp_path), "--json"]) == 0
    assert "metric accuracy: at most " in capsys.readouterr().err
