"""The names of findings.json that others rely on: present, and of the kind that they are said to be."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from spillover.analysis import AnalysisSettings, analyze
from spillover.analysis.cube import example_cube
from spillover.analysis.tables import example_table
from spillover.cli.main import build_app

NUMBER = (int, float)
MAYBE = (int, float, type(None))
SIGNS = {"positive": {str: NUMBER}, "negative": {str: NUMBER}, "average": {"positive": MAYBE, "negative": MAYBE}}
PROFILES = {"transferability": SIGNS, "malleability": SIGNS}
SHARES = {"target": MAYBE, "source_given_target": MAYBE, "interaction": MAYBE, "seed_noise": MAYBE}
VARIANCE = (None, SHARES | {"corrected": {"target": MAYBE, "source": MAYBE, "interaction": MAYBE}})
CLIQUE = {"tasks": [str], "weakest": NUMBER, "maximal_in": [str]}
KINDS = {"donor": [str], "pirate": [str], "sponge": [str], "sieve": [str]}
BASE = {"accuracy": MAYBE, "calibrated": MAYBE, "examples": (int, type(None)), "chance": MAYBE, "unparsed": MAYBE}
CALIBRATED = {"pgf": [[MAYBE]], "mean_off_diagonal": MAYBE, **PROFILES, "variance": VARIANCE}
MODEL = {
    "model": str,
    "protocol": str,
    **{name: [str] for name in ("tasks", "sources", "targets", "controls")},
    "seeds": [(int, str)],
    "pgf": [[MAYBE]],
    "undefined": [{"source": str, "target": str, "reason": str}],
    "mean_off_diagonal": MAYBE,
    "positive_cells": int,
    "negative_cells": int,
    **PROFILES,
    "with_diagonal": PROFILES,
    "variance": VARIANCE,
    "cliques": {"positive": [CLIQUE], "negative": [CLIQUE]},
    "personas": {"raw": KINDS, "calibrated": KINDS, "specific": KINDS},
    "base": {str: BASE | {"letters": {str: NUMBER}}},
    "calibrated": (None, CALIBRATED),
    "cells": [{"source": str, "target": str, "pgf": NUMBER, "low": MAYBE, "high": MAYBE, "p": MAYBE, "q": MAYBE}],
    "verdicts": [object],
    "additivity": (None, {"cells": [object], "overall": {"slope": MAYBE, "miss": NUMBER}}),
    "warnings": [{"kind": str, "tasks": [str], "text": str}],
}
FINDINGS = {"schema": int, "models": [MODEL], "sentences": [str], "provenance": {str: object}}


def check(value: Any, schema: Any, place: str = "findings") -> None:
    """Hold a JSON value against a schema: types, [element], {name: schema}, {str: schema}, (None, schema)."""
    match schema:
        case (None, inner):
            if value is not None:
                check(value, inner, place)
        case [inner]:
            assert isinstance(value, list), place
            check(dict(enumerate(value)), {str: inner}, place)
        case dict():
            assert isinstance(value, dict), place
            missing = [name for name in schema if name is not str and name not in value]
            assert not missing, f"{place} lacks {missing}"
            for name, element in value.items():
                check(element, schema.get(name, schema.get(str, object)), f"{place}.{name}")
        case _:
            assert isinstance(value, schema), f"{place} is {type(value).__name__}"


@pytest.mark.parametrize("data", [example_cube(), example_table()], ids=["scores", "published table"])
@pytest.mark.parametrize("replicates", [0, 100])
def test_the_names_that_others_rely_on_are_there(data, replicates):
    described = analyze(data, AnalysisSettings(replicates=replicates, permutations=5)).to_json()
    check(json.loads(json.dumps(described, allow_nan=False)), FINDINGS)
    assert described["schema"] == 1


def test_a_study_that_was_calibrated_keeps_them_too(table):
    described = analyze(table, AnalysisSettings(replicates=100, permutations=5)).to_json()
    assert described["models"][0]["calibrated"] is not None
    check(described, FINDINGS)


def write_table(path):
    rows = ["seed,ft_task,task,perfection_gap_factor"]
    rows += [f"{seed},{s},{t},{0.1 * (s == t)}" for seed in (0, 1) for s in ("a", "b") for t in ("a", "b")]
    path.write_text("\n".join(rows))
    return str(path)


def test_json_on_stdout_is_the_findings_and_nothing_else(tmp_path):
    result = CliRunner().invoke(build_app(), ["analyze", write_table(tmp_path / "table.csv"), "--json"])
    assert result.exit_code == 0
    check(json.loads(result.stdout), FINDINGS)
    assert result.stderr == ""


def test_models_are_compared_as_json(tmp_path):
    paths = [f"{name}={write_table(tmp_path / name)}" for name in ("3B.csv", "7B.csv")]
    result = CliRunner().invoke(build_app(), ["compare", *paths, "--json"])
    (comparison,) = json.loads(result.stdout)["comparisons"]
    assert [model["model"] for model in comparison["models"]] == ["3B.csv", "7B.csv"]
    assert "3B.csv" in CliRunner().invoke(build_app(), ["compare", *paths]).stdout


def test_settings_come_from_a_file_and_their_faults_have_lines(tmp_path):
    table = write_table(tmp_path / "table.csv")
    (tmp_path / "good.yaml").write_text("replicates: 0\nexcluded_targets: [a]\n")
    result = CliRunner().invoke(build_app(), ["analyze", table, "--settings", str(tmp_path / "good.yaml"), "--json"])
    described = json.loads(result.stdout)
    assert described["models"][0]["without_flagged"]["excluded"] == ["a"]
    (tmp_path / "bad.yaml").write_text("replicates: 0\nceiling: 95\n")
    failed = CliRunner().invoke(build_app(), ["analyze", table, "--settings", str(tmp_path / "bad.yaml")])
    assert "bad.yaml:2 ceiling" in str(failed.exception)
    assert "write 0.95" in str(failed.exception)
