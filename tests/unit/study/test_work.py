"""What a worker tells while it works, and that what it keeps between jobs is bounded and never seen in its results."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import Mock

import pytest
from tests.conftest import small_study

from spillover.models import encoding
from spillover.models.budget import TokenBudget
from spillover.models.features import FeatureCache
from spillover.models.settings import EvaluationSettings
from spillover.study import work
from spillover.study.executors.executor import JobStopped
from spillover.study.opening import open_study
from spillover.study.plan import Evaluate, plan_study
from spillover.study.preparing import prepare
from spillover.study.study import LocalExecutorSettings
from spillover.study.work import start_worker


def told(seen):
    """What a worker tells its driver by; it appends what is counted."""
    return Mock(stopping=False, side_effect=lambda *counted: seen.append(counted))


def test_an_evaluation_tells_how_many_examples_are_answered(tmp_path, monkeypatch):
    evaluation = EvaluationSettings(protocols=("letters", "generate"), limit=10)
    plan = prepare(small_study(tmp_path, evaluation=evaluation.model_dump(), controls=[])).plan
    load = work.load_base
    monkeypatch.setattr(
        work, "load_base", lambda *given, **named: replace(load(*given, **named), asking=TokenBudget(100))
    )
    seen = []
    outcome = work.start_worker(plan.study, "cpu")(plan.evaluations[0], None, told(seen))
    assert outcome.scores.num_rows == 2 * 2 * 10
    assert {total for _, total in seen} == {40}
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})
    assert len(seen) > 4, "within a target too"
    assert seen[-1] == (40, 40)


def test_asked_to_stop_a_worker_leaves_its_job_after_the_first_images(tmp_path, monkeypatch):
    plan = prepare(small_study(tmp_path, controls=[])).plan
    encode, pieces = encoding._encode, []
    monkeypatch.setattr(encoding, "_encode", lambda base, piece: pieces.append(piece) or encode(base, piece))
    worker = start_worker(plan.study, "cpu")
    for number, job in enumerate((plan.finetunes[0], plan.evaluations[0]), 1):
        with pytest.raises(JobStopped):
            worker(job, None, Mock(stopping=True))
        assert len(pieces) == number


def test_a_worker_that_can_keep_nothing_brings_back_the_same(tmp_path, monkeypatch):
    study = small_study(tmp_path, models=[{"path": "tiny", "precision": "float32"}], evaluation={"limit": 10})
    (job,) = [job for job in plan_study(study, open_study(study)).jobs if isinstance(job, Evaluate) and not job.needs]
    kept = start_worker(study, "cpu")(job, None, told([])).scores
    monkeypatch.setattr("spillover.study.work.KEPT_PROMPT_BYTES", 0)
    monkeypatch.setitem(FeatureCache.__init__.__kwdefaults__, "memory_bytes", 0)
    study = study.model_copy(update={"executor": LocalExecutorSettings(feature_cache_gb=0)})
    assert start_worker(study, "cpu")(job, None, told([])).scores.equals(kept)
