"""The paper as a study file, planned over stand-ins for its data: the real ones are gigabytes."""

import json

import pytest
import yaml

from spillover.cli.main import run_command
from spillover.core.errors import ModelError
from spillover.models.size import count_parameters
from spillover.study.preparing import prepare
from spillover.study.reading import load_study
from spillover.study.run import carry_out
from spillover.tasks.catalogue import BLINK
from spillover.tasks.export import write_examples
from spillover.tasks.prepare.make import RECIPES
from spillover.tasks.task import Example


@pytest.fixture
def paper(tmp_path, vsibench, capsys, monkeypatch):
    """The file as it is written, on a machine without a GPU, beside small data of the same form.

    Its hub names are pinned, so that no hub is asked.
    """
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    file = tmp_path / "paper.yaml"
    assert run_command(["init", "--paper", str(file)]) == 0
    for entry in BLINK:
        name, letters = entry.task.name, entry.task.options
        rows = [
            Example(
                id=f"{name}_{number}", images=(), prompt=f"{name} {number}?", choices=("x",) * letters, answer="(A)"
            )
            for number in range(4)
        ]
        write_examples(rows, name, tmp_path / "BLINK" / name / "val-00000-of-00001.parquet")
        write_examples(rows, name, tmp_path / "blink-train" / f"{name}.parquet")
    (tmp_path / "VSI-Bench").symlink_to(vsibench)
    values = yaml.safe_load(file.read_text())
    for model in values["models"]:
        model["revision"] = "0" * 40
    values["tasks"][0]["path"] = "BLINK"
    values["training"]["examples"] = 4
    file.write_text(yaml.safe_dump(values))
    capsys.readouterr()
    return file


def test_without_the_hub_everything_that_is_missing_is_told_at_once(tmp_path, capsys, monkeypatch):
    from huggingface_hub import HfApi, constants

    monkeypatch.setattr("huggingface_hub.HfApi", lambda: HfApi(endpoint="http://127.0.0.1:9"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "nothing"))
    file = tmp_path / "paper.yaml"
    assert run_command(["init", "--paper", str(file)]) == 0
    assert run_command(["plan", str(file)]) == 2
    said = capsys.readouterr().err
    assert all(name in said for name in ("'BLINK-Benchmark/BLINK'", "VSI-Bench", "VL-3B", "VL-7B", "VL-32B"))


def test_it_is_three_models_13_sources_and_four_seeds(paper):
    plan = prepare(load_study(paper)).plan
    assert [count_parameters(model) for model in plan.study.models] == [3e9, 7e9, 32e9]
    assert [model.quantisation for model in plan.study.models] == ["none", "none", "4bit"]
    assert len(plan.finetunes) == 3 * 13 * 4
    assert len(plan.evaluations) == 3 * (13 * 4 + 1)
    (asked,) = {len(job.questions) for job in plan.evaluations}
    assert asked == 13 * 2 + 4 + 6 * 2, "BLINK in both protocols, and VSI-Bench, whose numbers have no letters"
    assert [task.name for task in plan.tasks[:13]] == [entry.task.name for entry in BLINK]


def test_the_plan_says_what_it_costs_where_it_cannot_run(paper, capsys):
    assert run_command(["plan", str(paper), "--json", "--gpu-hour-price", "2"]) == 0
    said = capsys.readouterr()
    summary = json.loads(said.out)
    assert summary["examples"].startswith(f"{3 * 13 * 4 * 4 * 3:,} to train on")
    assert "one large GPU; this machine has none" in summary["estimated_time"]
    assert summary["estimated_cost"] == pytest.approx(summary["estimated_s"] / 3600 * 2, abs=0.01)
    assert 10e9 < summary["disk_bytes"] < 40e9
    assert run_command(["plan", str(paper)]) == 0
    assert "32B: quantisation: 4bit needs a CUDA device" in capsys.readouterr().err


def test_running_it_here_is_refused_before_anything_is_written(paper):
    prepared = prepare(load_study(paper))
    with pytest.raises(ModelError, match="this machine cannot run the study: 32B: quantisation: 4bit needs"):
        carry_out(prepared, lambda _: None)
    assert not prepared.store.folder.exists()


def test_it_names_the_command_that_makes_each_training_file(tmp_path):
    file = tmp_path / "paper.yaml"
    assert run_command(["init", "--paper", str(file)]) == 0
    words = [line.split() for line in file.read_text().splitlines() if "tasks prepare" in line]
    assert [each[4] for each in words] == [recipe.task.name for recipe in RECIPES]
    assert all(each[-1] == f"blink-train/{each[4]}.parquet" for each in words)
