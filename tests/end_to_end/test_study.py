"""A real study through the command line, as a user runs it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml

import spillover
from spillover.cli.main import run_command
from spillover.core.files import sweep
from spillover.models.tiny import CHECKPOINT
from spillover.tasks.data import open_tasks
from spillover.tasks.export import write_examples
from spillover.tasks.settings import PerceptionTasks

STUDY = {
    "name": "small",
    "models": [{"path": "tiny"}],
    "tasks": [{"kind": "perception", "names": ["Relative_Depth", "Visual_Similarity"], "examples": 40}],
    "controls": [{"kind": "shuffled", "sources": ["Relative_Depth"]}],
    "seeds": [0],
    "training": {"examples": 64, "epochs": 2, "learning_rate": 3e-3},
    "evaluation": {"protocols": ["letters", "generate"]},
    "executor": {"processes": 1},  # each loads torch, which takes longer than these jobs
}
REPRODUCE = Path(__file__).parents[2] / "scripts" / "reproduce_cell.py"


def write_study(file, folder, **changes):
    file.write_text(yaml.safe_dump(STUDY | {"output": str(folder)} | changes))
    return file


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A study that was run without interruption, by two processes and with all figures, and what the command said."""
    place = tmp_path_factory.mktemp("study")
    file = write_study(place / "study.yaml", place / "small", executor={"processes": 2})
    command = [sys.executable, "-m", "spillover", "run", file]
    return place / "small", file, subprocess.run(command, capture_output=True, text=True, check=False)


def found(folder):
    findings = json.loads((folder / "findings.json").read_text())
    return {key: findings[key] for key in ("models", "sentences")}


def test_a_run_ends_with_matrix_findings_and_page(finished):
    folder, _, said = finished
    assert said.returncode == 0, said.stderr
    assert "Relative_Depth" in said.stdout
    words = " ".join(said.stdout.split())  # without the ends of lines
    assert "finetuning on one task" in words
    assert "no single transfer of the 2 tested" in words or "single transfers" in words
    assert "[7/7]" in said.stderr
    assert "Relative_Depth" in (folder / "report.html").read_text()
    assert list(folder.glob("figures/*/heatmap.pdf"))
    letters, generate = json.loads((folder / "findings.json").read_text())["models"]
    assert (letters["protocol"], generate["protocol"]) == ("letters", "generate")
    for model in (letters, generate):
        assert model["tasks"] == model["sources"] == model["targets"] == ["Relative_Depth", "Visual_Similarity"]
        assert len(model["pgf"]) == len(model["pgf"][0]) == 2
        assert model["controls"] == ["shuffled"]
    assert letters["calibrated"] is not None
    assert letters["weights"]["sources"] == letters["tasks"]
    assert letters["weights"]["correlation"]["pairs"] == 2


def test_scores_open_in_anything_and_keep_every_option(finished):
    folder, _, _ = finished
    frame = spillover.read_scores(folder).to_pandas()
    letters = frame[frame.protocol == "letters"]
    assert len(letters) == 4 * 2 * 40
    assert (letters.option_log_probabilities.map(len) == letters.options.map(len)).all()
    assert set(frame[frame.protocol == "generate"]["parse"]) <= {"parsed", "ambiguous", "none"}


def test_both_protocols_agree(finished):
    frame = spillover.read_scores(finished[0]).to_pandas()
    frame["control"] = frame.control.astype(str)
    cells = frame.pivot(index=["source", "control", "target", "example"], columns="protocol", values="answer_given")
    assert (cells["letters"] == cells["generate"]).mean() >= 0.98


def test_the_same_command_again_does_nothing(finished, give):
    folder, file, _ = finished
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.parquet")}
    again = give("run", file)
    assert again.returncode == 0
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.parquet")} == before
    assert json.loads(give("plan", file, "--json").stdout)["finetunes"] == "0 to do, 3 done"


def test_status_and_analyze_read_the_folder(finished, give):
    folder, _, _ = finished
    assert json.loads(give("status", folder, "--json").stdout)["evaluations_pending"] == 0
    assert json.loads(give("analyze", folder, "--json").stdout)["models"] == found(folder)["models"]


@pytest.mark.parametrize("room", ["adapters", pytest.param("base", marks=pytest.mark.slow)])
def test_transformers_and_peft_alone_give_the_same_answers(finished, tmp_path, room, give):
    folder, _, _ = finished
    frame = spillover.read_scores(folder).to_pandas()
    source = "Relative_Depth" if room == "adapters" else "base"
    cell = frame[(frame.source == source) & frame.control.isna() & (frame.target == "Visual_Similarity")]
    adapter = next((folder / "adapters" / cell.adapter_key.iloc[0]).iterdir()) if room == "adapters" else "none"
    assert give("tasks", "export", folder, "VS", "--out", tmp_path / "examples.parquet").returncode == 0
    command = [sys.executable, REPRODUCE, CHECKPOINT, adapter, tmp_path / "examples.parquet"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    answers = json.loads(printed)
    assert [answer["letter"] for answer in answers] == cell[cell.protocol == "letters"].answer_given.tolist()
    assert [answer["reply"] for answer in answers] == cell[cell.protocol == "generate"].reply.tolist()


@pytest.mark.parametrize(
    "seen",
    [
        "scores/*.parquet",
        pytest.param("plan.json", marks=pytest.mark.slow),
        pytest.param("logs/*.parquet", marks=pytest.mark.slow),
        pytest.param("adapters/*", marks=pytest.mark.slow),
        pytest.param("unfinished/*.state", marks=pytest.mark.slow),
    ],
)
def test_killing_a_run_and_going_on_gives_the_same_findings(finished, tmp_path, seen, give):
    folder = tmp_path / "small"
    file = write_study(tmp_path / "study.yaml", folder, executor={"processes": 1, "keep_every_s": 0})
    with subprocess.Popen([sys.executable, "-m", "spillover", "run", file], start_new_session=True) as process:
        while not list(folder.glob(seen)):
            assert process.poll() is None
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
    kept = set(folder.glob("scores/*.parquet"))
    assert kept or seen != "scores/*.parquet"
    before = {path: path.stat().st_mtime_ns for path in kept}
    said = give("run", file)
    assert said.returncode == 0, said.stderr
    assert {path: path.stat().st_mtime_ns for path in kept} == before
    assert found(folder) == found(finished[0])
    same = [{key: row[key] for key in row if key != "adapter_key"} for row in spillover.read_scores(folder).to_pylist()]
    other = [
        {key: row[key] for key in row if key != "adapter_key"} for row in spillover.read_scores(finished[0]).to_pylist()
    ]
    assert same == other
    for half in folder.rglob("*.part"):  # what the killed run was writing: swept once it is surely nobody's
        os.utime(half, (0, 0))
    sweep(folder)
    assert not list(folder.rglob("*.part"))


def test_ctrl_c_ends_at_once_and_keeps_what_is_finished(tmp_path):
    folder = tmp_path / "small"
    file = write_study(tmp_path / "study.yaml", folder, evaluation={"protocols": ["letters"]})
    command = [sys.executable, "-m", "spillover", "run", file]
    with subprocess.Popen(command, start_new_session=True, stderr=subprocess.PIPE, text=True) as process:
        while not list(folder.glob("scores/*.parquet")):
            assert process.poll() is None
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "give the same command to go on" in said
    assert "Traceback" not in said
    assert all(pq.read_schema(path).metadata for path in folder.glob("scores/*.parquet"))


def test_sigterm_keeps_a_finetune_as_it_stands_and_says_how_to_go_on(tmp_path, give):
    folder = tmp_path / "small"
    training = {"examples": 64, "epochs": 200, "learning_rate": 3e-3}
    file = write_study(tmp_path / "study.yaml", folder, training=training)
    command = [sys.executable, "-m", "spillover", "run", file]
    with subprocess.Popen(command, start_new_session=True, stderr=subprocess.PIPE, text=True) as process:
        while not any(re.search(r"finetune[^$]*\d of \d", log.read_text()) for log in folder.glob("logs/*.txt")):
            assert process.poll() is None
            time.sleep(0.05)
        for _ in range(2):  # as a scheduler does to all, and a shell among them that forwards what it hears
            os.killpg(process.pid, signal.SIGTERM)
        _, said = process.communicate(timeout=250)
    assert process.returncode == 75, said
    assert "SIGTERM: no job is begun any more" in said
    assert "stopped, SIGTERM" in said
    assert "give the same command again" in said
    assert "Traceback" not in said
    assert list(folder.glob("unfinished/*.state")), "no period has passed after which it is kept anyway"
    assert json.loads(give("status", folder, "--json").stdout)["running"] == []


def test_a_run_whose_time_is_up_goes_on_another_time(tmp_path, give):
    said = give("run", write_study(tmp_path / "study.yaml", tmp_path / "small"), "--max-time", "0.01s")
    assert said.returncode == 75
    assert "its time is up" in said.stderr
    assert not list(tmp_path.glob("small/scores/*"))


@pytest.mark.slow
def test_another_seed_is_added_alone_and_answers_differently(finished, tmp_path, give):
    folder, file, _ = finished
    kept = {path: path.stat().st_mtime_ns for path in folder.rglob("*.parquet")}
    extended = write_study(tmp_path / "study.yaml", folder, seeds=[0, 1])
    said = give("run", extended)
    assert "changed: seeds: + 1" in said.stderr
    assert "[6/6]" in said.stderr
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert found(folder)["models"][0]["seeds"] == [0, 1]
    frame = spillover.read_scores(folder).to_pandas()
    frame = frame[(frame.protocol == "letters") & (frame.source == "Relative_Depth") & frame.control.isna()]
    first, second = (frame[frame.seed == seed].set_index(["target", "example"]) for seed in (0, 1))
    answers = [frame.option_log_probabilities.sort_index().tolist() for frame in (first, second)]
    assert not np.allclose(*map(np.concatenate, answers))
    assert give("run", file).returncode == 0
    assert len(json.loads(give("status", folder, "--json").stdout)["leftovers"]) == 3


@pytest.mark.slow
def test_a_control_on_the_bases_own_answers_stands_beside_its_source(tmp_path, give):
    controls = [{"kind": "own", "sources": ["Relative_Depth"]}]
    training = {"examples": 64, "epochs": 1, "learning_rate": 3e-3, "checkpoints": [0.5]}
    said = give("run", write_study(tmp_path / "study.yaml", tmp_path / "small", controls=controls, training=training))
    assert said.returncode == 0, said.stderr
    for model in found(tmp_path / "small")["models"]:
        assert model["controls"] == ["own"]
        assert model["control_contrasts"][0]["sources"] == ["Relative_Depth"]
        assert [step["fraction"] for step in model["progress"]] == [0.5, 1.0]


@pytest.mark.slow
def test_a_control_on_own_answers_is_refused_where_the_base_gives_but_one(tmp_path, give):
    (task,) = open_tasks([PerceptionTasks(names=("Relative_Depth",), examples=1)])
    (example,) = task.read("validation", 1)
    same = [replace(example, id=str(index)) for index in range(8)]
    write_examples(same, "Same", tmp_path / "same.parquet")
    tasks = [{"kind": "files", "name": "Same", "train": str(tmp_path / "same.parquet")}, *STUDY["tasks"]]
    settings = {"tasks": tasks, "sources": ["Same"], "targets": ["Relative_Depth"], "controls": ["own"]}
    settings["training"] = {"examples": 8, "epochs": 1}
    said = give("run", write_study(tmp_path / "study.yaml", tmp_path / "small", **settings))
    assert said.returncode == 2
    assert "no control of kind own for Same" in said.stderr
    assert "leave Same out" in said.stderr
    assert len(list((tmp_path / "small" / "scores").iterdir())) == 2, "the base and the source itself are scored"
    for model in found(tmp_path / "small")["models"]:
        assert model["sources"] == ["Same"], "what could be done is analysed"
        assert [w["text"] for w in model["warnings"] if "Same (own) of tiny is missing" in w["text"]]
    assert "Same (own) of tiny is missing" in " ".join(said.stdout.split())


@pytest.mark.slow
def test_an_untrained_adapter_has_a_pgf_of_exactly_zero_everywhere(tmp_path, give):
    file = write_study(tmp_path / "study.yaml", tmp_path / "small", training={"examples": 8, "epochs": 0}, controls=[])
    assert give("run", file).returncode == 0
    for model in found(tmp_path / "small")["models"]:
        assert model["pgf"] == [[0.0, 0.0], [0.0, 0.0]]


@pytest.mark.slow
def test_a_limit_is_a_trial_of_one_source_whose_adapter_the_study_keeps(tmp_path, give):
    file = write_study(tmp_path / "study.yaml", "small", controls=[])
    said = give("run", file, "--only", "source=VS", "--limit", "10")
    assert said.returncode == 0, said.stderr
    folder = tmp_path / "small"
    (model, _) = found(folder / "trial-10")["models"]
    assert model["sources"] == ["Visual_Similarity"]
    assert model["base"]["Visual_Similarity"]["examples"] == 10
    assert not (folder / "findings.json").exists()
    status = json.loads(give("status", folder, "--json").stdout)
    assert (status["finetunes_pending"], status["evaluations_pending"]) == (1, 3)
    assert spillover.load_study(folder).evaluation.limit is None


@pytest.mark.slow
def test_a_training_that_runs_away_ends_alone(tmp_path, give):
    training = {"examples": 64, "epochs": 2, "learning_rate": 1e30, "maximum_gradient_norm": 1e30}
    file = write_study(tmp_path / "study.yaml", tmp_path / "small", training=training, controls=[])
    said = give("run", file)
    assert said.returncode == 2
    assert "training loss" in said.stderr
    assert "Traceback" not in said.stderr
    assert len(list((tmp_path / "small" / "scores").iterdir())) == 1
    assert not (tmp_path / "small" / "findings.json").exists(), "there is nothing to find yet"


def test_a_folder_of_another_study_is_left_alone(finished, tmp_path, capsys):
    file = write_study(tmp_path / "study.yaml", finished[0], name="other")
    assert run_command(["run", str(file)]) == 2
    assert "belongs to the study 'small'" in capsys.readouterr().err


@pytest.mark.slow
def test_shards_at_once_in_one_folder_give_what_one_run_gives(finished, tmp_path, give):
    folder = tmp_path / "small"
    file = write_study(tmp_path / "study.yaml", folder)
    command = [sys.executable, "-m", "spillover", "run", file, "--shard"]
    shards = [subprocess.Popen([*command, f"{n}/2"], stderr=subprocess.PIPE, text=True) for n in (1, 2)]
    said = [shard.communicate(timeout=250)[1] for shard in shards]
    assert [shard.returncode for shard in shards] == [0, 0], said
    assert not (folder / "findings.json").exists()
    assert "run without --shard analyses" in " ".join(said[0].split())
    kept = {path: path.stat().st_mtime_ns for path in folder.rglob("*.parquet")}
    assert give("run", file).returncode == 0
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.parquet")} == kept, "nothing is left to do"
    assert found(folder) == found(finished[0])
