"""What a person made or waited for is not replaced silently; what is soon drawn again is, and nothing else with it."""

from __future__ import annotations

import json

import pytest
from PIL import Image

from spillover.cli.main import run_command


@pytest.fixture
def questions(tmp_path):
    file = tmp_path / "data.jsonl"
    file.write_text(json.dumps({"question": "?", "choices": ["a", "b"], "answer": "A"}))
    return file


@pytest.mark.parametrize("asked", ["show", "check"])
def test_a_sheet_replaces_a_sheet_and_no_other_picture(asked, questions, capsys):
    picture = questions.with_suffix(".png")
    show = ["tasks", "show", "Jigsaw", "--count", "1", "--size", "32", "--out", str(picture)]
    given = show if asked == "show" else ["tasks", "check", str(questions), "--preview"]
    Image.new("RGB", (4, 4)).save(picture)
    mine = picture.read_bytes()
    assert run_command(given) == 2
    assert "did not draw this picture" in capsys.readouterr().err
    assert picture.read_bytes() == mine
    picture.write_text("mine")
    assert run_command(given) == 2
    picture.unlink()
    assert run_command(given) == run_command(given) == 0
    assert Image.open(picture).width > 4


def test_a_sheet_is_a_png(tmp_path, capsys):
    assert run_command(["tasks", "show", "Jigsaw", "--out", str(tmp_path / "sheet.jpg")]) == 2
    assert "is no .png file" in capsys.readouterr().err


def test_exported_examples_are_replaced_only_when_asked(tmp_path, capsys):
    study, out = tmp_path / "study.yaml", tmp_path / "out.parquet"
    study.write_text("name: x\nmodels: [tiny]\ntasks: {kind: perception, size: 32, examples: 2}\n")
    out.write_text("mine")
    given = ["tasks", "export", str(study), "Jigsaw", "--out", str(out)]
    assert run_command(given) == 2
    assert "the file is there already" in capsys.readouterr().err
    assert out.read_text() == "mine"
    assert run_command([*given, "--force"]) == 0
    assert out.read_bytes().startswith(b"PAR1")


def test_a_report_replaces_a_report_and_no_other_page(tmp_path, capsys):
    table, page = tmp_path / "pgf.csv", tmp_path / "out" / "report.html"
    rows = [f"{seed},{source},{target},0.1" for seed in range(2) for source in "ab" for target in "ab"]
    table.write_text("\n".join(["seed,ft_task,task,perfection_gap_factor", *rows]))
    page.parent.mkdir()
    page.write_text("<title>mine</title>")
    given = ["report", str(table), "--no-figures", "--out", str(page.parent)]
    assert run_command(given) == 2
    assert "did not write this page" in capsys.readouterr().err
    assert page.read_text() == "<title>mine</title>"
    page.unlink()
    assert run_command(given) == run_command(given) == 0
    assert page.stat().st_size > 10_000
