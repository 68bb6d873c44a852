"""Findings: the names that others rely on, matrices that show themselves, graphs, sentences."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from spillover.analysis import AnalysisSettings, TransferMatrix, analyze
from spillover.analysis.cells_json import describe_cells
from spillover.analysis.facts import collect_facts
from spillover.analysis.graph import build_graph, keep_edges, write_graphml, write_node_link
from spillover.core.errors import AnalysisError
from spillover.core.scores import table_from_scores
from spillover.tasks.task import Task

SETTINGS = AnalysisSettings(replicates=200, permutations=20)


def test_the_json_form_holds_the_promised_names(table):
    described = json.loads(analyze(table, SETTINGS).dump())
    assert described["schema"] == 1
    assert described.keys() >= {"models", "sentences", "provenance"}
    model = described["models"][0]
    promised = {
        *("model", "protocol", "tasks", "sources", "targets", "controls", "seeds", "pgf", "undefined"),
        *("mean_off_diagonal", "positive_cells", "negative_cells", "transferability", "malleability"),
        *("with_diagonal", "variance", "cliques", "personas", "base", "calibrated", "cells", "warnings"),
    }
    assert model.keys() >= promised
    assert model["transferability"].keys() == {"positive", "negative", "average"}
    assert model["with_diagonal"].keys() == {"transferability", "malleability"}
    assert model["variance"].keys() >= {*("target", "source_given_target", "interaction", "seed_noise", "corrected")}
    assert model["variance"]["corrected"].keys() == {"target", "source", "interaction"}
    assert model["cliques"].keys() >= {"positive", "negative"}
    assert model["personas"].keys() >= {"raw", "calibrated", "specific"}
    assert model["personas"]["raw"].keys() == {"donor", "pirate", "sponge", "sieve"}
    assert model["base"]["Jigsaw"].keys() >= {"accuracy", "calibrated", "examples", "chance", "unparsed", "letters"}
    assert model["calibrated"].keys() >= {*("pgf", "mean_off_diagonal", "transferability", "malleability", "variance")}
    assert model["cells"][0].keys() >= {"source", "target", "pgf", "low", "high", "p", "q"}
    assert all(warned.keys() == {"kind", "tasks", "text"} for warned in model["warnings"])


def test_very_many_cells_are_written_on_one_line_with_the_same_values(table, monkeypatch):
    findings = analyze(table, SETTINGS)
    many_lines = findings.dump()
    monkeypatch.setattr("spillover.analysis.findings.INDENTED_CELLS", 3)
    assert "\n" in many_lines
    assert "\n" not in findings.dump()
    assert json.loads(findings.dump()) == json.loads(many_lines)


def test_intervals_stand_beside_every_profile(table):
    model = analyze(table, SETTINGS).to_json()["models"][0]
    low, high = model["intervals"]["transferability"]["positive"]["Jigsaw"]
    assert low <= high
    assert model["intervals"]["malleability"]["average"]["negative"][0] <= 0
    assert model["intervals"]["with_diagonal"]["transferability"]["average"]["positive"][1] > 0
    assert model["noise_floor"]["transferability"]["average"]["positive"] > 0
    assert len(model["variance"]["intervals"]["target"]) == 2


def test_the_same_data_and_seed_give_the_same_findings(table):
    assert analyze(table, SETTINGS).dump() == analyze(table, SETTINGS).dump()
    other = SETTINGS.model_copy(update={"seed": 1})
    assert analyze(table, other).dump() != analyze(table, SETTINGS).dump()


def test_every_sentence_names_its_model_and_ends(table):
    sentences = analyze(table, SETTINGS).sentences
    assert 5 <= len(sentences) <= 14
    assert all(sentence.startswith("tiny: ") and sentence.endswith(".") for sentence in sentences)


def test_every_sentence_says_of_what_where_sources_are_no_targets(random_cube):
    cube = random_cube(tasks=5)
    wide = replace(cube, targets=cube.targets[:4], blocks=cube.blocks[:4])
    said = analyze(wide, SETTINGS).sentences
    assert "on average among the 4 tasks that are both source and target (" in said[0]
    assert "of 12 among the 4 tasks that are both source and target are positive" in said[1]
    assert any(
        "16 tested of all sources and targets" in text or "16 single transfers tested of all" in text for text in said
    )
    assert any("of the spread of PGFs among the 4 tasks" in text for text in said)
    assert any("the first of 5 sources (up to" in text for text in said)
    assert any("the first of 4 targets (up to" in text for text in said)
    square = analyze(cube, SETTINGS).sentences
    assert not any("both source and target" in text or "of all sources" in text for text in square)


def test_a_figure_in_a_sentence_is_a_figure_in_the_findings(table):
    findings = analyze(table, SETTINGS)
    assert findings.models[0].summary.mean is not None
    assert f"{abs(findings.models[0].summary.mean):.4f}" in findings.sentences[0]


def test_without_replicates_and_permutations_the_rest_stays(table):
    model = analyze(table, AnalysisSettings(replicates=0, permutations=0)).to_json()["models"][0]
    assert model["intervals"] is None
    assert model["cells"][0]["low"] is not None
    assert model["cliques"]["largest"]["positive"]["mean"]["p"] is None


def test_tasks_given_by_the_caller_win(table):
    mine = [Task(name="Counting", abbreviation="ZZ", level="low"), Task(name="Jigsaw", abbreviation="JG")]
    model = analyze(table, SETTINGS, mine).models[0]
    assert model.matrix.targets == ("Counting", "Jigsaw", "Relative_Depth")
    assert model.matrix.abbreviations["Counting"] == "ZZ"


def matrix(sources: tuple[str, ...] = ("a", "<b>"), targets: tuple[str, ...] = ("a", "x'y")) -> TransferMatrix:
    values = np.array([[0.5, np.nan], [-0.25, 0.0]])
    return TransferMatrix(title="PGF", sources=sources, targets=targets, abbreviations={"a": "A"}, values=values)


def test_a_matrix_shows_itself():
    assert repr(matrix()).splitlines()[0] == "PGF (rows finetuned, columns evaluated)"
    assert "+0.500" in repr(matrix())
    assert "–" in repr(matrix())


def test_findings_show_themselves_in_a_screenful(table):
    findings = analyze(table, SETTINGS)
    shown = repr(findings)
    assert shown.startswith("tiny: 3 sources × 3 targets × 2 seeds")
    assert all(sentence in shown for sentence in findings.sentences)
    assert len(shown.splitlines()) < 30
    assert "<script>" not in analyze({"<script>": table}, SETTINGS)._repr_html_()
    assert findings.models[0]._repr_html_() in findings._repr_html_()


def test_names_are_escaped_in_a_notebook():
    html = matrix(sources=("a", "<script>alert(1)</script>"))._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "x&#x27;y" in html


def test_a_matrix_becomes_a_data_frame():
    frame = matrix().to_frame()
    assert frame.index.name == "source"
    assert frame.loc["<b>", "a"] == -0.25


def test_every_cell_becomes_a_row_with_what_the_json_says_of_it(table):
    model = analyze(table, SETTINGS).models[0]
    frame = model.to_frame()
    assert len(frame) == 9
    described = {(cell["source"], cell["target"]): cell for cell in describe_cells(model)}
    for row in frame.to_dict("records"):
        cell = described[row["source"], row["target"]]
        for name in ("pgf", "low", "high", "p", "q", "points", "accuracy"):
            wanted = np.nan if cell[name] is None else cell[name]
            assert row[name] == pytest.approx(wanted, nan_ok=True), name
        assert row["accuracy"] - row["base"] == pytest.approx(row["points"])


@pytest.mark.parametrize("convert", [pa.Table.to_pandas, lambda table: [table.to_pandas()]])
def test_a_frame_of_scores_is_analysed_as_the_table_is(table, convert):
    assert analyze(convert(table), SETTINGS).models[0].to_frame().equals(analyze(table, SETTINGS).models[0].to_frame())


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("my-study", "'my-study' cannot be analysed"),
        (Path("my-study"), r"PosixPath\('my-study'\) cannot be analysed"),
        ({"a": 5}, "5 cannot be analysed"),
        (pd.DataFrame({"a": [1, "x"]}), "the frame is no table of scores"),
        (pd.DataFrame({"source": ["base"]}), "columns"),
    ],
)
def test_what_cannot_be_analysed_is_told_what_can(data, message):
    with pytest.raises(AnalysisError, match=message) as caught:
        analyze(data)
    assert "spillover.analyze_study" in str(caught.value) or "columns" in message


def test_without_pandas_the_error_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(AnalysisError, match="pip install pandas"):
        matrix().to_frame()


def test_an_unknown_cell_is_an_error():
    assert matrix().value("<b>", "a") == -0.25
    with pytest.raises(AnalysisError, match="there is no cell b → a"):
        matrix().value("b", "a")


def test_the_graph_has_the_edges_that_were_kept(table):
    settings = AnalysisSettings(replicates=0, permutations=0, edge_threshold=0.05)
    model = analyze(table, settings).models[0]
    graph = build_graph(model.matrix, model.cells.edges, collect_facts(model.matrix.targets))
    assert set(graph.nodes) == set(model.matrix.targets)
    assert all(abs(weight) >= 0.05 for _, _, weight in graph.edges(data="weight"))
    assert graph.nodes["Relative_Depth"]["level"] == "low"
    assert all(source != target for source, target in graph.edges)


def test_significant_edges_are_discoveries_only(random_cube):
    model = analyze(random_cube(), AnalysisSettings(replicates=0, permutations=0, significant_edges=True)).models[0]
    assert (model.cells.q[model.cells.edges] <= 0.05).all()


def test_edges_leave_out_exact_zeros(make_cube):
    base = np.array([[[1.0, 0, 1, 0]] * 2])
    cube = make_cube(base[None, 0].repeat(2, axis=1).reshape(1, 2, 2, 4), base, sources=("a", "b"), targets=("a", "b"))
    model = analyze(cube, SETTINGS).models[0]
    q = np.full((2, 2), np.nan)
    assert not keep_edges(model.matrix.values, q, model.summary.frame, SETTINGS).any()


def test_graphs_are_written_for_other_programs(table):
    model = analyze(table, SETTINGS).models[0]
    graph = build_graph(model.matrix, model.cells.edges, {})
    assert nx.parse_graphml(write_graphml(graph)).number_of_edges() == graph.number_of_edges()
    assert len(json.loads(write_node_link(graph))["nodes"]) == 3


def test_a_base_that_nothing_changes_gives_exactly_zero_everywhere(scores):
    rows = scores(seeds=(0,))
    base = {(row.target, row.example): row for row in rows if row.source == "base"}
    copied = [
        row
        if row.source == "base"
        else row.__class__(
            **{
                **{name: getattr(base[row.target, row.example], name) for name in row.__dataclass_fields__},
                "source": row.source,
                "seed": row.seed,
                "adapter_key": row.adapter_key,
            }
        )
        for row in rows
    ]
    model = analyze(table_from_scores(copied), SETTINGS).models[0]
    assert (model.matrix.values == 0).all()
    assert (model.summary.positive_cells, model.summary.negative_cells) == (0, 0)
    assert model.calibrated is not None
    assert (model.calibrated.matrix.values == 0).all()
