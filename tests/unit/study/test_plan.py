import pytest
from tests.conftest import small_study

from spillover.core.errors import StudyError
from spillover.core.keys import content_key
from spillover.models.settings import EvaluationSettings, TrainingSettings
from spillover.study.opening import open_study
from spillover.study.plan import plan_study
from spillover.study.resume import difference


def planned(tmp_path, **changes):
    study = small_study(tmp_path, **changes)
    return plan_study(study, open_study(study))


def adapter_keys(plan):
    return {job.adapter_key for job in plan.finetunes}


def test_a_study_has_a_base_and_a_pair_of_jobs_for_each_source_and_seed(tmp_path):
    plan = planned(tmp_path, seeds=[0, 1], controls=["shuffled"])
    assert len(plan.finetunes) == 2 * 2 * 2
    assert len(plan.evaluations) == 1 + len(plan.finetunes)
    assert len({job.key for job in plan.jobs}) == len(plan.jobs)


def test_a_job_comes_after_what_it_needs(tmp_path):
    seen = set()
    for job in planned(tmp_path).jobs:
        assert seen.issuperset(job.needs)
        seen.add(job.key)


def test_a_key_is_the_hash_of_what_the_job_says_of_itself(tmp_path):
    assert all(content_key(job.describe()) == job.key for job in planned(tmp_path).jobs)


def test_how_long_the_base_may_write_is_in_the_key_of_a_control_on_its_own_answers(tmp_path):
    first, second = (
        planned(tmp_path, controls=["own"], evaluation=EvaluationSettings(maximum_new_tokens=longest)).finetunes
        for longest in (4, 8)
    )
    assert [one.adapter_key == other.adapter_key for one, other in zip(first, second, strict=True)] == [
        job.control is None for job in first
    ]


def test_one_model_under_two_names_is_refused(tmp_path):
    with pytest.raises(StudyError, match="“evaluate again” is the same as “evaluate tiny”"):
        planned(tmp_path, models=[{"path": "tiny"}, {"path": "tiny", "name": "again"}])


def test_one_training_file_under_two_names_is_refused(tmp_path):
    row = '{"question": "Which?", "choices": ["x", "y"], "answer": "(A)"}\n'
    for name in ("train", "first", "second"):
        (tmp_path / f"{name}.jsonl").write_text(row.replace("Which", name))
    tasks = [
        {"kind": "files", "name": name, "train": f"{tmp_path}/train.jsonl", "validation": f"{tmp_path}/{name}.jsonl"}
        for name in ("first", "second")
    ]
    training = TrainingSettings(examples=1, epochs=1)
    with pytest.raises(StudyError, match="“finetune tiny on second, seed 0” is the same as") as caught:
        planned(tmp_path, tasks=tasks, training=training, sources="all", targets="all")
    assert [fault.where for fault in caught.value.faults] == ["sources"]


@pytest.mark.parametrize(
    "change",
    [
        {"seeds": [7]},
        {"controls": ["shuffled"]},
        {"training": TrainingSettings(examples=64, epochs=1, learning_rate=1e-3)},
        {"training": TrainingSettings(examples=65, epochs=1, learning_rate=3e-3)},
        {"models": [{"path": "tiny", "maximum_pixels": 1024}]},
        {"models": [{"path": "tiny", "precision": "bfloat16"}]},
    ],
)
def test_what_changes_weights_changes_the_adapters_key(tmp_path, change):
    assert adapter_keys(planned(tmp_path)) != adapter_keys(planned(tmp_path, **change))


def test_another_way_of_training_changes_adapters_and_leaves_the_bases_scores(tmp_path, monkeypatch):
    before = planned(tmp_path)
    monkeypatch.setattr("spillover.study.plan.TRAINING_VERSION", 99)
    after = planned(tmp_path)
    assert adapter_keys(before).isdisjoint(adapter_keys(after))
    assert before.evaluations[0].key == after.evaluations[0].key


def test_a_models_files_are_hashed_once_a_plan(tmp_path, monkeypatch):
    hashed = []
    monkeypatch.setattr("spillover.models.identity.hash_folder", lambda folder, _: hashed.append(folder) or "content")
    planned(tmp_path, seeds=[0, 1], controls=["shuffled"])
    assert len(hashed) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"name": "other"},
        {"models": [{"path": "tiny", "name": "renamed"}]},
        {"evaluation": EvaluationSettings(limit=5)},
        {"training": TrainingSettings(examples=64, epochs=1, learning_rate=3e-3, checkpoints=(0.5,))},
        {"executor": {"kind": "local", "processes": 1}},
    ],
)
def test_what_does_not_change_weights_does_not(tmp_path, change):
    assert adapter_keys(planned(tmp_path)) == adapter_keys(planned(tmp_path, **change))


def test_a_limit_and_a_protocol_change_what_is_asked(tmp_path):
    def asked(**changes):
        return {q.target_key for job in planned(tmp_path, **changes).evaluations for q in job.questions}

    assert asked().isdisjoint(asked(evaluation={"limit": 5}))
    assert asked().isdisjoint(asked(evaluation={"protocols": ["generate"]}))


def test_only_keeps_the_base_and_one_source(tmp_path):
    plan = planned(tmp_path).only("Relative_Depth")
    assert {job.source for job in plan.jobs} == {"base", "Relative_Depth"}


def test_a_difference_is_said_in_lines(tmp_path):
    before, after = small_study(tmp_path), small_study(tmp_path, seeds=[0, 1], training={"epochs": 2})
    lines = difference(before, after)
    assert "seeds: + 1" in lines
    assert "training.epochs: 1 → 2" in lines
    assert difference(before, before) == []


def test_one_model_under_two_names_is_one_fault_however_many_are_trained(tmp_path):
    models = [{"path": "tiny", "name": name} for name in ("first", "second")]
    with pytest.raises(StudyError) as caught:
        planned(tmp_path, models=models, seeds=[0, 1, 2])
    (fault,) = caught.value.faults
    assert "“evaluate second” is the same as “evaluate first”" in fault.message
