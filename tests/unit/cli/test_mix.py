"""The command that recommends a mixture: what it prints and refuses."""

import json
from pathlib import Path

import pytest
from tests.unit.mixture.made_tables import HELPFUL, table

from spillover.cli import mix
from spillover.cli.main import run_command
from spillover.cli.mixture_files import describe_evidence
from spillover.core.keys import hash_file
from spillover.core.numbers import signed


@pytest.fixture
def file(tmp_path):
    rows = [f"{row.seed},{row.source},{row.target},{row.pgf}" for row in table(HELPFUL, noise=0.02).rows]
    place = tmp_path / "pgf.csv"
    place.write_text("\n".join(["seed,ft_task,task,perfection_gap_factor", *rows]))
    return str(place)


@pytest.mark.parametrize("strategy", ["robust", "threshold", "proportional", "best-single"])
def test_what_is_protected_is_shown_with_its_prediction_whichever_the_strategy(strategy, file, capsys):
    asked = ["mix", file, "--target", "JG", "--protect", "AS", "--tolerance", "0.02", "--strategy", strategy]
    assert run_command(asked) == 0
    (line,) = (line for line in capsys.readouterr().out.splitlines() if " protected " in line)
    assert line.split()[0] == "Art_Style"
    assert run_command([*asked, "--json"]) == 0
    effects = {effect["task"]: effect for effect in json.loads(capsys.readouterr().out)["effects"]}
    assert effects["Art_Style"]["worst"] >= -0.025
    assert line.split()[2] == signed(effects["Art_Style"]["predicted"])
    assert effects["Art_Style"]["promised"] is None
    assert effects["Jigsaw"]["promised"] <= effects["Jigsaw"]["predicted"]


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        (["--max-share", "0.2"], "can hold 60% of the budget", "raise --max-share to 0.334"),
        (["--strategy", "best-single", "--max-share", "0.5"], "Jigsaw alone can hold 50%", "raise --max-share to 1"),
        (["--available", "JG=9", "--strategy", "direct"], "can give 9 examples", "lower --budget to 9"),
        (["--max-share", "1.5"], "--max-share", "less than or equal to 1"),
        (["--threshold", "0.1"], "--threshold", "only the strategy threshold has one"),
        (["--tolerance", "0.1"], "--tolerance", "nothing is protected"),
        (["--available", "Foo=3"], "unknown source 'Foo'; allowed: Jigsaw, Counting", ""),
    ],
)
def test_a_limit_that_cannot_be_kept_is_named_with_what_can(options, message, hint, file, capsys):
    assert run_command(["mix", file, "--target", "JG", *options]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert message in said
    assert hint in said


@pytest.mark.parametrize("asked", ["--study", "--export"])
def test_what_would_be_overwritten_is_refused_before_anything_is_computed(asked, file, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(mix, "_samples", lambda *_: pytest.fail("computed"))
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "check.yaml").write_text("mine")
    out = str(tmp_path / "there")
    options = ["--study", f"{out}/check.yaml"] if asked == "--study" else ["--export", "jsonl", "--out", out]
    assert run_command(["mix", file, "--target", "JG", *options]) == 2
    assert ("there already" if asked == "--study" else "not empty") in capsys.readouterr().err


def test_an_export_says_what_it_was_chosen_by_and_where_its_data_is_from(file, tmp_path, capsys):
    (tmp_path / "study.yaml").write_text("name: x\ntasks: {kind: perception, difficulty: 0.25, seed: 3}\n")
    out = tmp_path / "out"
    options = ["--budget", "3", "--export", "swift", "--data", str(tmp_path / "study.yaml"), "--out", str(out)]
    assert run_command(["mix", f"m={file}", "--target", "JG", *options]) == 0
    assert "start the trainer in that folder" in capsys.readouterr().err
    told = json.loads((out / "manifest.json").read_text())["provenance"]
    assert told["evidence"] == {"path": file, "hash": hash_file(Path(file))}
    assert (told["tasks"][0]["difficulty"], told["tasks"][0]["seed"]) == (0.25, 3)


@pytest.mark.parametrize("renamed", [[], ["--rename", "charts=chartqa"]])
def test_an_exclusion_that_leaves_nothing_out_is_told(tmp_path, capsys, renamed):
    rows = [
        "base,chartqa,,0.4,100",
        *(f"{source},chartqa,{seed},0.{6 + seed},100" for source in ("charts", "maps") for seed in (0, 1)),
    ]
    (tmp_path / "t.csv").write_text("\n".join(["source,target,seed,accuracy,n", *rows]))
    asked = ["mix", str(tmp_path / "t.csv"), *renamed, "--target", "chartqa", "--exclude-target-data", "--json"]
    assert run_command(asked) == 0
    said = capsys.readouterr()
    assert ("left nothing out" in said.err and "--rename SOURCE=chartqa" in said.err) != bool(renamed)
    assert ("charts" in {each["source"] for each in json.loads(said.out)["sources"]}) != bool(renamed)


def test_the_tasks_of_the_data_are_found_as_the_results_are_renamed(tmp_path, capsys):
    accuracies = ["base,chartqa,,0.4,100", "charts,chartqa,0,0.6,100", "charts,chartqa,1,0.7,100"]
    (tmp_path / "t.csv").write_text("\n".join(["source,target,seed,accuracy,n", *accuracies]))
    (tmp_path / "charts.jsonl").write_text('{"question": "q", "answer": "a"}\n')
    (tmp_path / "study.yaml").write_text("name: x\ntasks: {kind: files, name: charts, train: charts.jsonl}\n")
    out = tmp_path / "out"
    options = ["--export", "jsonl", "--data", str(tmp_path / "study.yaml"), "--out", str(out), "--budget", "3"]
    asked = ["mix", str(tmp_path / "t.csv"), "--rename", "charts=chartqa", "--target", "chartqa", *options]
    assert run_command(asked) == 0, capsys.readouterr().err
    assert "chartqa: 3 examples" in " ".join(capsys.readouterr().err.split())


def test_evidence_that_is_a_study_is_known_by_its_scores_and_findings(tmp_path):
    for name in ("study.yaml", "findings.json", "scores/a.parquet", "report.html"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    told = describe_evidence(tmp_path)
    (tmp_path / "report.html").write_text("drawn again")
    assert describe_evidence(tmp_path) == told
    (tmp_path / "scores/a.parquet").write_text("other")
    assert describe_evidence(tmp_path) != told
