"""A study's folder is read by itself: no data, no model."""

import json
import os
import shutil

import pyarrow as pa
import pytest
from tests.conftest import small_study
from tests.unit.study.made_up import answers, record_evaluations

from spillover.cli.main import run_command
from spillover.core.errors import StoreError
from spillover.core.scores import SCORE_SCHEMA
from spillover.study.preparing import prepare
from spillover.study.results import read_scores, read_study
from spillover.study.store import Outcome
from spillover.tasks.data import find_task_data, open_tasks
from spillover.tasks.export import write_examples
from spillover.tasks.settings import PerceptionTasks

TASKS = ("Relative_Depth", "Visual_Similarity")


@pytest.fixture
def data(tmp_path):
    """Two tasks in files of one's own, of a level that only the study knows."""
    folder = tmp_path / "data"
    folder.mkdir()
    drawn = open_tasks([PerceptionTasks(names=TASKS, examples=8)])
    for name in TASKS:
        write_examples(find_task_data(drawn, name).read("validation", 8), name, folder / f"{name}.parquet")
    return folder


@pytest.fixture
def prepared(data, tmp_path):
    def named(name):
        path = str(data / f"{name}.parquet")
        return {"kind": "files", "name": f"My_{name}", "train": path, "validation": path, "level": "mid"}

    training = {"examples": 8, "epochs": 1}
    study = small_study(tmp_path / "small", tasks=[named(name) for name in TASKS], training=training, seeds=[0, 1])
    ready = prepare(study)
    ready.store.begin(ready.plan)
    return ready


def analysed(capsys, folder):
    assert run_command(["analyze", str(folder), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_folder_that_was_moved_tells_the_same_without_its_data(prepared, data, tmp_path, capsys, monkeypatch):
    record_evaluations(prepared.store, prepared.plan)
    before = analysed(capsys, prepared.store.folder)
    assert "mid" in json.dumps(before["models"][0]["groups"])
    shutil.rmtree(data)
    moved = tmp_path / "other" / "machine"
    moved.parent.mkdir()
    shutil.move(prepared.store.folder, moved)
    monkeypatch.chdir(moved.parent)
    assert analysed(capsys, moved) == before
    assert read_scores(moved).num_rows == 8 * 2 * 5
    assert run_command(["status", "machine"]) == 0
    assert capsys.readouterr().out.endswith("done: spillover run machine analyses it\n")
    assert run_command(["report", "machine", "--no-figures", "--out", str(tmp_path / "page")]) == 0
    assert run_command(["plan", "machine"]) == 2, "running needs the data"
    assert str(data) in capsys.readouterr().err


def test_a_study_folder_goes_on_from_wherever_the_shell_stands(prepared, tmp_path, capsys, monkeypatch):
    record_evaluations(prepared.store, prepared.plan)
    moved = tmp_path / "moved"
    shutil.move(prepared.store.folder, moved)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert run_command(["plan", "../moved", "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["folder"] == str(moved)
    assert summary["evaluations"] == "0 to do, of 0 pairs of model and target; 5 done"


def test_a_source_with_a_hole_is_left_out_and_named(prepared, capsys):
    record_evaluations(prepared.store, prepared.plan, lambda job: job.source == "My_Relative_Depth" and job.seed == 1)
    (model,) = analysed(capsys, prepared.store.folder)["models"]
    assert model["sources"] == ["My_Visual_Similarity"]
    assert model["targets"] == ["My_Visual_Similarity", "My_Relative_Depth"]
    (missing,) = [warning for warning in model["warnings"] if warning["kind"] == "missing_source"]
    assert missing["tasks"] == ["My_Relative_Depth"]
    assert "seed 1" in missing["text"]
    assert run_command(["analyze", str(prepared.store.folder)]) == 0
    assert "My_Relative_Depth of tiny is missing" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("missing", ["base", "My_"])
def test_without_the_base_or_any_source_there_is_nothing_to_analyse(prepared, missing):
    record_evaluations(prepared.store, prepared.plan, lambda job: job.source.startswith(missing))
    with pytest.raises(StoreError, match=r"must be finished; missing are:\n  evaluate"):
        read_study(prepared.store.folder)


def test_a_folder_of_an_earlier_version_is_refused(prepared, capsys):
    prepared.store.plan_file.unlink()
    assert run_command(["status", str(prepared.store.folder)]) == 2
    assert "no plan.json" in capsys.readouterr().err


STEERS = "\x1b]0;mine\x07"
"""It would rename the terminal's window."""


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda kept: kept | {"schema": 99}, "the schema 99"),
        (lambda kept: kept | {"tasks": 3}, "the plan is broken: tasks"),
        (lambda kept: kept | {"jobs": [kept["jobs"][0] | {"neds": []}]}, "the plan is broken: jobs"),
        (lambda kept: kept | {"tasks": [kept["tasks"][0] | {"levle": "low"}]}, "the plan is broken: tasks.0.levle"),
        (lambda kept: kept | {"jobs": [kept["jobs"][0] | {"adapter_key": "../../x"}]}, "is no key"),
        (lambda kept: kept | {"tasks": [kept["tasks"][0] | {"name": STEERS}]}, "a control character"),
        (lambda kept: kept | {"questions": [kept["questions"][0] | {"target": STEERS}]}, "a control character"),
        (lambda kept: kept | {"jobs": [kept["jobs"][0] | {"source": STEERS}]}, "a control character"),
    ],
)
def test_a_plan_that_cannot_be_trusted_is_refused(prepared, change, word):
    kept = json.loads(prepared.store.plan_file.read_text())
    prepared.store.plan_file.write_text(json.dumps(change(kept)))
    with pytest.raises(StoreError, match=word):
        read_study(prepared.store.folder)


def test_a_plan_of_the_first_schema_is_read(prepared):
    """It repeated in every evaluation what is asked."""
    plan, file = prepared.store.stored_plan(), prepared.store.plan_file
    kept = json.loads(file.read_text())
    asked = kept.pop("questions")
    assert all(job["questions"] == [] for job in kept["jobs"] if "questions" in job)
    jobs = [job | {"questions": asked} if "questions" in job else job for job in kept["jobs"]]
    file.write_text(json.dumps(kept | {"schema": 1, "jobs": jobs}))
    assert prepared.store.stored_plan() == plan


def test_findings_say_which_study_and_packages_they_come_from(prepared, capsys):
    record_evaluations(prepared.store, prepared.plan)
    provenance = analysed(capsys, prepared.store.folder)["provenance"]
    (study,) = provenance["studies"]
    assert {name: study[name] for name in ("study", "torch", "seeds")} == {
        "study": "small",
        "torch": "x",
        "seeds": [0, 1],
    }
    assert study["training"]["lora"]["rank"] == prepared.plan.study.training.lora.rank
    assert study["hashes"]["tasks"] == prepared.store.stored_study().provenance.tasks
    assert study["computed"]["jobs"] == len(list(prepared.store.kept(prepared.plan))) > 0
    assert study["computed"]["first_job_ended"] <= study["computed"]["last_job_ended"]
    assert str(prepared.store.folder.parent) not in json.dumps(study), "folders of this machine are nobody's business"
    assert provenance["settings"]["ceiling"] == 1


def test_a_study_knows_the_content_of_its_models_and_examples(prepared):
    provenance = prepared.store.stored_study().provenance
    assert set(provenance.models) == {"tiny"}
    assert set(provenance.tasks) == {"My_Relative_Depth", "My_Visual_Similarity"}


def test_other_packages_than_before_are_warned_of(prepared, capsys):
    record_evaluations(prepared.store, prepared.plan)
    assert run_command(["plan", str(prepared.store.folder)]) == 0
    assert "warning: torch" in capsys.readouterr().out


def test_replies_that_were_cut_before_their_answer_are_warned_of(tmp_path):
    evaluation = {"protocols": ["generate"], "maximum_new_tokens": 3}
    ready = prepare(small_study(tmp_path / "small", evaluation=evaluation))
    ready.store.begin(ready.plan)
    for job in ready.plan.evaluations:
        scores = answers(job).to_pylist()
        unread = [row | {"answer_given": None, "parse": "cut", "score": 0.0} for row in scores[:2]]
        table = pa.Table.from_pylist([*unread, *scores[2:]], schema=SCORE_SCHEMA)
        ready.store.record(Outcome(job=job, duration_s=1.0, scores=table), {})
    (beside,) = read_study(ready.store.folder).beside.values()
    (warned,) = [each for each in beside.warnings if each.kind == "cut_replies"]
    assert warned.tasks == (ready.plan.tasks[0].name,)
    assert "25.0% of all replies were cut at evaluation.maximum_new_tokens (3)" in warned.text


@pytest.mark.parametrize("name", ["study.yaml", "plan.json", "catalogue.json", "overlaps.json", "logs", "scores"])
def test_a_pipe_in_a_study_folder_is_not_waited_for(prepared, name, capsys):
    record_evaluations(prepared.store, prepared.plan)
    prepared.store.settle()
    folder = prepared.store.folder
    job = prepared.plan.evaluations[1]
    file = {"logs": f"logs/{job.key}.txt", "scores": f"scores/{job.key}.parquet"}.get(name, name)
    (folder / file).unlink(missing_ok=True)
    os.mkfifo(folder / file)
    for command in ("status", "analyze"):
        code = run_command([command, str(folder)])
        captured = capsys.readouterr()
        assert code in (0, 2)
        assert "Traceback" not in captured.err
