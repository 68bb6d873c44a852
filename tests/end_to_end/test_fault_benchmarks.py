"""The benchmarks of faults at their smallest: nothing is lost, repeated or different, and what would be is counted."""

from __future__ import annotations

import numpy as np
import pytest
from tests.conftest import small_study
from tests.unit.study.made_up import outcome

import damage
import faults
from spillover.study.executors.executor import JobFinished, JobStarted
from spillover.study.job_log import JobLog
from spillover.study.plan import Finetune
from spillover.study.preparing import prepare

KINDS = ("scores/*.parquet", "adapters/*/step-*/adapter_model.safetensors", "logs/*.parquet")


@pytest.fixture
def smallest(monkeypatch):
    """The benchmarks' study with five jobs in place of seven, in one process in place of one a core."""
    study = faults.STUDY | {"controls": [], "executor": faults.STUDY["executor"] | {"processes": 1}}
    for module in (faults, damage):
        monkeypatch.setattr(module, "STUDY", study)
    monkeypatch.setattr(damage, "KINDS", KINDS)
    # a page and its figures are drawn of findings alone, which are compared: of the runs in this process leave them out
    for drawn in ("drawing.files.write_figures", "figures.mixture.mixture_panels", "page.write_report"):
        monkeypatch.setattr(f"spillover.report.{drawn}", lambda *_, **__: [])


@pytest.mark.slow
@pytest.mark.usefixtures("smallest")
def test_a_killed_study_loses_and_repeats_nothing_and_finds_the_same(tmp_path):
    figures = faults.measure(tmp_path, 1, np.random.default_rng(0))
    assert figures.kills >= 1
    assert figures.kept >= 1
    assert (figures.lost, figures.repeated, figures.different, figures.failed) == (0, 0, 0, 0)


@pytest.mark.slow
@pytest.mark.usefixtures("smallest")
def test_what_is_damaged_is_made_again_or_told_and_had_again_as_is_advised(tmp_path):
    bench = damage.run_undisturbed(tmp_path, np.random.default_rng(0))
    counted = dict(damage.damage(bench, tmp_path / "whole", 1))
    assert all(figures.tried == 1 for figures in counted.values())
    assert not {label: figures for label, figures in counted.items() if figures.different or figures.internal}
    scores, weights, logs = (f"damaged {kind}" for kind in KINDS)
    assert {label: figures.told for label, figures in counted.items()} == {
        scores: 0,
        weights: 1,
        logs: 1,
        f"{weights}, to be asked": 0,
    }


def test_a_recorded_job_that_is_done_again_is_counted_though_its_files_stay_as_they_are(tmp_path):
    prepared = prepare(small_study(tmp_path / "small"))
    store = prepared.store
    store.begin(prepared.plan)
    job = next(job for job in prepared.jobs if isinstance(job, Finetune))

    def do():
        with JobLog(store.folder) as log:
            log.tell(JobStarted(job, 0, 4711, "node-7"))
            log.tell(JobFinished(job, outcome(job)))
        store.record(outcome(job), {})
        return faults.recorded(store.folder)

    first = do()
    assert first == {job.key: 1}
    assert faults.repeated(first, faults.recorded(store.folder)) == []
    assert faults.repeated(first, do()) == [job.key]
