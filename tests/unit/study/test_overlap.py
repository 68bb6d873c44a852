"""What is both trained on and asked about is told of before a study runs."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from spillover.cli.main import run_command
from spillover.study.overlap import find_overlap
from spillover.study.preparing import prepare
from spillover.study.reading import load_study

NAMES = ("First", "Second")


@pytest.fixture
def study_file(tmp_path):
    """Two tasks of three training and three validation images: one is the same, one of another size."""
    rng = np.random.default_rng(0)
    images = {
        name: Image.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)).resize((32, 32))
        for name in ("same", *(f"{task}-{split}-{n}" for task in NAMES for split in ("train", "val") for n in range(3)))
    }
    images["First-val-1"] = images["First-train-1"].resize((64, 64))
    for name, image in images.items():
        image.save(tmp_path / f"{name}.png")
    for task in NAMES:
        for split in ("train", "val"):
            shown = [f"{task}-{split}-0", f"{task}-{split}-1", "same"]
            rows = [
                {
                    "idx": f"{split}-{image}",
                    "question": "?",
                    "choices": ["a", "b"],
                    "answer": "A",
                    "image": f"{image}.png",
                }
                for image in (shown if task == "First" else shown[:2])
            ]
            (tmp_path / f"{task}-{split}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    mixture = {"name": "Both", "mixture": {"parts": {"First": 3, "Second": 1}}}
    study = {
        "name": "shared",
        "models": ["tiny"],
        "tasks": [
            *({"kind": "files", "name": t, "train": f"{t}-train.jsonl", "validation": f"{t}-val.jsonl"} for t in NAMES),
            {"kind": "perception", "names": ["Counting"], "examples": 3},
        ],
        "sources": [*NAMES, "Counting", mixture],
        "training": {"examples": 2},
    }
    file = tmp_path / "study.yaml"
    file.write_text(json.dumps(study))
    return file


def overlaps_of(study):
    return {(each.source, each.target): each.pairs for each in prepare(study).overlaps}


def test_the_very_image_is_found_as_far_as_it_is_trained_on_and_asked(study_file):
    study = load_study(study_file)
    assert overlaps_of(study) == {}, "two training examples a source do not reach it"
    study = study.model_copy(
        update={
            "sources": ("First", "Counting", study.sources[3]),
            "training": study.training.model_copy(update={"examples": 3}),
        }
    )
    same = ("train-same", "val-same")
    assert overlaps_of(study)["First", "First"] == (same,)
    limited = study.evaluation.model_copy(update={"limit": 2})
    assert overlaps_of(study.model_copy(update={"evaluation": limited})) == {}


def test_a_mixtures_parts_are_looked_at_as_far_as_they_are_taken(study_file):
    study = load_study(study_file)
    training = study.training.model_copy(update={"examples": 4})
    mixture = study.model_copy(update={"sources": study.sources[3:], "training": training})
    assert overlaps_of(mixture) == {("Both", "First"): (("First/train-same", "val-same"),)}
    training = study.training.model_copy(update={"examples": 2})
    assert overlaps_of(mixture.model_copy(update={"training": training})) == {}


def test_an_image_of_another_size_takes_the_longer_look(study_file):
    found = {(each.source, each.target): each.examples for each in find_overlap(load_study(study_file))}
    assert found["First", "First"] == 1


def test_plan_and_run_tell_of_three_pairs_of_tasks_and_count_the_others(study_file, capsys, monkeypatch):
    text = study_file.read_text()
    one = json.loads(text)
    one["sources"], one["training"] = ["First"], {"examples": 3}
    study_file.write_text(json.dumps(one))
    assert run_command(["plan", str(study_file)]) == 0
    said = capsys.readouterr().err
    assert "warning: First → First: 1 of 3 examples show an image that is trained on" in said
    assert "such as val-same (as in train-same)" in said
    assert "more pairs" not in said
    assert run_command(["plan", str(study_file), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["overlaps"]) == 1

    def of_five(study, **asked):
        prepared = prepare(study, **asked)
        return replace(prepared, overlaps=prepared.overlaps * 5)

    monkeypatch.setattr("spillover.cli.study.prepare", of_five)
    assert run_command(["plan", str(study_file)]) == 0
    said = capsys.readouterr().err
    assert said.count("show an image") == 3
    assert "2 more pairs of tasks: spillover tasks overlap lists them" in said
