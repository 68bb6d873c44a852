"""The laws of every reader of somebody's results: recognised, read to the letter, refused where it must be."""

from __future__ import annotations

import json
import random
import re
import shutil
from contextlib import suppress
from pathlib import Path

import pytest
from tests.contracts.mutations import mutate
from tests.contracts.result_files import FORMATS, GIVEN, LABELS, RIGHT, accuracy

from spillover.analysis import AnalysisSettings, analyze
from spillover.cli.main import run_command
from spillover.core.errors import ImportFileError
from spillover.core.published import PGFTable
from spillover.interop.discovery import READERS, find_results
from spillover.interop.gather import GatherSettings
from spillover.interop.importing import ImportChoices, import_results
from spillover.interop.run_mapping import RunMapping
from spillover.study.imported import read_imported
from spillover.study.results import read_scores

GUIDE = Path(__file__).parents[2] / "docs/import.md"
SETTINGS = AnalysisSettings(replicates=50, permutations=10)
WITH_EXAMPLES = [name for name, written in FORMATS.items() if written.examples]


@pytest.fixture(params=FORMATS)
def written(request, tmp_path):
    """A format's miniature, in a folder."""
    FORMATS[request.param].write(tmp_path / "results")
    return FORMATS[request.param], tmp_path / "results"


@pytest.fixture(params=WITH_EXAMPLES)
def detailed(request, tmp_path):
    """A miniature that holds every answer."""
    FORMATS[request.param].write(tmp_path / "results")
    return tmp_path / "results"


def findings_of(data):
    return json.loads(analyze(list(data), SETTINGS).dump())["models"][0]


def gap_factor(source, target):
    base = accuracy("base", target)
    return (accuracy(f"{source}-seed0", target) - base) / (1 - base)


def test_every_reader_has_a_miniature():
    assert {reader.name for reader in READERS} == {written.format for written in FORMATS.values()}


def test_the_guide_names_every_format_and_its_files(tmp_path):
    table = re.search(r"\| format \| files \|\n\|---\|---\|\n((?:\|.*\n)+)", GUIDE.read_text())
    files_of = {
        name: files.lower()
        for row in table[1].splitlines()
        for names, files in [row.strip("| ").split(" | ")]
        for name in re.findall("`([^`]+)`", names)
    }
    assert set(files_of) == {reader.name for reader in READERS}
    for name, written in FORMATS.items():
        written.write(tmp_path / name)
        suffixes = {file.suffix[1:] for file in (tmp_path / name).rglob("*.*") if file.is_file()}
        assert {suffix for suffix in suffixes if suffix in files_of[written.format]} == suffixes, name


def test_a_folder_is_recognised_by_itself(written):
    form, folder = written
    found = find_results([folder])
    if form.holds == "effects":
        assert [table.model for table in found.tables] == ["pgf"]
        return
    assert {run.name for run in found.runs} == set(GIVEN)
    assert {run.format for run in found.runs} == {form.format}
    for run in found.runs:
        assert run.metric.direction == "higher"
        assert run.metric.maximum in (1.0, 100.0)
        assert run.metric.evidence


def test_one_reader_alone_claims_each_file(written):
    form, folder = written
    for file in folder.rglob("*.*"):
        if file.is_file() and file.name != "status.json":
            assert [reader.name for reader in READERS if reader.claims(file)] == [form.format], file


def test_analysis_of_what_was_read_is_that_of_the_answers(written):
    _, folder = written
    found = findings_of(import_results([folder]).data)
    assert set(found["tasks"]) == set(RIGHT)
    for row, source in enumerate(found["sources"]):
        for column, target in enumerate(found["targets"]):
            assert found["pgf"][row][column] == pytest.approx(gap_factor(source, target), abs=1e-3)


def test_every_example_is_one_row_with_its_reply_read_again(detailed):
    (table,) = import_results([detailed]).data
    assert table.num_rows == sum(len(letters) for tasks in GIVEN.values() for letters in tasks.values())
    for row in table.to_pylist():
        assert row["score"] == float(row["answer_given"] == row["answer"])
        assert row["parse"] == "parsed"
        assert row["options"] == [f"({letter})" for letter in "ABCD"[: {"Jigsaw": 2, "Counting": 4}[row["target"]]]]


def test_an_imported_folder_is_a_study_like_any_other(written, tmp_path, capsys):
    form, folder = written
    out = tmp_path / "study"
    assert run_command(["import", str(folder), "--out", str(out)]) == 0
    for command in (
        ["status", str(out)],
        ["analyze", str(out)],
        ["report", str(out), "--no-figures", "--out", str(tmp_path / "r")],
    ):
        assert run_command(command) == 0
    capsys.readouterr()
    assert findings_of(read_imported(out)) == findings_of(import_results([folder]).data)
    if form.examples:
        assert read_scores(out).num_rows == 36
        assert any(read_scores(out)["reply"].is_valid().to_pylist()) == (form.holds == "replies")
    assert run_command(["run", str(out)]) == 2
    assert "imported" in capsys.readouterr().err


def test_analyze_and_report_take_results_directly(written, tmp_path, capsys):
    _, folder = written
    assert run_command(["analyze", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["models"][0]["sources"]
    assert run_command(["report", f"mine={folder}", "--no-figures", "--out", str(tmp_path / "page")]) == 0
    assert "mine" in (tmp_path / "page" / "report.html").read_text()


def test_a_dry_run_shows_the_mapping_and_writes_nothing(written, tmp_path, capsys):
    _, folder = written
    assert run_command(["import", str(folder), "--out", str(tmp_path / "study"), "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "pgf" in said if "PGF" in said else "Jigsaw-seed0" in said
    assert not (tmp_path / "study").exists()


def test_an_example_that_is_there_twice_is_refused(detailed):
    copy = detailed.parent / "again"
    shutil.copytree(detailed, copy / "results")
    with pytest.raises(ImportFileError, match=r"twice|what these runs are|two runs"):
        import_results([detailed, copy])


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_a_missing_target_is_refused_with_its_name(name, tmp_path, monkeypatch):
    monkeypatch.setitem(GIVEN, "Jigsaw-seed0", {"Jigsaw": GIVEN["Jigsaw-seed0"]["Jigsaw"]})
    FORMATS[name].write(tmp_path)
    with pytest.raises(ImportFileError, match="Jigsaw, seed 0 was not evaluated on Counting"):
        import_results([tmp_path])


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_differing_labels_are_refused(name, tmp_path, monkeypatch):
    monkeypatch.setitem(LABELS, "base", RIGHT | {"Jigsaw": "BBABAB"})
    FORMATS[name].write(tmp_path)
    with pytest.raises(ImportFileError, match="another version of the labels"):
        import_results([tmp_path])


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_an_unknown_run_is_refused_with_the_ways_to_say_it(name, tmp_path):
    FORMATS[name].write(tmp_path)
    with pytest.raises(ImportFileError, match=r"(?s)what these runs are.*Counting-seed0.*--map"):
        import_results([tmp_path], ImportChoices(mapping=RunMapping(pattern="ft_{source}_{seed}")))


@pytest.mark.parametrize("seed", range(3))
def test_mutated_files_end_in_a_clear_error_or_are_read(written, seed):
    _, folder = written
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    rng = random.Random(seed)  # noqa: S311 (mutations need no secrets)
    for turn in range(25):
        target = rng.choice(files)
        original = target.read_bytes()
        target.write_bytes(mutate(original, rng))
        with suppress(ImportFileError):  # and nothing else
            results = import_results([folder])
            assert results.data, turn
            assert isinstance(results.data[0], PGFTable) or results.gathered is not None
        target.write_bytes(original)


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_one_source_on_another_target_alone_is_analysed(name, tmp_path, monkeypatch):
    monkeypatch.delitem(GIVEN, "Counting-seed0")
    FORMATS[name].write(tmp_path)
    found = findings_of(import_results([tmp_path], ImportChoices(gathering=GatherSettings(targets=("Counting",)))).data)
    assert (found["sources"], found["targets"], found["tasks"]) == (["Jigsaw"], ["Counting"], [])
    assert found["pgf"] == [[pytest.approx(gap_factor("Jigsaw", "Counting"))]]
