"""The benchmark of large studies at its smallest: its times say nothing here, that nothing is lost does."""

from __future__ import annotations

import json

import pytest

import scale
from spillover.cli.main import run_command
from spillover.core.scores import BASE_SOURCE
from spillover.study.results import read_scores
from spillover.study.stored import open_stored_study

TASKS, SEEDS, EXAMPLES = 8, 2, 6
MODELS = 1 + TASKS * SEEDS


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    written = scale.write_study(tmp_path_factory.mktemp("scale"), TASKS, SEEDS, EXAMPLES, replicates=50)
    assert scale.record(written) == MODELS + TASKS * SEEDS
    return written


def test_what_is_recorded_is_what_was_answered(file):
    stored = open_stored_study(file.parent / "study")
    counts = {task.name: EXAMPLES for task in stored.plan.tasks}
    scores = read_scores(stored.store.folder)
    assert scores.num_rows == MODELS * TASKS * EXAMPLES
    rows = scores.to_pylist()
    for number, job in enumerate(stored.plan.evaluations):
        there = rows[number * TASKS * EXAMPLES : (number + 1) * TASKS * EXAMPLES]
        assert there == scale.answer(job, counts).to_pylist()


def test_a_job_that_is_lost_is_done_again_and_gives_the_same(file, capsys):
    folder = file.parent / "study"
    before = read_scores(folder)
    assert scale.record(file) == 0
    next(iter(sorted((folder / "scores").iterdir()))).unlink()
    capsys.readouterr()
    assert run_command(["status", str(folder), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["pending"]) == 1
    assert scale.record(file) == 1
    assert read_scores(folder).equals(before)


def test_tasks_of_a_group_are_seen_to_help_each_other_and_the_base_is_none_of_them(file, capsys):
    assert run_command(["analyze", str(file.parent / "study"), "--json"]) == 0
    (model,) = json.loads(capsys.readouterr().out)["models"]
    assert len(model["cells"]) == TASKS**2
    assert BASE_SOURCE not in model["sources"]
    assert model["mean_off_diagonal"] > 0


@pytest.mark.slow
def test_every_stage_is_timed_and_tabulated(tmp_path, capsys):
    figures = scale.measure(tmp_path, TASKS, SEEDS, EXAMPLES, replicates=50)
    assert figures["cells"] == TASKS * TASKS * SEEDS
    assert figures["rows"] == MODELS * TASKS * EXAMPLES
    assert figures["done"] == [MODELS + TASKS * SEEDS, 1]
    assert figures["status"] == {
        "finetunes_done": TASKS * SEEDS,
        "evaluations_done": MODELS,
        "pending": [],
        "leftovers": [],
    }
    assert json.loads(json.dumps(figures)) == figures
    scale.print_table([figures])
    assert "| resume, one job left |" in capsys.readouterr().out
