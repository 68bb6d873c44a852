"""What a plan says that a study takes."""

import json
import re
import shutil
from dataclasses import replace

import pytest
from PIL import Image
from tests.conftest import small_study
from tests.unit.study.made_up import outcome

from spillover.cli.main import run_command
from spillover.core.errors import StudyError
from spillover.models.settings import EvaluationSettings, ModelSettings
from spillover.models.size import count_parameters
from spillover.models.tiny import CHECKPOINT
from spillover.study.devices import devices_of
from spillover.study.estimate import START_S, estimate_cost
from spillover.study.plan import Finetune
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
    prepared.store.begin(prepared.plan)
    for label, tells in ((f"{job.label}-2", False), (job.label, True)):
        monkeypatch.setattr(type(prepared.store), "durations_s", lambda *_, label=label: {label: 1e6})
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


def write_questions(file, side, count=8):
    """Questions about an image each, of so many pixels a side."""
    Image.new("RGB", (side, side), "teal").save(file.with_suffix(".png"))
    row = {"question": "what?", "choices": ["a", "b"], "answer": "(A)", "image": file.with_suffix(".png").name}
    file.write_text(f"{json.dumps(row)}\n" * count)
    return str(file)


def test_the_size_of_images_of_ones_own_tells_what_they_cost(tmp_path):
    def told(side, model="tiny", **limits):
        file = write_questions(tmp_path / f"{side}.jsonl", side)
        tasks = [
            {"kind": "files", "name": f"Of_{side}", "train": file, "validation": file},
            {"kind": "perception", "names": ["Counting"], "examples": 8},
        ]
        models = [{"path": model, **limits}]
        study = small_study(tmp_path / "small", models=models, tasks=tasks, training={"examples": 8, "epochs": 100})
        return estimate_cost(prepare(study)).seconds - START_S

    assert told(1600) > 5 * told(32)
    assert told(1600, maximum_pixels=32 * 32) == pytest.approx(told(32))
    drawn = small_study(
        tmp_path / "small",
        tasks=[{"kind": "perception", "names": ["Counting", "Jigsaw"], "examples": 8}],
        training={"examples": 8, "epochs": 100},
    )
    assert told(32) == pytest.approx(estimate_cost(prepare(drawn)).seconds - START_S, rel=0.5)


def test_a_mixture_costs_what_its_parts_do(tmp_path):
    files = {side: write_questions(tmp_path / f"{side}.jsonl", side) for side in (32, 1600)}
    tasks = [{"kind": "files", "name": f"Of_{side}", "train": file} for side, file in files.items()]
    tasks.append({"kind": "perception", "names": ["Counting"], "examples": 1})

    def told(**parts):
        mixture = {"name": "mixed", "mixture": {"parts": parts}}
        training = {"examples": 8, "epochs": 1000}
        study = small_study(tmp_path / "small", tasks=tasks, sources=[mixture], targets=["Counting"], training=training)
        return estimate_cost(prepare(study)).seconds - START_S

    small, large = told(Of_32=1), told(Of_1600=1)
    assert large > 5 * small
    assert told(Of_32=1, Of_1600=1) == pytest.approx((small + large) / 2, rel=0.05)


def test_what_is_known_grows_with_the_training_examples(tmp_path):
    before = prepare(small_study(tmp_path / "small"))
    before.store.begin(before.plan)
    for job in before.plan.jobs:
        before.store.record(replace(outcome(job), duration_s=60.0 if isinstance(job, Finetune) else 0.0), {})

    def told(**training):
        study = small_study(tmp_path / "small", training={"learning_rate": 1e-3, **training})
        return (estimate_cost(prepare(study)).seconds - START_S) * len(devices_of(study))

    assert told(examples=64, epochs=1) == pytest.approx(2 * 60)
    assert told(examples=96, epochs=1) == pytest.approx(2 * 90)
    assert told(examples=64, epochs=3) == pytest.approx(2 * 180)
