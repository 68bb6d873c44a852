"""Adapters that were trained elsewhere, as sources that are only evaluated."""

import json
from types import SimpleNamespace

import pytest
import yaml
from safetensors.numpy import load_file, save_file
from tests.conftest import small_study
from tests.unit.study.made_up import record_evaluations

from spillover.cli.main import run_command
from spillover.core.errors import StoreError, StudyError
from spillover.models.adapter_folder import CONFIG_FILE, PICKLE, WEIGHTS_FILE
from spillover.models.finetuning import finetune
from spillover.models.settings import TrainingSettings
from spillover.study.preparing import prepare
from spillover.study.results import read_study
from spillover.study.run import carry_out
from spillover.study.together import analyze_results

TASKS = ("Relative_Depth", "Visual_Similarity")


@pytest.fixture(scope="module")
def trained(base, encoded):
    """Four adapters, by number; untrained ones differ too."""
    settings = TrainingSettings(examples=40, epochs=0)
    return [finetune(base, encoded, settings, seed).adapters[0] for seed in range(4)]


@pytest.fixture
def folders(trained, tmp_path):
    for number, files in enumerate(trained):
        (tmp_path / f"a{number}").mkdir()
        for name, content in files.items():
            (tmp_path / f"a{number}" / name).write_bytes(content)
    return [tmp_path / f"a{number}" for number in range(len(trained))]


def given(tmp_path, adapters, **changes):
    named = {
        name: [str(each) for each in (folder if isinstance(folder, list) else [folder])]
        for name, folder in adapters.items()
    }
    return small_study(tmp_path / "small", **{"sources": [{"adapters": named}]} | changes)


def faults(study):
    with pytest.raises(StudyError) as caught:
        prepare(study)
    return {fault.where: fault.message for fault in caught.value.faults}


def test_nothing_is_trained_and_each_is_asked_every_target(tmp_path, folders):
    plan = prepare(given(tmp_path, {"RD": folders[0], "Mine": folders[1]})).plan
    assert not plan.finetunes
    assert [(job.source, len(job.questions)) for job in plan.evaluations] == [
        ("base", 2),
        ("Relative_Depth", 2),
        ("Mine", 2),
    ]
    assert [task.name for task in plan.tasks] == [*TASKS, "Mine"]


def test_an_adapter_is_known_by_its_content_wherever_it_lies(tmp_path, folders):
    def keys(folder):
        return [job.adapter_key for job in prepare(given(tmp_path, {"RD": folder})).plan.evaluations[1:]]

    before = keys(folders[0])
    moved = folders[0].rename(tmp_path / "elsewhere")
    assert keys(moved) == before
    tensors = load_file(moved / WEIGHTS_FILE)
    save_file({name: tensor + 1 for name, tensor in tensors.items()}, moved / WEIGHTS_FILE)
    assert keys(moved) != before


def begun(study, monkeypatch):
    """Begin a study as running it does, with made-up scores in the place of jobs."""
    idle = SimpleNamespace(run=lambda *_: (event for event in ()))
    monkeypatch.setattr("spillover.study.run.executor_of", lambda _: idle)
    prepared = prepare(study)
    carry_out(prepared, lambda _: None)
    record_evaluations(prepared.store, prepared.plan)
    return prepared


def test_the_studys_folder_keeps_what_it_evaluates_and_goes_on_where_it_ended(tmp_path, folders, monkeypatch):
    study = given(tmp_path, {"RD": folders[0], "VS": folders[1]})
    prepared = begun(study, monkeypatch)
    kept = [prepared.store.adapter_files(job.adapter_key, job.step) for job in prepared.plan.evaluations[1:]]
    assert kept == [{file.name: file.read_bytes() for file in folder.iterdir()} for folder in folders[:2]]
    assert prepare(study).jobs == []


def test_one_that_changes_between_planning_and_copying_is_refused(tmp_path, folders):
    prepared = prepare(given(tmp_path, {"RD": folders[0]}))
    for name in (CONFIG_FILE, WEIGHTS_FILE):  # another adapter, as whole as the first
        (folders[0] / name).write_bytes((folders[1] / name).read_bytes())
    job = prepared.plan.evaluations[1]
    with pytest.raises(StoreError, match="has changed since the study was planned"):
        prepared.store.adopt(job)
    assert not prepared.store.adapter(job.adapter_key, 0).exists()


def test_it_is_analysed_like_any_other_source_and_its_updates_are_compared(tmp_path, folders, monkeypatch):
    prepared = begun(given(tmp_path, {"RD": folders[0], "Mine": folders[1]}), monkeypatch)
    (model,) = analyze_results([read_study(prepared.store.folder)]).models
    assert model.matrix.sources == ("Relative_Depth", "Mine")
    assert model.matrix.targets == TASKS
    assert model.weights is not None
    (few,) = [warned for warned in model.warnings if warned.kind == "few_seeds"]
    assert "seed noise cannot be told" in few.text


def test_several_folders_are_as_many_seeds_beside_those_that_are_trained(tmp_path, folders):
    sources = ["VS", {"adapters": {"RD": list(map(str, folders[:2]))}}]
    plan = prepare(given(tmp_path, {}, sources=sources, seeds=[5, 7])).plan
    assert [(job.source, job.seed) for job in plan.evaluations if job.given] == [
        ("Relative_Depth", 5),
        ("Relative_Depth", 7),
    ]
    assert {job.source for job in plan.finetunes} == {"Visual_Similarity"}


def test_one_of_them_alone_can_be_asked_for(tmp_path, folders):
    study = given(tmp_path, {"RD": folders[0], "Mine": folders[1]})
    assert {job.source for job in prepare(study, only="Mine").jobs} == {"base", "Mine"}


def test_each_model_has_its_own(tmp_path, folders):
    models = [{"path": "tiny"}, {"path": "tiny", "name": "other", "precision": "bfloat16"}]
    sources = [
        {"adapters": {"RD": str(folders[0])}, "model": "tiny"},
        {"adapters": {"RD": str(folders[1])}, "model": "other"},
    ]
    plan = prepare(given(tmp_path, {}, models=models, sources=sources)).plan
    assert [job.model for job in plan.evaluations] == ["tiny", "tiny", "other", "other"]
    assert faults(given(tmp_path, {}, models=models, sources=sources[:1])) == {
        "models[1]": "no source is of other: give it adapters, or leave the model out"
    }
    unsaid = faults(given(tmp_path, {"RD": folders[0]}, models=models))
    assert unsaid["sources[0].model"] == "say which model these adapters are of: model: tiny or other"


def test_every_fault_is_told_with_its_place(tmp_path, folders, capsys):
    (folders[1] / WEIGHTS_FILE).rename(folders[1] / PICKLE)
    (folders[2] / WEIGHTS_FILE).write_bytes(b"cut short")
    adapters = {"RD": "gone", "VS": "a1", "Mine": "a2", "base": "a3", "Twice": ["a0", "a3"]}
    study = small_study(tmp_path / "small").model_dump(mode="json", include={"name", "tasks", "training"})
    file = tmp_path / "study.yaml"
    file.write_text(yaml.safe_dump(study | {"sources": [{"adapters": adapters}]}, sort_keys=False))
    assert run_command(["plan", str(file)]) == 2
    said = " ".join(capsys.readouterr().err.split())
    for expected in (
        "sources[0].adapters.RD: there is no adapter folder",
        "sources[0].adapters.VS: " + f"{folders[1]}: the adapter folder has only adapter_model.bin, a pickle",
        "sources[0].adapters.Mine: " + f"{folders[2]}: the adapter's adapter_model.safetensors is broken",
        "sources[0].adapters.base: 'base' stands for the model without an adapter",
        "sources[0].adapters.Twice: 2 folders for 1 under seeds",
    ):
        assert expected in said


def test_an_adapter_of_another_model_is_refused_before_anything_runs(tmp_path, folders):
    tensors = load_file(folders[0] / WEIGHTS_FILE)
    save_file({name: tensor[:, :1].copy() for name, tensor in tensors.items()}, folders[0] / WEIGHTS_FILE)
    save_file({f"other.{name}": tensor for name, tensor in tensors.items()}, folders[1] / WEIGHTS_FILE)
    found = faults(given(tmp_path, {"RD": folders[0], "VS": folders[1]}))
    assert "is of shape" in found["sources[0].adapters.RD[0]"]
    assert "without a module of this model" in found["sources[0].adapters.VS[0]"]


def test_an_adapter_that_says_it_is_of_another_model_of_the_hub_is_refused(tmp_path, folders):
    def made_for(name):
        config = json.loads((folders[0] / CONFIG_FILE).read_text()) | {"base_model_name_or_path": name}
        (folders[0] / CONFIG_FILE).write_text(json.dumps(config))
        models = [{"path": "Qwen/Qwen2.5-VL-3B-Instruct", "revision": "0" * 40}]
        return prepare(given(tmp_path, {"RD": folders[0]}, models=models))

    assert len(made_for("/cluster/models/anything").jobs) == 2
    assert len(made_for("unsloth/Qwen2.5-VL-3B-Instruct").jobs) == 2
    with pytest.raises(StudyError, match=r"was made for 'Qwen/Qwen2\.5-VL-7B-Instruct', and the model is"):
        made_for("Qwen/Qwen2.5-VL-7B-Instruct")


def test_a_name_is_one_source_of_a_model(tmp_path, folders):
    sources = ["RD", {"adapters": {"Relative_Depth": str(folders[0])}}]
    found = faults(given(tmp_path, {}, sources=sources))
    assert found == {"sources[1].adapters.Relative_Depth": "Relative_Depth stands twice among the sources of tiny"}


def test_the_same_adapter_under_two_names_is_refused(tmp_path, folders):
    with pytest.raises(StudyError, match="is the same as"):
        prepare(given(tmp_path, {"RD": folders[0], "VS": folders[0]}))


@pytest.mark.usefixtures("folders")
def test_the_plan_says_what_is_given(tmp_path, capsys):
    file = tmp_path / "study.yaml"
    study = small_study(tmp_path / "small").model_dump(mode="json", include={"name", "tasks"})
    file.write_text(yaml.safe_dump(study | {"sources": [{"adapters": {"RD": "a0", "Mine": "a1"}}]}))
    assert run_command(["plan", str(file), "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["finetunes"] == "0 to do, 0 done"
    assert summary["given_adapters"].startswith("2, ")
    assert summary["given_adapters"].endswith("no target is called Mine")


def test_a_link_in_a_given_adapter_is_copied_as_what_it_leads_to(tmp_path, folders):
    linked = tmp_path / "linked"
    linked.mkdir()
    for name in (CONFIG_FILE, WEIGHTS_FILE):
        (linked / name).symlink_to(folders[0] / name)
    prepared = prepare(given(tmp_path, {"RD": linked}))
    job = prepared.plan.evaluations[1]
    prepared.store.adopt(job)
    copied = prepared.store.adapter(job.adapter_key, 0)
    assert not any(file.is_symlink() for file in copied.iterdir())
    assert prepared.store.adapter_files(job.adapter_key, 0)[WEIGHTS_FILE] == (folders[0] / WEIGHTS_FILE).read_bytes()
    (linked / CONFIG_FILE).unlink()
    (linked / CONFIG_FILE).symlink_to("/etc/hostname")
    assert "adapter_config.json" in faults(given(tmp_path, {"RD": linked}))["sources[0].adapters.RD[0]"]
