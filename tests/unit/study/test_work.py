"""What a worker keeps between jobs is bounded, and never seen in what it brings back."""

from __future__ import annotations

from tests.conftest import small_study

from spillover.study.opening import open_study
from spillover.study.plan import Evaluate, plan_study
from spillover.study.work import start_worker


def test_a_worker_that_can_keep_nothing_brings_back_the_same(tmp_path, monkeypatch):
    study = small_study(tmp_path, models=[{"path": "tiny", "precision": "float32"}], evaluation={"limit": 10})
    (job,) = [job for job in plan_study(study, open_study(study)).jobs if isinstance(job, Evaluate) and not job.needs]
    kept = start_worker(study, "cpu")(job, None, lambda *_: None).scores
    monkeypatch.setattr("spillover.study.work.KEPT_PROMPT_BYTES", 0)
    monkeypatch.setattr("spillover.models.base.KEPT_FEATURE_BYTES", 0)
    assert start_worker(study, "cpu")(job, None, lambda *_: None).scores.equals(kept)
