"""Broken studies, tasks, images, adapters, mixtures and models: refused with a clear fault, or read as they are.

`benchmarks/bad_input.py` does the same at length.
"""

import pytest
from tests.contracts.broken_inputs import KINDS, break_as_thought, break_by_chance
from tests.contracts.thought_of import slow_thoughts, thoughts

THOUGHTS = {f"{thought.kind}: {thought.name}": thought for thought in thoughts()}
SLOW = {f"{thought.kind}: {thought.name}": thought for thought in slow_thoughts()}


@pytest.fixture(autouse=True)
def _small_bombs(monkeypatch):
    for bound in ("core.parquet.FREE_BYTES", "tasks.rows.AT_ONCE_BYTES"):
        monkeypatch.setattr(f"spillover.{bound}", 1 << 24)


@pytest.mark.parametrize("name", THOUGHTS)
def test_what_was_thought_of_is_refused_for_its_reason_or_read(name):
    thought = THOUGHTS[name]
    came, said = break_as_thought(thought)
    assert came in ("refused", "as_it_says", "as_before"), said


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
def test_what_only_a_run_sees_is_refused(name):
    came, said = break_as_thought(SLOW[name])
    assert came == "refused", said


@pytest.mark.parametrize("name", [name for name in KINDS if not name.endswith("run")])
def test_what_is_broken_by_chance_is_refused_or_read_as_it_is(name):
    counts = break_by_chance(KINDS[name], turns=6, seed=7)
    assert not counts.faults
    assert counts.tried == counts.refused + counts.as_it_says + counts.as_before
    assert counts.refused
