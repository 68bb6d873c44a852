import json
import shutil

import pytest
import yaml
from rich.console import Console
from tests.conftest import small_study
from tests.unit.study.made_up import outcome

from spillover.cli.running import print_difference
from spillover.core.errors import StoreError
from spillover.models.tiny import CHECKPOINT
from spillover.study import run as run_module
from spillover.study.earlier import tell_earlier
from spillover.study.executors.executor import JobFinished, JobStarted
from spillover.study.plan import Finetune
from spillover.study.preparing import prepare
from spillover.study.run import carry_out

SPLITS = ("train", "validation")
SMALL_TRAINING = {"examples": 64, "epochs": 1, "learning_rate": 3e-3}


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


def test_checkpoints_that_were_not_kept_are_told_to_cost_the_trainings_again(tmp_path, capsys):
    finish(prepare(small_study(tmp_path / "small")))
    ready = prepare(small_study(tmp_path / "small", training=SMALL_TRAINING | {"checkpoints": [0.5, 1.0]}))
    assert ready.lacking == ready.plan.finetunes
    assert [job.fraction for job in ready.jobs if not isinstance(job, Finetune)] == [0.5, 0.5], "the end is asked once"
    assert not ready.is_undone, "who adds checkpoints wants them"
    print_difference(Console(width=400), ready)
    assert "2 finished finetunes to be done anew: earlier checkpoints were not kept" in capsys.readouterr().out
    finish(ready)
    assert prepare(small_study(tmp_path / "small", training=SMALL_TRAINING | {"checkpoints": [0.5, 1.0]})).lacking == ()
    fewer = prepare(small_study(tmp_path / "small"))
    assert (fewer.jobs, fewer.lacking) == ([], ())


def test_what_was_never_trained_lacks_no_checkpoint(tmp_path):
    ready = prepare(small_study(tmp_path / "small", training=SMALL_TRAINING | {"checkpoints": [0.5, 1.0]}))
    assert ready.lacking == ()
    assert ready.plan.finetunes


def test_questions_that_another_parser_would_read_are_told_and_asked_anew(tmp_path, monkeypatch):
    study = small_study(tmp_path / "small", evaluation={"protocols": ["generate"]})
    finish(prepare(study))
    assert prepare(study).anew == ()
    monkeypatch.setattr("spillover.study.plan.PARSER_VERSION", 99)
    ready = prepare(study)
    assert ready.anew == ready.plan.evaluations
    assert not ready.is_undone


@pytest.fixture
def own(tmp_path):
    """A finished study of two tasks in files; what makes it, and what edits one of them."""

    def write(name, *answers):
        rows = [{"question": f"{name}?", "choices": ["a", "b"], "answer": answer} for answer in answers]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    def make(one=(), two=(), **changes):
        tasks = [
            {"kind": "files", "name": name, **{split: str(tmp_path / f"{name}-{split}.jsonl") for split in SPLITS}}
            | dict(said)
            for name, said in (("One", one), ("Two", two))
        ]
        return prepare(small_study(tmp_path / "small", tasks=tasks, **{"training": {"examples": 1}} | changes))

    for name in ("One", "Two"):
        for split in SPLITS:
            write(f"{name}-{split}", "(A)")
    finish(make())
    return make, write


def test_whose_training_data_have_changed_is_said(own, tmp_path, capsys):
    make, write = own
    write("Two-train", "(B)")
    ready = make()
    (said,) = ready.changed()
    assert said == f"the training data of Two ({tmp_path / 'Two-train.jsonl'})"
    with pytest.raises(StoreError, match=r"1 finished jobs? would be done anew") as refused:
        carry_out(ready)
    assert said in str(refused.value)
    assert "put back what has changed, or give another output:" in str(refused.value)
    print_difference(Console(width=400), ready)
    assert said in capsys.readouterr().out


def forget_hashes(folder):
    """Make a study look as versions stored it that hashed no training data."""
    stored = yaml.safe_load((folder / "study.yaml").read_text())
    del stored["provenance"]["training"]
    (folder / "study.yaml").write_text(yaml.safe_dump(stored))


def test_where_all_training_data_have_changed_each_is_said(own, tmp_path):
    make, write = own
    for name in ("One", "Two"):
        write(f"{name}-train", "(B)")
    said = [f"the training data of {name} ({tmp_path / f'{name}-train.jsonl'})" for name in ("One", "Two")]
    assert make().changed() == said
    forget_hashes(tmp_path / "small")
    assert make().changed() == ["the training data of One, Two, or how spillover trains"]


def test_that_spillover_trains_otherwise_is_said(own, monkeypatch):
    make, _ = own
    monkeypatch.setattr("spillover.study.plan.TRAINING_VERSION", 99)
    assert make().changed() == ["how spillover trains"]
    ready = make(seeds=[0, 1])
    assert ready.is_undone
    assert ready.changed() == ["how spillover trains"]


def test_whose_evaluation_data_have_changed_is_said(own, tmp_path, capsys):
    make, write = own
    write("One-validation", "(B)")
    ready = make()
    assert ready.changed() == [f"the evaluation data of One ({tmp_path / 'One-validation.jsonl'})"]
    assert not ready.is_undone, "asking again costs little beside training again"
    print_difference(Console(width=400), ready)
    assert ready.changed()[0] in capsys.readouterr().out


def test_a_model_that_has_changed_is_said(tmp_path):
    shutil.copytree(CHECKPOINT, tmp_path / "model")
    study = small_study(tmp_path / "small", models=[{"path": str(tmp_path / "model")}])
    finish(prepare(study))
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    (tmp_path / "model" / "config.json").write_text(json.dumps(config, indent=7))
    ready = prepare(study)
    assert ready.is_undone
    assert ready.changed() == ["the files of the model model"]
    ready = prepare(small_study(tmp_path / "small", models=[{"path": str(tmp_path / "model")}], seeds=[0, 1]))
    assert ready.is_undone
    assert ready.changed() == ["the files of the model model"]


@pytest.mark.parametrize(
    "changes",
    [
        {"seeds": [0, 1]},
        {"sources": ["Two"], "targets": ["One"]},
        {"evaluation": {"limit": 1}},
        {"controls": [{"kind": "shuffled"}]},
        {"sources": ["One", "Two", {"name": "both", "mixture": {"parts": {"One": 1, "Two": 1}}}]},
    ],
)
def test_data_that_have_changed_beside_a_study_that_has_are_refused(own, tmp_path, changes, capsys):
    make, write = own
    write("Two-train", "(B)")
    ready = make(**changes)
    said = f"the training data of Two ({tmp_path / 'Two-train.jsonl'})"
    assert ready.changed() == [said]
    with pytest.raises(StoreError, match=r"1 finished job would be done anew.*says of them what it said") as refused:
        carry_out(ready)
    assert said in str(refused.value)
    print_difference(Console(width=400), ready)
    assert (
        f"1 finished job would be done anew, which run refuses: no change of the study's explains it; what is not "
        f"what it was: {said}" in capsys.readouterr().out
    )
    write("Two-train", "(A)")
    ready = make(**changes)
    assert (ready.anew, ready.is_undone) == ((), False), "put back, it goes on"


def test_what_the_study_itself_changes_of_a_source_explains_it(own, tmp_path):
    make, write = own
    write("Two-train", "(B)")
    ready = make(training={"examples": 1, "learning_rate": 0.5})
    assert {job.source for job in ready.anew} == {"One", "Two"}
    assert (ready.is_undone, ready.changed()) == (False, []), "all are to be trained otherwise anyway"
    (tmp_path / "elsewhere.jsonl").write_bytes((tmp_path / "Two-train.jsonl").read_bytes())
    ready = make(two={"train": str(tmp_path / "elsewhere.jsonl")})
    assert {job.source for job in ready.anew} == {"Two"}
    assert (ready.is_undone, ready.changed()) == (False, [])
    assert make(one={"validation": str(tmp_path / "One-train.jsonl")}).is_undone, "says nothing of what Two is"


def test_a_part_of_a_mixture_that_has_changed_is_said_of_the_mixture(own):
    make, write = own
    sources = ["One", {"name": "both", "mixture": {"parts": {"One": 1, "Two": 1}}}]
    said = {"sources": sources, "targets": ["One"], "training": {"examples": 2, "epochs": 1}}
    for name in ("One", "Two"):
        write(f"{name}-train", "(A)", "(A)")
    finish(make(**said))
    write("Two-train", "(B)", "(B)")
    ready = make(**said, seeds=[0, 1])
    assert ready.is_undone
    assert ready.changed() == ["the training data of both"]


def test_a_study_stored_without_hashes_of_its_training_data_explains_itself(own, tmp_path):
    make, write = own
    write("Two-train", "(B)")
    forget_hashes(tmp_path / "small")
    ready = make(seeds=[0, 1])
    assert [job.source for job in ready.anew] == ["Two"]
    assert (ready.is_undone, ready.changed()) == (False, [])


def test_a_task_under_another_name_is_done_and_the_others_are_kept(own):
    make, write = own
    write("Two-train", "(B)")
    renamed = make().plan.study.tasks[1].model_copy(update={"name": "Two_again"})
    study = make().plan.study
    ready = prepare(study.model_copy(update={"tasks": (study.tasks[0], renamed), "provenance": None}))
    assert {job.source for job in ready.jobs if isinstance(job, Finetune)} == {"Two_again"}
    assert not ready.is_undone
