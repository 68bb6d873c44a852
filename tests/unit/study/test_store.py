import json
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.conftest import small_study

from spillover.core.errors import StoreError
from spillover.core.scores import SCORE_SCHEMA, Score, table_from_scores
from spillover.study.opening import open_study
from spillover.study.plan import Evaluate, plan_study
from spillover.study.resume import pending
from spillover.study.store import Outcome, Store


def answers(job):
    return table_from_scores(
        Score(
            model=job.model,
            adapter_key=job.adapter_key,
            source=job.source,
            seed=job.seed,
            protocol=question.protocol,
            target=question.target,
            target_key=question.target_key,
            example="0",
            score=1.0,
            answer="(A)",
            answer_given="(A)",
        )
        for question in job.questions
    )


def outcome(job):
    if isinstance(job, Evaluate):
        return Outcome(job=job, duration_s=1.0, scores=answers(job))
    return Outcome(job=job, duration_s=1.0, adapters={step: {"a.bin": b"1"} for step in job.steps})


@pytest.fixture
def plan(tmp_path):
    study = small_study(tmp_path / "folder")
    return plan_study(study, open_study(study))


@pytest.fixture
def store(plan):
    opened = Store(Path(plan.study.output))
    opened.begin(plan.study)
    return opened


def test_everything_is_pending_at_first_and_nothing_at_last(plan, store):
    assert [job.key for job in pending(plan, store)] == [job.key for job in plan.jobs]
    for job in plan.jobs:
        store.record(outcome(job), {})
    assert pending(plan, store) == []
    table = store.read(plan)
    assert table.schema.equals(SCORE_SCHEMA, check_metadata=False)
    assert table.num_rows == sum(len(job.questions) for job in plan.evaluations)


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


def test_reading_nothing_is_an_error(plan, store):
    with pytest.raises(StoreError, match="no scores"):
        store.read(plan)


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path):
    (tmp_path / "diary.txt").write_text("mine")
    with pytest.raises(StoreError, match="holds no study"):
        Store(tmp_path).begin(small_study(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["diary.txt"]


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
