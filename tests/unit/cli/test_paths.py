"""Results named on the command line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from spillover.cli.main import build_app
from spillover.cli.paths import _named
from spillover.core.errors import ImportFileError
from spillover.core.scores import Score, table_from_scores

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


def test_a_number_of_examples_below_one_is_refused_with_its_place(tmp_path):
    file = tmp_path / "accuracies.csv"
    file.write_text("source,target,seed,accuracy,n\nbase,a,,0.5,20\na,a,0,0.6,-20\n")
    said = CliRunner().invoke(build_app(), ["analyze", str(file)])
    assert isinstance(said.exception, ImportFileError)
    assert "accuracies.csv:3: n -20 is no whole number from 1 on" in str(said.exception)
    assert "leave n empty where it is not known" in str(said.exception)
