"""The engine's benchmark in its smallest form: its times say nothing here, that both sides do the same does."""

from __future__ import annotations

import json
from copy import deepcopy

import pytest

from engine import Size, faults, measure
from sides.tables import print_figures
from sides.timing import in_rounds
from sides.workload import build_midsize
from spillover.models.settings import ModelSettings, TrainingSettings

SMALLEST = Size(
    adapters=2,
    tasks=2,
    examples=3,
    rounds=1,
    batch=2,
    adapting=TrainingSettings(examples=8, epochs=1, batch=8, learning_rate=3e-3),
    finetune=TrainingSettings(examples=8, epochs=2, batch=4, learning_rate=3e-3),
    growth=((1, 1), (3, 14)),
)
MIDSIZE = Size(
    adapters=1,
    tasks=1,
    examples=1,
    rounds=1,
    batch=1,
    image=224,
    new_tokens=2,
    adapting=TrainingSettings(examples=1, epochs=1, batch=1),
    finetune=TrainingSettings(examples=1, epochs=1, batch=1),
)


@pytest.mark.slow
def test_both_sides_give_the_same_answers_and_losses(tmp_path, capsys):
    figures = {"tiny": measure(ModelSettings(), SMALLEST, tmp_path)}
    assert not faults(figures)
    assert [row["pairs"] for row in figures["tiny"]["growth"]] == [3, 126]
    assert json.loads(json.dumps(figures)) == figures
    print_figures(figures)
    assert "generate, one by one / generate, ours" in capsys.readouterr().out
    wrong = deepcopy(figures)
    wrong["tiny"]["evaluation"]["other_answers"]["letters, one by one"] = 1
    wrong["tiny"]["finetuning"]["largest_difference_of_losses"] = 1.0
    assert len(faults(wrong)) == 2


@pytest.mark.slow
def test_the_midsize_model_is_built_and_asked_by_both_sides(tmp_path):
    model = ModelSettings(path=str(build_midsize(tmp_path / "model", layers=2)))
    assert not faults({"midsize": measure(model, MIDSIZE, tmp_path / "adapters")})


def test_each_round_begins_with_another_side():
    order = []
    timed = in_rounds({name: lambda name=name: order.append(name) for name in "abc"}, 2)
    assert order == ["a", "b", "c", "b", "c", "a"]
    assert all(len(side.seconds) == 2 and side.times_of(side).median == 1 for side in timed.values())
