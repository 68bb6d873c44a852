import json
import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.conftest import small_study
from tests.unit.study.made_up import EXAMPLES, outcome, record_evaluations

from spillover.core.errors import SpilloverError, StoreError
from spillover.core.keys import hash_file
from spillover.core.scores import SCORE_SCHEMA
from spillover.study import store as store_module
from spillover.study.adapter_store import read_adapter, write_adapter
from spillover.study.executors.executor import JobStarted
from spillover.study.job_log import JobLog, job_log
from spillover.study.opening import open_study
from spillover.study.plan import plan_study
from spillover.study.preparing import prepare
from spillover.study.reading import load_study
from spillover.study.resume import pending
from spillover.study.run import carry_out
from spillover.study.store import Store
from spillover.study.stored import open_stored_study
from spillover.study.study import Provenance


@pytest.fixture
def store(plan):
    opened = Store(Path(plan.study.output))
    opened.begin(plan)
    return opened


def test_everything_is_pending_at_first_and_nothing_at_last(plan, store):
    assert [job.key for job in pending(plan, store)] == [job.key for job in plan.jobs]
    for job in plan.jobs:
        store.record(outcome(job), {})
    assert pending(plan, store) == []
    table = store.read(plan)
    assert table.schema.equals(SCORE_SCHEMA, check_metadata=False)
    assert table.num_rows == EXAMPLES * sum(len(job.questions) for job in plan.evaluations)


def test_only_what_a_model_has_not_answered_is_asked(plan, store):
    whole = plan.evaluations[0]
    store.record(outcome(replace(whole, questions=whole.questions[:1])), {})
    (lacking,) = [job for job in pending(plan, store) if job.source == "base"]
    assert lacking.questions == whole.questions[1:]


def test_an_adapter_is_not_trained_again_for_scores_that_are_there(plan, store):
    for job in plan.evaluations:
        store.record(outcome(job), {})
    assert pending(plan, store) == []


def test_broken_files_are_passed_over(plan, store):
    for job in plan.jobs:
        store.record(outcome(job), {})
    file = sorted((store.folder / "scores").iterdir())[0]
    file.write_bytes(file.read_bytes()[:50])
    assert len(pending(plan, store)) == 1


def test_a_file_that_has_changed_is_looked_at_again(plan, store):
    job = plan.evaluations[0]
    store.record(outcome(job), {})
    file = store.folder / "scores" / f"{job.key}.parquet"
    whole = file.read_bytes()
    assert job.asked in store.answered()
    file.write_bytes(whole[:50])
    assert store.answered() == {}
    file.write_bytes(whole)
    assert job.asked in store.answered()


def test_a_file_under_a_false_name_is_not_believed(plan, store):
    for job in plan.jobs:
        store.record(outcome(job), {})
    file = sorted((store.folder / "scores").iterdir())[0]
    file.rename(file.with_name("0" * 32 + ".parquet"))
    assert len(pending(plan, store)) == 1


def test_a_renamed_model_keeps_its_scores_under_the_new_name(plan, store):
    for job in plan.jobs:
        store.record(outcome(job), {})
    study = small_study(store.folder, models=[{"path": "tiny", "name": "other"}])
    renamed = plan_study(study, open_study(study))
    assert set(store.read(renamed)["model"].to_pylist()) == {"other"}


def test_of_a_file_the_answers_that_are_asked_for_are_read(plan, store):
    for job in plan.jobs:
        store.record(outcome(job), {})
    study = small_study(store.folder, targets=["Visual_Similarity"])
    fewer = plan_study(study, open_study(study))
    table = store.read(fewer)
    assert set(table["target"].to_pylist()) == {"Visual_Similarity"}
    assert table.num_rows == EXAMPLES * len(fewer.evaluations)
    assert store.leftovers(fewer) == []


def test_reading_nothing_is_an_error(plan, store):
    with pytest.raises(StoreError, match="no scores"):
        store.read(plan)


def test_a_folder_that_holds_something_else_is_left_alone(plan, tmp_path):
    (tmp_path / "diary.txt").write_text("mine")
    with pytest.raises(StoreError, match="holds no study"):
        Store(tmp_path).begin(plan)
    assert [path.name for path in tmp_path.iterdir()] == ["diary.txt"]


@pytest.mark.parametrize("harm", [lambda text: text[: len(text) // 2] + "[", lambda _: "", None])
def test_a_study_file_of_the_folders_own_that_is_lost_is_named_and_put_back_as_is_advised(plan, store, harm):
    for job in plan.jobs:
        store.record(outcome(job), {})
    file = store.study_file
    own = file.read_text().removeprefix(store_module.HEADING)
    if harm:
        file.write_text(harm(file.read_text()))
    else:
        file.unlink()
    for read in (lambda: load_study(store.folder), lambda: open_stored_study(store.folder), lambda: store.begin(plan)):
        with pytest.raises(SpilloverError) as caught:
            read()
        assert f"cp YOURS.yaml {file}, then spillover run YOURS.yaml" in str(caught.value)
        assert "spillover init" not in str(caught.value)
    file.write_text(own)
    store.begin(plan)
    assert pending(open_stored_study(store.folder).plan, store) == []


def test_scores_say_what_made_them(plan, store):
    job = plan.evaluations[0]
    store.record(outcome(job), {"torch": "x"})
    metadata = pq.read_schema(store.folder / "scores" / f"{job.key}.parquet").metadata
    about = json.loads(metadata[b"spillover"])
    assert about["versions"] == {"torch": "x"}
    assert about["job"] == job.describe()


def test_a_folder_whose_first_write_was_cut_off_is_still_this_studys(tmp_path):
    folder = tmp_path / "begun"
    folder.mkdir()
    (folder / ".study.yaml.part").write_text("name: dem")
    assert Store(folder).stored_study() is None


def test_a_finetune_killed_while_it_is_kept_is_done_again_or_has_its_log(plan, store, monkeypatch):
    def die(*_):
        raise KeyboardInterrupt

    finetune = plan.finetunes[0]
    monkeypatch.setattr(store_module, "write_adapter", die)
    with pytest.raises(KeyboardInterrupt):
        store.record(outcome(finetune), {})
    assert not store.has_adapter(finetune)
    assert [path.stem for path in (store.folder / "logs").iterdir()] == [finetune.key]


def test_an_unfinished_job_is_kept_until_it_is_finished(plan, store):
    finetune = plan.finetunes[0]
    assert store.unfinished(finetune) is None
    for state in (b"early", b"late"):
        store.keep_unfinished(finetune, state)
    store.settle()
    assert store.unfinished(finetune) == b"late"
    store.record(outcome(finetune), {})
    assert store.unfinished(finetune) is None
    store.settle()
    assert not (store.folder / "unfinished").exists()


def test_an_adapter_that_is_cut_short_is_made_again_and_replaced(plan, store):
    finetune = plan.finetunes[0]
    store.record(outcome(finetune), {})
    file = store.adapter(finetune.adapter_key, finetune.steps[-1]) / "adapter_model.safetensors"
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    assert finetune.key in [job.key for job in pending(plan, store)]
    store.record(outcome(finetune), {})
    assert file.read_bytes() == whole


@pytest.mark.parametrize("name", ["adapter_config.json", "adapter_model.safetensors", "SHA256SUMS"])
def test_an_adapter_of_which_a_bit_is_another_is_made_again_and_replaced(plan, store, name):
    finetune = plan.finetunes[0]
    store.record(outcome(finetune), {})
    file = store.adapter(finetune.adapter_key, finetune.steps[-1]) / name
    whole = file.read_bytes()
    file.write_bytes(whole[:-3] + bytes([whole[-3] ^ 1]) + whole[-2:] if len(whole) > 2 else b"2")
    with pytest.raises(StoreError, match="damaged"):
        store.adapter_files(finetune.adapter_key, finetune.steps[-1])
    assert finetune.key in [job.key for job in pending(plan, store)]
    store.record(outcome(finetune), {})
    assert file.read_bytes() == whole


def test_an_adapter_that_another_process_recorded_first_is_kept(plan, store):
    finetune = plan.finetunes[0]
    store.record(outcome(finetune), {})
    first = outcome(finetune)
    other = {step: dict(files) | {"adapter_config.json": b"2"} for step, files in (first.adapters or {}).items()}
    store.record(replace(first, adapters=other), {})
    kept = store.adapter_files(finetune.adapter_key, finetune.steps[-1])
    assert kept == (first.adapters or {})[finetune.steps[-1]]


def later(job):
    """What a second process brings back of a job that another one has done meanwhile."""
    return replace(outcome(job), duration_s=2.0)


@pytest.mark.parametrize("room", ["logs", "scores"])
def test_scores_and_logs_that_another_process_recorded_first_are_kept(plan, store, room):
    job = plan.finetunes[0] if room == "logs" else plan.evaluations[0]
    store.record(outcome(job), {})
    (file,) = (store.folder / room).glob("*.parquet")
    first = file.read_bytes()
    store.record(later(job), {})
    assert file.read_bytes() == first


def test_damaged_scores_are_replaced(plan, store):
    job = plan.evaluations[0]
    store.record(outcome(job), {})
    (file,) = (store.folder / "scores").iterdir()
    file.write_bytes(file.read_bytes()[:50])
    store.record(later(job), {})
    assert store.durations_s(plan) == {job.label: 2.0}


def test_a_log_is_of_the_training_whose_adapter_is_there(plan, store):
    job = plan.finetunes[0]
    store.record(outcome(job), {})
    (store.adapter(job.adapter_key, job.steps[-1]) / "adapter_model.safetensors").unlink()
    store.record(later(job), {})
    assert store.durations_s(plan) == {job.label: 2.0}


def test_sums_are_those_of_sha256sum(plan, store):
    finetune = plan.finetunes[0]
    store.record(outcome(finetune), {})
    folder = store.adapter(finetune.adapter_key, finetune.steps[-1])
    assert sorted((folder / "SHA256SUMS").read_text().splitlines()) == sorted(
        f"{hash_file(file)}  {file.name}" for file in folder.iterdir() if file.name != "SHA256SUMS"
    )


@pytest.mark.parametrize("harm", [lambda state: state[:-1], lambda state: state[:-1] + b"x", lambda _: b""])
def test_a_damaged_state_is_not_gone_on_from(plan, store, harm):
    finetune = plan.finetunes[0]
    store.keep_unfinished(finetune, b"state")
    (file,) = (store.folder / "unfinished").iterdir()
    file.write_bytes(harm(file.read_bytes()))
    assert store.unfinished(finetune) is None


def test_a_pipe_in_the_place_of_a_state_or_the_plan_is_not_waited_for(plan, store):
    finetune = plan.finetunes[0]
    (store.folder / "unfinished").mkdir()
    os.mkfifo(store.folder / "unfinished" / f"{finetune.key}.state")
    assert store.unfinished(finetune) is None
    planned = replace(plan, study=plan.study.model_copy(update={"provenance": Provenance()}))
    store.begin(planned)
    store.plan_file.unlink()
    os.mkfifo(store.plan_file)
    assert store.begin(planned)
    assert store.stored_plan().jobs == plan.jobs


def test_what_no_job_goes_on_from_is_removed(plan, store):
    first, *_, last = plan.finetunes
    unplanned, young = (replace(last, adapter_key=digit * 32) for digit in "89")
    for job in (first, last, unplanned, young):
        store.keep_unfinished(job, b"state")
    files = {job.key: store.folder / "unfinished" / f"{job.key}.state" for job in (first, last, unplanned, young)}
    os.utime(files[unplanned.key], (time.time() - 3600, time.time() - 3600))
    store.begin(plan)
    assert not files[unplanned.key].exists()
    assert files[young.key].exists(), "another process may be at it, with a later version of the study"
    for step, content in (outcome(first).adapters or {}).items():
        write_adapter(store.adapter(first.adapter_key, step), content)
    store.begin(plan)
    assert {key for key, file in files.items() if file.exists()} == {last.key, young.key}


def test_what_killed_processes_left_half_written_is_swept_away(plan, store):
    old, folder, young = (
        store.folder / "scores" / name for name in (".a.parquet.1.part", ".step-3.1.part", ".b.parquet.1.part")
    )
    folder.mkdir()
    for file in (old, folder / "x", young):
        file.write_text("half")
    for path in (old, folder):
        os.utime(path, (time.time() - 3600, time.time() - 3600))
    store.begin(plan)
    assert list((store.folder / "scores").iterdir()) == [young], "another process may be writing it"


def test_beginning_says_whether_findings_of_before_are_of_another_plan_and_keeps_them(plan, store):
    old = [
        store.folder / name for name in ("findings.json", "report.html", "figures/graph.svg", "figures/3B/graph.svg")
    ]
    (store.folder / "figures" / "3B").mkdir(parents=True)
    for file in old:
        file.write_text("old")
    assert not store.begin(plan)
    study = small_study(store.folder, seeds=[0, 1])
    assert store.begin(plan_study(study, open_study(study)))
    assert all(file.exists() for file in old), "there is nothing new yet"
    store.remove_findings()
    assert not [file for file in old if file.exists()]


def test_a_study_file_of_the_users_is_never_written_over(plan, tmp_path):
    (tmp_path / "study.yaml").write_text("name: small")
    with pytest.raises(StoreError, match="written by hand"):
        Store(tmp_path).begin(plan)
    assert (tmp_path / "study.yaml").read_text() == "name: small"


def test_the_versions_that_results_were_made_with_are_told(plan, store):
    first, second = plan.evaluations[:2]
    store.record(outcome(first), {"torch": "2.6"})
    store.record(outcome(second), {"torch": "2.13"})
    assert store.versions(plan) == {"torch": ["2.13", "2.6"]}


def test_an_adapter_that_lost_its_weights_is_trained_again(plan, store):
    for job in plan.jobs:
        store.record(outcome(job), {})
    finetune = plan.finetunes[0]
    (store.adapter(finetune.adapter_key, finetune.steps[-1]) / "adapter_model.safetensors").unlink()
    assert not store.has_adapter(finetune)


@pytest.fixture
def mine(tmp_path):
    """Files of somebody's, in a folder that a study folder of somebody else's may have links to."""
    files = [tmp_path / "home" / name for name in ("profile.txt", "graph.png", f"{'0' * 32}.state")]
    files[0].parent.mkdir()
    for file in files:
        file.write_text("mine")
        os.utime(file, (time.time() - 3600, time.time() - 3600))
    return files


ROOMS = ("scores", "adapters", "logs", "unfinished", "figures", "figures/3B", "tensorboard", "trial-5", "trial-5/3B")


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("limit", [None, 5])
def test_a_link_in_the_place_of_a_folder_is_refused_before_anything_is_written(plan, store, mine, room, limit):
    record_evaluations(store, plan)
    prepared = prepare(plan.study, limit=limit)
    place = store.folder / room
    if place.exists():
        shutil.rmtree(place)
    place.parent.mkdir(exist_ok=True)
    place.symlink_to(mine[0].parent)
    before = sorted(store.folder.rglob("*"))
    with pytest.raises(StoreError, match=f"{place}: it is a link"):
        carry_out(prepared)
    assert [file.read_text() for file in mine] == ["mine"] * 3
    assert sorted(mine[0].parent.iterdir()) == sorted(mine)
    assert sorted(store.folder.rglob("*")) == before


def test_a_studys_whole_folder_may_be_a_link(plan, store, tmp_path):
    (tmp_path / "link").symlink_to(store.folder)
    assert not Store(tmp_path / "link").begin(plan)


def test_nothing_is_written_through_a_link_in_the_place_of_a_file(plan, store, mine):
    job = plan.evaluations[0]
    for place in (
        store.folder / "findings.json",
        job_log(store.folder, job.key),
        store.folder / "scores" / f"{job.key}.parquet",
    ):
        place.symlink_to(mine[0])
    store.begin(replace(plan, jobs=plan.jobs[:1]))
    store.record(outcome(job), {})
    with JobLog(store.folder) as log:
        log.tell(JobStarted(job, 0, 4711, "node-7"))
    assert mine[0].read_text() == "mine"
    assert store.answered(), "the scores stand in the place of the link"


def test_no_adapter_is_removed_or_replaced_behind_a_link(plan, store, tmp_path):
    job = plan.finetunes[0]
    place = store.adapter(job.adapter_key, job.steps[0])
    home = tmp_path / "home"
    mine = home / place.name / "thesis.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    place.parent.parent.mkdir(parents=True, exist_ok=True)
    place.parent.symlink_to(home)
    for touch in (read_adapter, lambda folder: write_adapter(folder, {"adapter_config.json": b"{}"})):
        with pytest.raises(StoreError, match="lies behind a link"):
            touch(place)
    assert mine.read_text() == "mine"
