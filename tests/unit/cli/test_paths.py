"""Results named on the command line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
import yaml
from tests.conftest import small_study
from tests.unit.study.made_up import record_evaluations
from typer.testing import CliRunner

from spillover.cli.main import build_app
from spillover.cli.paths import _named
from spillover.core.errors import ImportFileError
from spillover.core.scores import Score, table_from_scores
from spillover.study.preparing import prepare
from spillover.study.reading import load_study

HEADER = "seed,ft_task,task,perfection_gap_factor"


def write_table(path: Path) -> Path:
    """A published table of three tasks."""
    rows = [f"0,{source},{target},0.{ord(target)}" for source in "abc" for target in "abc"]
    path.write_text("\n".join([HEADER, *rows]))
    return path


@pytest.fixture
def tables(tmp_path) -> tuple[Path, Path]:
    """Two tables of different models."""
    return write_table(tmp_path / "pgf_7B.csv"), write_table(tmp_path / "pgf_3B.csv")


def test_two_tables_by_one_name_are_refused(tables):
    said = CliRunner().invoke(build_app(), ["analyze", f"x={tables[0]}", f"x={tables[1]}"])
    assert isinstance(said.exception, ImportFileError)
    assert "two results are called 'x'" in str(said.exception)
    assert "name them: 3B=first.csv 7B=second.csv" in str(said.exception)


def test_a_path_that_is_given_twice_is_told_so(tables):
    for named in ("{0}", "x={0}"):
        said = CliRunner().invoke(build_app(), ["compare", *[named.format(tables[0])] * 2])
        assert "two of the paths are the same" in str(said.exception)


def test_two_tables_by_their_own_names_are_two_models(tables):
    said = CliRunner().invoke(build_app(), ["compare", "--json", f"3B={tables[1]}", f"7B={tables[0]}"])
    assert said.exit_code == 0
    told = json.loads(said.stdout)
    assert [model["model"] for model in told["comparisons"][0]["models"]] == ["3B", "7B"]
    assert (told["differences"][0]["first"], told["differences"][0]["second"]) == ("3B", "7B")


def test_what_changed_between_two_is_said(tables):
    said = CliRunner().invoke(build_app(), ["compare", f"before={tables[1]}", f"after={tables[0]}"])
    assert said.exit_code == 0
    assert "what changed: after − before" in said.stdout
    assert "signs flip in" in said.stdout
    assert "no change could be tested: there are no standard errors" in said.stdout
    assert "stand a test" not in said.stdout.partition("signs flip in")[2], "that none stands one would be said twice"


def test_the_models_of_a_study_are_not_called_by_its_name_twice():
    row = Score(
        model="tiny",
        adapter_key="bare",
        source="base",
        protocol="letters",
        target="a",
        target_key="a",
        example="1",
        score=1.0,
        answer="(A)",
        answer_given="(A)",
    )
    rows = [
        replace(row, model=model, source=source, seed=seed)
        for model in ("tiny", "other")
        for source, seed in (("base", None), ("a", 0))
    ]
    named = _named(table_from_scores(rows), "tiny")
    assert named["model"].unique().to_pylist() == ["tiny", "tiny other"]
    assert _named(table_from_scores(rows), "pilot")["model"].unique().to_pylist() == ["pilot tiny", "pilot other"]
    in_pieces = pa.concat_tables([table_from_scores([row]) for row in reversed(rows)])
    assert _named(in_pieces, "pilot")["model"].to_pylist() == ["pilot other"] * 2 + ["pilot tiny"] * 2


def test_a_number_of_examples_below_one_is_refused_with_its_place(tmp_path):
    file = tmp_path / "accuracies.csv"
    file.write_text("source,target,seed,accuracy,n\nbase,a,,0.5,20\na,a,0,0.6,-20\n")
    said = CliRunner().invoke(build_app(), ["analyze", str(file)])
    assert isinstance(said.exception, ImportFileError)
    assert "accuracies.csv:3: n -20 is no whole number from 1 on" in str(said.exception)
    assert "leave n empty where it is not known" in str(said.exception)


@pytest.fixture
def finished(tmp_path):
    """A study file, and beside it the folder of its results."""
    study = small_study(tmp_path / "results", seeds=[0, 1])
    written = study.model_dump(mode="json", exclude={"provenance", "output"}) | {"output": "results"}
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(written))
    prepared = prepare(load_study(tmp_path / "study.yaml"))
    prepared.store.begin(prepared.plan)
    for name in ("findings.json", "report.html"):
        (tmp_path / "results" / name).write_text("{}")
    record_evaluations(prepared.store, prepared.plan)
    return tmp_path


@pytest.mark.parametrize("command", [["analyze", "--json"], ["status", "--json"]])
@pytest.mark.parametrize("given", ["study.yaml", "."])
def test_a_study_file_stands_for_its_results(finished, command, given, monkeypatch):
    monkeypatch.chdir(finished)
    said, expected = (CliRunner().invoke(build_app(), [*command, path]) for path in (given, "results"))
    assert (said.exit_code, said.stdout) == (0, expected.stdout)
    assert json.loads(said.stdout)


def test_a_study_file_that_was_not_run_says_what_makes_its_results(tmp_path):
    (tmp_path / "study.yaml").write_text("name: small")
    said = CliRunner().invoke(build_app(), ["analyze", str(tmp_path / "study.yaml")])
    assert "the study is not begun" in str(said.exception)
    assert f"spillover run {tmp_path}/study.yaml" in str(said.exception)


@pytest.mark.parametrize(
    ("part", "called"),
    [
        ("scores", "the scores"),
        ("logs", "the logs"),
        ("findings.json", "the findings"),
        ("report.html", "the report"),
        ("plan.json", "the plan"),
    ],
)
def test_a_part_of_a_study_is_told_as_one(finished, part, called, monkeypatch):
    monkeypatch.chdir(finished)
    monkeypatch.setattr("spillover.interop.discovery._recognise", None)  # nothing is read for it
    said = CliRunner().invoke(build_app(), ["analyze", f"results/{part}"])
    assert isinstance(said.exception, ImportFileError)
    assert f"this is a part of the study results: {called}\n" in str(said.exception)
    assert str(said.exception).endswith("give the study's folder: results")
    monkeypatch.chdir(finished / "results")
    said = CliRunner().invoke(build_app(), ["analyze", part])
    assert str(said.exception).endswith("give the study's folder: .")


def test_scores_that_were_copied_out_of_a_study_are_told_as_such(finished):
    (finished / "results" / "scores").rename(finished / "mine")
    said = CliRunner().invoke(build_app(), ["analyze", str(finished / "mine")])
    assert "the file is a part of a study of spillover" in str(said.exception)
    said = CliRunner().invoke(build_app(), ["analyze", str(next((finished / "mine").iterdir()))])
    assert "give the study's folder, with its study.yaml" in str(said.exception)


def test_results_of_others_below_a_study_file_are_no_part_of_it(finished):
    (finished / "logs").mkdir()
    table = write_table(finished / "logs" / "pgf.csv")
    assert CliRunner().invoke(build_app(), ["analyze", "--json", str(table)]).exit_code == 0


def test_an_empty_file_is_told_as_one(tmp_path):
    (tmp_path / "pgf.csv").touch()
    said = CliRunner().invoke(build_app(), ["analyze", str(tmp_path / "pgf.csv")])
    assert "pgf.csv: the file is empty\n" in str(said.exception)
