"""What a plan says that a study takes."""

import json
import re
import shutil

import pytest
from tests.conftest import small_study

from spillover.cli.main import run_command
from spillover.core.errors import StudyError
from spillover.models.settings import EvaluationSettings, ModelSettings
from spillover.models.size import count_parameters
from spillover.models.tiny import CHECKPOINT
from spillover.study.estimate import estimate_cost
from spillover.study.preparing import prepare
from spillover.study.run import carry_out
from spillover.tasks.data import find_task_data, open_tasks
from spillover.tasks.export import write_examples
from spillover.tasks.settings import PerceptionTasks

NAMES = ("Relative_Depth", "Visual_Similarity")


def own_study(folder, counts, **changes):
    drawn = open_tasks([PerceptionTasks(names=NAMES, examples=8)])
    tasks = []
    for name, count in zip(NAMES, counts, strict=True):
        path = folder / f"{name}.parquet"
        write_examples(find_task_data(drawn, name).read("validation", count), name, path)
        tasks.append({"kind": "files", "name": f"My_{name}", "train": str(path), "validation": str(path)})
    return small_study(folder / "study", tasks=tasks, training={"examples": 3, "epochs": 1}, **changes)


def test_the_questions_are_those_that_the_files_hold(tmp_path):
    study = own_study(tmp_path, (8, 3), seeds=[0])
    assert estimate_cost(prepare(study)).asked == 3 * (8 + 3), "of the base and of two adapters"
    assert estimate_cost(prepare(study, limit=5)).asked == 3 * (5 + 3)


def test_long_replies_take_longer(tmp_path):
    short, long = (EvaluationSettings(protocols=("generate",), maximum_new_tokens=count) for count in (1, 1000))
    first, second = (estimate_cost(prepare(own_study(tmp_path, (8, 8), evaluation=each))) for each in (short, long))
    assert second.seconds > first.seconds


def test_a_model_whose_name_begins_alike_tells_nothing(tmp_path, monkeypatch):
    prepared = prepare(small_study(tmp_path / "small", seeds=[0]))
    job = prepared.jobs[0]
    guessed = estimate_cost(prepared)
    for label, tells in ((f"{job.label}-2", False), (job.label, True)):
        monkeypatch.setattr(type(prepared.store), "durations_s", lambda _, label=label: {label: 1e6})
        assert (estimate_cost(prepared) != guessed) is tells


def test_a_small_disk_is_told_in_megabytes(tmp_path, capsys):
    file = tmp_path / "study.yaml"
    file.write_text(small_study(tmp_path / "small").model_dump_json(exclude={"provenance"}))
    assert run_command(["plan", str(file), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert 0 < told["disk_bytes"] < 1e8
    assert re.fullmatch(r"\d+(\.\d)? MB of adapters", told["estimated_disk"])
    assert not told["estimated_disk"].startswith("0.0")


def test_a_study_is_planned_before_its_models_weights_are_there(tmp_path, capsys):
    shutil.copytree(CHECKPOINT, tmp_path / "model", ignore=shutil.ignore_patterns("*.safetensors"))
    model = {"path": str(tmp_path / "model"), "precision": "float32"}
    assert count_parameters(ModelSettings(**model)) == count_parameters(ModelSettings())
    study = small_study(tmp_path / "small", models=[model], seeds=[0])
    assert estimate_cost(prepare(study)) == estimate_cost(prepare(small_study(tmp_path / "small", seeds=[0])))
    file = tmp_path / "study.yaml"
    file.write_text(json.dumps(study.model_dump(mode="json", exclude={"provenance"})))
    assert run_command(["plan", str(file), "--json"]) == 0
    (obstacle,) = json.loads(capsys.readouterr().out)["obstacles"]
    assert "models[0].path" in obstacle
    assert "no safetensors weights" in obstacle
    with pytest.raises(StudyError, match="no safetensors weights"):
        carry_out(prepare(study))
    assert not (tmp_path / "small").exists()
