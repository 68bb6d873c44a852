"""What only a real finetune of a real model shows: learning its own task, and nothing from shuffled answers."""

from __future__ import annotations

import pytest

import spillover
from spillover.study.demo import DIFFICULTY
from spillover.study.run import run
from spillover.study.study import Study

TASK = "Multi-view_Reasoning"
"""What the embedded model gains most on, at the demo's difficulty."""


@pytest.mark.slow
def test_a_task_is_learnt_from_its_answers_and_not_from_shuffled_ones(tmp_path):
    study = Study.model_validate(
        {
            "name": "diagonal",
            "tasks": [{"kind": "perception", "names": [TASK], "examples": 400, "difficulty": DIFFICULTY}],
            "controls": ["shuffled"],
            "seeds": [0, 1],
            "training": {"examples": 500, "epochs": 3, "learning_rate": 3e-3},
            "output": str(tmp_path / "study"),
        }
    )
    finished = run(study)
    assert not finished.failures
    (findings,) = spillover.analyze(spillover.read_scores(tmp_path / "study")).models
    learnt = findings.matrix.value(TASK, TASK)
    shuffled = findings.controls[0].control.value(TASK, TASK)
    assert learnt > 0
    assert learnt - shuffled > 0.1
