"""A study of a user's own data: a conversation as source, open questions and choices as targets."""

from __future__ import annotations

import json

import pytest
from PIL import Image

from spillover.study.results import read_scores
from spillover.study.run import run
from spillover.study.study import Study


@pytest.fixture
def study(tmp_path):
    rows: dict[str, list[dict]] = {"chat": [], "where": [], "count": []}
    for number in range(8):
        name = f"{number}.png"
        Image.new("RGB", (32, 32), (30 * number, 90, 200 - 20 * number)).save(tmp_path / name)
        turns = ["<image>which is closer?", "(A)", "and which is darker?", "(B)"]
        messages = [{"role": ("user", "assistant")[place % 2], "content": text} for place, text in enumerate(turns)]
        rows["chat"].append({"messages": messages, "images": [name]})
        choice = {"question": "which is closer?", "choices": ["A", "B"], "answer": "AB"[number % 2]}
        rows["where"].append({**choice, "image": name})
        rows["count"].append({"question": "how many?", "answer": number, "image": None if number % 2 else name})
    files = {name: tmp_path / f"{name}.jsonl" for name in rows}
    for name, file in files.items():
        file.write_text("\n".join(json.dumps(row) for row in rows[name]))
    tasks = [
        {"kind": "files", "name": "Chat", "train": str(files["chat"])},
        {"kind": "files", "name": "Where", "validation": str(files["where"])},
        {"kind": "files", "name": "Count", "metric": "number", "validation": str(files["count"])},
    ]
    return Study.model_validate(
        {
            "name": "own",
            "tasks": tasks,
            "training": {"examples": 8, "epochs": 1, "batch": 4},
            "evaluation": {"protocols": ["letters", "generate"], "maximum_new_tokens": 4},
            "executor": {"processes": 1},
            "output": str(tmp_path / "study"),
        }
    )


def test_conversations_train_and_open_questions_are_scored(study):
    finished = run(study)
    assert finished.failures == ()
    scores = read_scores(finished.store.folder).to_pylist()
    asked = {(row["source"], row["target"], row["protocol"]) for row in scores}
    answered = [("Where", "letters"), ("Where", "generate"), ("Count", "generate")]
    assert asked == {(source, *each) for source in ("base", "Chat") for each in answered}
    for row in scores:
        if row["target"] == "Count":
            assert row["options"] is None
            assert row["reply"] is not None
            assert (row["answer_given"] is None) == (row["parse"] != "parsed")
            assert row["score"] == float(row["answer_given"] == row["answer"])
