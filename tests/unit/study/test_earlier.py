import pytest
from tests.conftest import small_study
from tests.unit.study.made_up import outcome

from spillover.core.errors import StoreError
from spillover.study import run as run_module
from spillover.study.earlier import tell_earlier
from spillover.study.executors.executor import JobFinished, JobStarted
from spillover.study.plan import Finetune
from spillover.study.preparing import prepare
from spillover.study.run import carry_out


def finish(prepared, leave_out=lambda _: False):
    prepared.store.begin(prepared.plan)
    for job in prepared.plan.jobs:
        if not leave_out(job):
            prepared.store.record(outcome(job), {})


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A study that the training version before finished, with its findings."""
    with monkeypatch.context() as before:
        before.setattr("spillover.study.plan.TRAINING_VERSION", 2)
        finish(prepare(small_study(tmp_path / "small")))
    (tmp_path / "small" / "findings.json").write_text("found")
    return tmp_path / "small"


def test_a_study_that_an_earlier_version_finished_is_finished(folder):
    ready = prepare(small_study(folder))
    assert ready.jobs == []
    assert ready.anew == ()
    (line,) = tell_earlier(ready.plan, ready.jobs)
    assert line.startswith("2 of 2 finetunes were made by an earlier version of spillover")
    carry_out(ready)
    assert ready.store.stored_plan().finetunes == ready.plan.finetunes, "reading finds what was done"


def test_what_is_added_to_such_a_study_is_trained_by_this_version_and_the_mixture_told(folder):
    old = prepare(small_study(folder)).plan
    ready = prepare(small_study(folder, seeds=[0, 1]))
    assert [job.seed for job in ready.jobs if isinstance(job, Finetune)] == [1, 1]
    assert {job.adapter_key for job in ready.plan.finetunes if job.seed == 0} == {
        job.adapter_key for job in old.finetunes
    }
    assert {job.adapter_key for job in ready.plan.finetunes if job.seed == 1} <= set(ready.plan.earlier)
    assert "2 of 4 finetunes" in tell_earlier(ready.plan, ready.jobs)[0]
    assert "beside the 2 to do, which this one trains" in tell_earlier(ready.plan, ready.jobs)[0]
    finish(ready)
    assert prepare(small_study(folder, seeds=[0, 1])).jobs == []


def test_a_finetune_that_an_earlier_version_left_undone_is_this_ones(tmp_path, monkeypatch):
    study = small_study(tmp_path / "small")
    with monkeypatch.context() as before:
        before.setattr("spillover.study.plan.TRAINING_VERSION", 2)
        old = prepare(study)
        undone = old.plan.finetunes[0]
        finish(old, leave_out=lambda job: job.adapter_key == undone.adapter_key)
    ready = prepare(study)
    (finetune,) = [job for job in ready.jobs if isinstance(job, Finetune)]
    assert (finetune.label, finetune.adapter_key != undone.adapter_key) == (undone.label, True)
    assert all(key in {job.key for job in ready.jobs} for job in ready.jobs for key in job.needs)


def test_a_trial_of_a_study_of_before_trains_nothing(folder):
    trial = prepare(small_study(folder), limit=10)
    assert not [job for job in trial.jobs if isinstance(job, Finetune)]
    assert trial.anew == ()


def test_finished_finetunes_are_not_done_anew_for_what_no_one_changed_in_the_study(folder, monkeypatch):
    monkeypatch.setattr("spillover.study.plan.EARLIER_TRAININGS", ())
    monkeypatch.setattr("spillover.study.earlier.EARLIER_TRAININGS", ())
    before = {file: file.read_bytes() for file in folder.iterdir() if file.is_file()}
    ready = prepare(small_study(folder))
    assert ready.anew == ready.plan.finetunes
    with pytest.raises(StoreError, match=r"2 finished jobs would be done anew.*\n.*another output:"):
        carry_out(ready)
    assert {file: file.read_bytes() for file in folder.iterdir() if file.is_file()} == before


def test_a_study_that_was_changed_keeps_its_findings_until_there_is_something_new(folder, monkeypatch):
    study = small_study(folder, training={"examples": 32, "epochs": 1, "learning_rate": 3e-3})
    found = folder / "findings.json"
    seen = []

    class Executor:
        def __init__(self, finishes):
            self.finishes = finishes

        def run(self, jobs, *_):
            seen.append(found.exists())
            for job in jobs[: self.finishes]:
                yield JobStarted(job, 0, 4711, "here")
                yield JobFinished(job, outcome(job))
                seen.append(found.exists())

    ready = prepare(study)
    assert ready.anew == ready.plan.finetunes
    assert not ready.is_undone, "who changes a study wants another one"
    for finishes in (0, 2):
        monkeypatch.setattr(run_module, "executor_of", lambda _, number=finishes: Executor(number))
        carry_out(prepare(study))
    assert seen == [True, True, False, False]


def test_questions_that_another_parser_would_read_are_told_and_asked_anew(tmp_path, monkeypatch):
    study = small_study(tmp_path / "small", evaluation={"protocols": ["generate"]})
    finish(prepare(study))
    assert prepare(study).anew == ()
    monkeypatch.setattr("spillover.study.plan.PARSER_VERSION", 99)
    ready = prepare(study)
    assert ready.anew == ready.plan.evaluations
    assert not ready.is_undone
