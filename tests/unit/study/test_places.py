import pytest
import yaml

from spillover.study.reading import load_study

TASKS = [
    {"kind": "files", "name": "Mine", "train": "data/a.jsonl", "validation": "../b.jsonl"},
    {"kind": "blink", "train": "blink-train"},
    {"kind": "vsibench", "path": "videos/here", "videos": "/abs/videos"},
    {"kind": "hub", "name": "Pets", "dataset": "org/pets"},
]


@pytest.fixture
def loaded(tmp_path, monkeypatch):
    home = tmp_path / "project" / "study"
    (home / "videos" / "here").mkdir(parents=True)
    (home / "weights").mkdir()
    models = [{"path": "weights"}, {"path": "./weights", "name": "b"}, {"path": "Qwen/Qwen2.5-VL-3B-Instruct"}]
    models += [{"path": "tiny"}]
    (home / "study.yaml").write_text(yaml.safe_dump({"name": "mine", "models": models, "tasks": TASKS}))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return home, load_study(home / "study.yaml")


def test_paths_are_meant_from_the_study_files_folder(loaded):
    home, study = loaded
    mine, blink, video, _ = study.tasks
    assert (mine.train, mine.validation) == (str(home / "data/a.jsonl"), str(home.parent / "b.jsonl"))
    assert blink.train == str(home / "blink-train")
    assert (video.path, video.videos) == (str(home / "videos/here"), "/abs/videos")
    assert [model.path for model in study.models[:2]] == [str(home / "weights")] * 2
    assert study.output == str(home / "mine")


def test_names_on_the_hub_stay_names(loaded):
    _, study = loaded
    assert [model.path for model in study.models[2:]] == ["Qwen/Qwen2.5-VL-3B-Instruct", "tiny"]
    assert [model.name for model in study.models] == ["weights", "b", "Qwen2.5-VL-3B-Instruct", "tiny"]
    assert study.tasks[1].path == "BLINK-Benchmark/BLINK"
    assert study.tasks[3].dataset == "org/pets"


@pytest.mark.parametrize("written", [".", "small", "/where/it/was"])
def test_a_study_folder_is_where_it_stands(tmp_path, written):
    folder = tmp_path / "moved"
    folder.mkdir()
    (folder / "study.yaml").write_text(yaml.safe_dump({"name": "small", "output": written, "provenance": {}}))
    assert load_study(folder).output == str(folder)
    assert load_study(folder / "study.yaml").output == str(folder)
