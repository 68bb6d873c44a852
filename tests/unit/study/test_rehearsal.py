"""A rehearsal is the study with everything that costs time taken out, in a folder of its own."""

import json
import shutil

import pytest
import yaml
from tests.conftest import small_study

from spillover.cli.main import run_command
from spillover.core.errors import StoreError, StudyError
from spillover.models.tiny import CHECKPOINT
from spillover.study.preparing import prepare
from spillover.study.rehearsal import MARK, MOST_PIXELS, make_rehearsal


def test_it_has_every_source_target_and_control_of_the_study_and_little_work(tmp_path):
    study = small_study(
        tmp_path / "small", seeds=[3, 4], controls=["shuffled"], training={"examples": 900, "epochs": 5}
    )
    whole, rehearsed = prepare(study).plan, prepare(make_rehearsal(study).study).plan
    for name in ("source", "control"):
        assert {getattr(job, name) for job in rehearsed.jobs} == {getattr(job, name) for job in whole.jobs}
    assert {job.seed for job in rehearsed.finetunes} == {3}
    assert rehearsed.study.training.steps == 4
    assert rehearsed.study.evaluation.limit == 4
    assert rehearsed.study.provenance.rehearsal


def test_every_checkpoint_keeps_a_step_of_its_own(tmp_path):
    checkpoints = [0.05, 0.1, 0.5, 1.0]
    study = small_study(tmp_path / "small", training={"examples": 900, "epochs": 1, "checkpoints": checkpoints})
    short = make_rehearsal(study).study.training
    assert len({short.step_at(each) for each in checkpoints}) == 4
    assert short.steps < 20


def test_every_checkpoint_of_a_smaller_dose_keeps_one_too(tmp_path):
    quarter = {"name": "quarter", "mixture": {"parts": {"RD": 1}, "dose": 0.25}}
    training = {"examples": 900, "epochs": 1, "checkpoints": [0.5, 1.0]}
    study = make_rehearsal(small_study(tmp_path / "small", sources=["RD", quarter], training=training)).study
    steps = {job.source: job.steps for job in prepare(study).plan.finetunes}
    assert {name: len(kept) for name, kept in steps.items()} == {"Relative_Depth": 2, "quarter": 2}


def test_what_is_otherwise_is_noted(tmp_path):
    models = [{"path": "tiny", "quantisation": "4bit", "precision": "bfloat16"}]
    study = small_study(tmp_path / "small", models=models, controls=["own"], executor={"devices": ["cpu"]})
    rehearsal = make_rehearsal(study)
    (model,) = rehearsal.study.models
    assert (model.quantisation, model.precision) == ("none", "float32")
    assert rehearsal.notes == (
        "tiny: random weights",
        "tiny: without quantisation: 4bit, which this machine cannot do",
        "controls of kind own are left out: what answers at random has no answers of its own",
    )


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({}, (None, None)),
        ({"minimum_pixels": 784}, (784, None)),
        ({"minimum_pixels": 784, "maximum_pixels": 1_605_632}, (784, MOST_PIXELS)),
        ({"minimum_pixels": 200_704, "maximum_pixels": 1_605_632}, (MOST_PIXELS, MOST_PIXELS)),
        ({"minimum_pixels": 256, "maximum_pixels": 1024}, (256, 1024)),
    ],
)
def test_images_are_scaled_down_on_a_cpu_where_the_study_limits_them(tmp_path, limits, expected):
    models = [{"path": "tiny", **limits}]
    study = small_study(tmp_path / "small", models=models, executor={"devices": ["cpu"]})
    rehearsal = make_rehearsal(study)
    (model,) = rehearsal.study.models
    assert (model.minimum_pixels, model.maximum_pixels) == expected
    assert any("pixels" in note for note in rehearsal.notes) == (MOST_PIXELS in expected)


def test_given_adapters_cannot_be_rehearsed(tmp_path):
    sources = ["RD", {"adapters": {"Mine": "anywhere"}}]
    assert make_rehearsal(small_study(tmp_path / "small", sources=sources)).study.sources == ("RD",)
    with pytest.raises(StudyError, match="nothing to rehearse"):
        make_rehearsal(small_study(tmp_path / "small", sources=sources[1:]))


def test_a_folder_that_is_no_rehearsal_is_left_alone(tmp_path):
    (tmp_path / "small-rehearsal").mkdir()
    (tmp_path / "small-rehearsal" / "mine").write_text("precious")
    with pytest.raises(StoreError, match="is no rehearsal"):
        make_rehearsal(small_study(tmp_path / "small"))
    assert (tmp_path / "small-rehearsal" / "mine").is_file()
    shutil.rmtree(tmp_path / "small-rehearsal")
    for _ in range(2):
        make_rehearsal(small_study(tmp_path / "small"))
    assert (tmp_path / "small-rehearsal" / MARK).is_file()


def test_a_link_to_a_rehearsal_is_left_alone(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / MARK).touch()
    for leads_to in ("elsewhere", "nowhere"):
        (tmp_path / "small-rehearsal").symlink_to(tmp_path / leads_to)
        with pytest.raises(StoreError, match="is no rehearsal"):
            make_rehearsal(small_study(tmp_path / "small"))
        (tmp_path / "small-rehearsal").unlink()
    assert [file.name for file in (tmp_path / "elsewhere").iterdir()] == [MARK]


def test_a_model_without_weights_goes_the_whole_way_to_a_report(tmp_path, capfd, monkeypatch):
    monkeypatch.setattr(
        "spillover.report.drawing.files.write_figures", lambda *_: []
    )  # slow, and the same for every study
    shutil.copytree(CHECKPOINT, tmp_path / "model", ignore=shutil.ignore_patterns("*.safetensors"))
    study = small_study(tmp_path, models=[{"path": str(tmp_path / "model")}], output=str(tmp_path / "small"))
    described = study.model_dump(mode="json", include={"name", "models", "tasks", "output"})
    described |= {"executor": {"processes": 1}, "sources": ["RD"]}
    file = tmp_path / "study.yaml"
    file.write_text(yaml.safe_dump(described))
    assert run_command(["run", str(file), "--rehearse"]) == 0
    said = capfd.readouterr().err
    assert "every figure below is of random weights and means nothing" in said
    assert "every step of the study can be done here" in said
    folder = tmp_path / "small-rehearsal"
    (model,) = json.loads((folder / "study" / "findings.json").read_text())["models"]
    assert "rehearsal" in [warned["kind"] for warned in model["warnings"]]
    page = (folder / "study" / "report.html").read_text()
    assert "rehearsal of small" in page
    assert "none of these figures means anything" in page
    assert not (folder / "models").exists()
    assert not (tmp_path / "small").exists()


@pytest.mark.parametrize("option", ["--limit=3", "--shard=1/2", "--max-time=2h"])
def test_what_makes_a_run_less_than_whole_has_no_place_in_a_rehearsal(option, tmp_path, capsys):
    file = tmp_path / "study.yaml"
    file.write_text("name: x")
    assert run_command(["run", str(file), "--rehearse", option]) == 2
    assert option.partition("=")[0] in capsys.readouterr().err
    assert not (tmp_path / "x-rehearsal").exists()
