"""A study of tasks without images, with a model that reads text alone."""

from __future__ import annotations

import json

import pytest
from PIL import Image
from tests.contracts.tiny_families import llama

from spillover.core.errors import StudyError
from spillover.study.opening import open_study
from spillover.study.results import read_scores
from spillover.study.run import run
from spillover.study.study import Study


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "model").mkdir()
    llama(tmp_path / "model")
    tasks = []
    for name, words in (("Order", ["a", "b"]), ("Closer", ["x", "y"])):
        rows = [{"question": f"{name} {number}?", "choices": words, "answer": words[number % 2]} for number in range(8)]
        file = tmp_path / f"{name}.jsonl"
        file.write_text("\n".join(json.dumps(row) for row in rows))
        tasks.append({"kind": "files", "name": name, "train": str(file), "validation": str(file)})
    return {
        "name": "text",
        "models": [{"path": str(tmp_path / "model")}],
        "tasks": tasks,
        "training": {"examples": 8, "epochs": 4, "batch": 4, "learning_rate": 1e-2},
        "evaluation": {"protocols": ["letters", "generate"], "maximum_new_tokens": 4},
        "executor": {"processes": 1},
        "output": str(tmp_path / "study"),
    }


@pytest.mark.slow
def test_a_text_model_is_finetuned_and_asked(settings):
    finished = run(Study.model_validate(settings))
    assert finished.failures == ()
    scores = read_scores(finished.store.folder).to_pylist()
    letters = {row["source"]: row for row in scores if row["protocol"] == "letters" and row["target"] == "Order"}
    assert set(letters) == {"base", "Order", "Closer"}
    assert letters["Order"]["option_log_probabilities"] != letters["base"]["option_log_probabilities"]


def test_tasks_with_images_are_refused_before_anything_runs(settings, tmp_path):
    Image.new("RGB", (32, 32)).save(tmp_path / "0.png")
    row = {"question": "closer?", "choices": ["a", "b"], "answer": "a", "image": "0.png"}
    (tmp_path / "seen.jsonl").write_text(json.dumps(row))
    seen = {"kind": "files", "name": "Seen", "validation": str(tmp_path / "seen.jsonl")}
    with pytest.raises(StudyError) as caught:
        open_study(Study.model_validate(settings | {"tasks": [*settings["tasks"], seen]}))
    (fault,) = caught.value.faults
    assert "the model reads text alone, and these tasks have images: Seen" in fault.message
    assert "models[0].path" in fault.where
