"""A script says of somebody's results what the command's options say, and the same is read."""

from __future__ import annotations

import inspect

import pytest
from tests.contracts.result_files import write_blink, write_lmms_eval

import spillover
from spillover.cli.reading_options import gather_choices
from spillover.core.errors import ImportFileError
from spillover.interop.importing import plan_import, read_import

RENAMED = {"base": "bare", "Jigsaw-seed0": "ft_Jigsaw_1", "Counting-seed0": "last"}
"""Runs whose names nothing tells the meaning of but what is said of them."""
SAID = {"base": "bare", "pattern": "ft_{source}_{seed}", "runs": {"last": "Counting:3"}}
OPTIONS = {"base": ["bare"], "pattern": "ft_{source}_{seed}", "map": ["last=Counting:3"]}


@pytest.fixture
def answers(tmp_path):
    write_blink(tmp_path)
    for before, after in RENAMED.items():
        (tmp_path / before).rename(tmp_path / after)
    return tmp_path


@pytest.mark.parametrize(
    ("said", "options"),
    [
        ({}, {}),
        ({"runs": {"last": None}}, {"map": ["last="]}),
        ({"base": {"bare": 1}}, {"base": ["bare:1"]}),
        ({"tasks": {"Counting": "how many"}}, {"rename": ["Counting=how many"]}),
        (
            {"tasks": {"Counting": "mine"}, "targets": ["Counting"]},
            {"rename": ["Counting=mine"], "targets": "Counting"},
        ),
        ({"targets": ["JG"], "model": "m", "format": "blink"}, {"targets": "JG", "model": "m", "format": "blink"}),
        ({"scores": "file"}, {"scores": "file"}),
    ],
)
def test_a_script_reads_what_the_command_reads(answers, said, options):
    choices = gather_choices(**OPTIONS | options)
    expected = read_import(plan_import([answers], choices), choices)
    for paths in (answers, str(answers), [str(answers)]):
        found = spillover.import_results(paths, **SAID | said)
        assert [table.to_pylist() for table in found.data] == [table.to_pylist() for table in expected.data]


def test_what_files_do_not_say_themselves_can_be_said(tmp_path):
    rows = ["source,target,seed,accuracy", "base,a,,40", "a,a,0,30", "b,a,0,50"]
    (tmp_path / "errors.csv").write_text("\n".join(rows))
    said = {"scale": "percent", "direction": "lower"}
    choices = gather_choices(**said)
    expected = read_import(plan_import([tmp_path / "errors.csv"], choices), choices)
    assert spillover.import_results(tmp_path / "errors.csv", **said).data == expected.data


def test_every_option_of_the_command_is_an_argument():
    called = {"map": "runs", "rename": "tasks"}
    options = {called.get(name, name) for name in inspect.signature(gather_choices).parameters}
    assert set(inspect.signature(spillover.import_results).parameters) == {"paths", *options}


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"base": ["bare"]}, r"import_results: base: should be a run"),
        ({"base": "bear"}, "there is no run 'bear'"),
        ({"runs": {"last": 3}}, r"import_results runs\.last: 3 is no source with a seed"),
        ({"tasks": {"Counting": ""}}, r"import_results tasks\.Counting: a name has 1 to 200 characters"),
    ],
)
def test_what_cannot_be_understood_is_named(answers, said, message):
    with pytest.raises(ImportFileError, match=message):
        spillover.import_results(answers, **SAID | said)


def test_nothing_need_be_said_where_names_tell(tmp_path):
    write_lmms_eval(tmp_path)
    (model,) = spillover.analyze(spillover.import_results(tmp_path).data).models
    assert model.matrix.sources == ("Counting", "Jigsaw")
