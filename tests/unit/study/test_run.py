import pytest
from pydantic import ValidationError
from tests.conftest import small_study
from tests.unit.study.made_up import outcome, record_evaluations

from spillover.core.errors import ModelError, StoreError, StudyError
from spillover.study import devices as devices_module
from spillover.study import run as run_module
from spillover.study.devices import devices_of, precision_of
from spillover.study.executors.executor import JobFinished, JobKept, JobStarted
from spillover.study.job_log import job_log, last_heard
from spillover.study.preparing import prepare
from spillover.study.run import carry_out
from spillover.study.store import Store


@pytest.mark.parametrize(
    ("executor", "devices"),
    [
        ({"devices": ["cpu", "cpu"]}, ("cpu", "cpu")),
        ({"devices": ["cpu", "cpu"], "processes": 3}, ("cpu", "cpu", "cpu")),
        ({"devices": ["cpu"], "processes": 2}, ("cpu", "cpu")),
        ({"devices": ["cpu", "cpu"], "processes": 1}, ("cpu",)),
        ({"kind": "ray"}, ("cuda:0",)),
        ({"kind": "ray", "gpus_per_worker": 0, "workers": 3}, ("cpu", "cpu", "cpu")),
    ],
)
def test_processes_are_dealt_out_to_the_devices(tmp_path, executor, devices):
    assert devices_of(small_study(tmp_path, executor=executor)) == devices


@pytest.mark.parametrize(("gpus", "precision"), [(0.5, "bfloat16"), (0, "float32")])
def test_a_clusters_gpus_are_not_looked_for_here(tmp_path, gpus, precision):
    assert precision_of(small_study(tmp_path, executor={"kind": "ray", "gpus_per_worker": gpus})) == precision


def test_more_than_a_gpu_is_a_whole_number_of_them(tmp_path):
    with pytest.raises(ValidationError, match="whole number"):
        small_study(tmp_path, executor={"kind": "ray", "gpus_per_worker": 1.5})


def test_ray_that_is_not_installed_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(devices_module, "find_spec", lambda _: None)
    prepared = prepare(small_study(tmp_path / "small", executor={"kind": "ray"}))
    with pytest.raises(ModelError, match=r"cannot run the study: .*\.\[ray\]"):
        carry_out(prepared)
    assert not (tmp_path / "small").exists(), "nothing is begun"


def test_a_trial_leaves_a_study_as_it_is(tmp_path):
    study = small_study(tmp_path / "small")
    whole = prepare(study)
    whole.store.begin(whole.plan)
    record_evaluations(whole.store, whole.plan)
    (whole.store.folder / "findings.json").write_text("the study's")
    before = {file.name: file.read_bytes() for file in whole.store.folder.iterdir() if file.is_file()}
    trial = prepare(study, limit=10)
    assert trial.is_trial
    assert len(trial.jobs) == len(whole.jobs), "nothing is trained yet, and other questions are asked"
    record_evaluations(trial.store, trial.asked)
    trial = prepare(study, limit=10)
    assert carry_out(trial, lambda _: None).plan.study.evaluation.limit == 10
    assert {file.name: file.read_bytes() for file in whole.store.folder.iterdir() if file.is_file()} == before
    assert prepare(study).jobs == []


def test_a_limit_above_the_studys_own_is_no_trial(tmp_path):
    study = small_study(tmp_path / "small", evaluation={"limit": 5})
    assert not prepare(study, limit=10).is_trial


def test_one_source_alone_is_asked_for_of_the_whole_study(tmp_path):
    study = small_study(tmp_path / "small")
    prepared = prepare(study, only="Relative_Depth")
    assert {job.source for job in prepared.jobs} == {"base", "Relative_Depth"}
    assert prepare(study, only="source=RD").jobs == prepared.jobs, "as the command line has it"
    prepared.store.begin(prepared.plan)
    record_evaluations(prepared.store, prepared.asked)
    finished = carry_out(prepare(study, only="Relative_Depth"), lambda _: None)
    assert {job.source for job in finished.plan.jobs} == {"base", "Relative_Depth", "Visual_Similarity"}
    assert {job.source for job in prepare(study).jobs} == {"Visual_Similarity"}


def test_an_output_that_cannot_be_written_is_found_before_anything_runs(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StoreError, match="is a file, no folder"):
        prepare(small_study(tmp_path, output=str(tmp_path / "file" / "study")))


def test_a_wrong_output_hides_no_other_fault(tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "something").write_text("else")
    with pytest.raises(StudyError) as caught:
        prepare(small_study(tmp_path, output=str(tmp_path / "full"), sources=["Couting"]))
    assert [fault.where for fault in caught.value.faults] == ["output", "sources[0]"]


def test_what_is_auto_is_resolved_once_and_for_good(tmp_path, monkeypatch):
    """Also where the study is continued on another machine."""
    models = [{"path": "tiny", "quantisation": "auto", "device_map": "auto"}]
    study = small_study(tmp_path / "small", models=models)
    first = prepare(study)
    (model,) = first.plan.study.models
    assert (model.precision, model.quantisation, model.device_map) == ("float32", "none", "single")
    first.store.begin(first.plan)
    monkeypatch.setattr("spillover.models.devices.resolve_precision", lambda *_: "bfloat16")
    monkeypatch.setattr("spillover.models.devices.resolve_placement", lambda *_: pytest.fail("resolved anew"))
    assert [job.key for job in prepare(study).plan.jobs] == [job.key for job in first.plan.jobs]


def test_a_spread_model_runs_in_one_process_and_not_on_a_cpu(tmp_path):
    study = small_study(tmp_path, models=[{"path": "tiny", "device_map": "spread"}], executor={"devices": ["cpu"] * 3})
    assert devices_of(study) == ("cpu",)
    with pytest.raises(ModelError, match="tiny: device_map: spread needs CUDA devices"):
        carry_out(prepare(study), lambda _: None)


class Scripted:
    """An executor in whose place a list of events stands."""

    def __init__(self, events):
        self._events = events

    def run(self, *_):
        yield from self._events


def full_disk(*_):
    raise StoreError("cannot write step-4: No space left on device")


def carry_out_scripted(prepared, monkeypatch, *events):
    monkeypatch.setattr(run_module, "executor_of", lambda _: Scripted(events))
    seen = []
    try:
        carry_out(prepared, seen.append)
    finally:
        said = {job.label: job_log(prepared.store.folder, job.key).read_text() for job in prepared.jobs[:2]}
    return seen, said


def begun(*jobs):
    return [JobStarted(job, number, 4711 + number, "here") for number, job in enumerate(jobs)]


def test_a_result_that_cannot_be_written_is_never_told_as_done(tmp_path, monkeypatch):
    prepared = prepare(small_study(tmp_path / "small"))
    first, second = prepared.jobs[:2]
    monkeypatch.setattr(Store, "record", full_disk)
    events = [
        JobStarted(first, 0, 4711, "here"),
        JobStarted(second, 1, 4712, "here"),
        JobFinished(first, outcome(first)),
    ]
    with pytest.raises(StoreError, match="No space left"):
        carry_out_scripted(prepared, monkeypatch, *events)
    lines = job_log(prepared.store.folder, first.key).read_text()
    assert "failed: cannot write step-4: No space left" in lines
    assert "done" not in lines
    heard = last_heard(prepared.store.folder, prepared.jobs)
    assert [(each.job.key, each.failed) for each in heard.values()] == [(first.key, True)], "the other was left"


def test_a_state_that_cannot_be_kept_is_a_warning_and_the_run_goes_on(tmp_path, monkeypatch, caplog):
    prepared = prepare(small_study(tmp_path / "small"))
    first, second = prepared.jobs[:2]
    monkeypatch.setattr(Store, "keep_unfinished", full_disk)
    events = [
        JobStarted(first, 0, 4711, "here"),
        JobStarted(second, 1, 4712, "here"),
        JobKept(second, b"x"),
        JobFinished(second, outcome(second)),
    ]
    seen, said = carry_out_scripted(prepared, monkeypatch, *events)
    assert [type(event) for event in seen] == [JobStarted, JobStarted, JobFinished]
    assert "could not be kept as it stands: cannot write step-4" in said[second.label]
    assert "to go on from here" not in said[second.label]
    assert "done in 1 s" in said[second.label]
    assert f"{second.label} could not be kept" in caplog.text
