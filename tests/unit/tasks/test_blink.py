import json
import logging
from pathlib import Path

import pytest
from tests.unit.tasks.blink_copy import write_blink

from spillover.core.errors import HubError, StudyError, TaskError
from spillover.study.preparing import prepare
from spillover.study.study import Study
from spillover.tasks import labels as labels_of_blink
from spillover.tasks.blink import open_blink
from spillover.tasks.catalogue import BLINK
from spillover.tasks.data import open_tasks, pin_task
from spillover.tasks.export import write_examples
from spillover.tasks.files import collect_examples
from spillover.tasks.hub import pin_dataset, read_hub_rows
from spillover.tasks.labels import OLD_LABELS, hash_labels
from spillover.tasks.settings import BlinkTasks

OUTPUTS = Path(__file__).resolve().parents[4] / "shared" / "data" / "blink-outputs"
NAMES = ("Jigsaw", "Counting", "Relative_Reflectance", "IQ_Test")


@pytest.fixture
def folder(tmp_path):
    return write_blink(tmp_path / "BLINK", NAMES)


def described(examples):
    return [example.describe() for example in examples]


def test_the_paper_has_thirteen_tasks_and_iq_test_is_had_by_name(folder):
    assert [data.task for data in open_blink(BlinkTasks(path=str(folder)))] == [entry.task for entry in BLINK]
    (extra,) = open_blink(BlinkTasks(path=str(folder), names=("IQ_Test",)))
    assert len(extra.read("validation", None)) == 3


def test_every_image_and_the_datas_own_prompt_are_taken_as_they_are(folder):
    (data,) = open_blink(BlinkTasks(path=str(folder), names=("JG",)))
    first = data.read("validation", 1)[0]
    assert first.id == "val_Jigsaw_1"
    assert first.prompt == "The data's own text of question 0.\nSelect from the following choices.\n(A) …"
    assert first.options == ("(A)", "(B)")
    assert first.answer == "(A)"
    assert [image.load().getpixel((0, 0)) for image in first.images] == [(0, 0, 90), (20, 0, 90), (40, 0, 90)]


def test_a_folder_and_the_hubs_library_read_the_same(folder):
    pytest.importorskip("datasets")
    for name in NAMES:
        (data,) = open_blink(BlinkTasks(path=str(folder), names=(name,)))
        rows = read_hub_rows(str(folder), name, "val", None)
        assert described(collect_examples(rows, Path(), "val", None)) == described(data.read("validation", None))


def test_shards_are_read_in_order_and_a_missing_one_is_said(tmp_path):
    folder = write_blink(tmp_path, ("Jigsaw",), examples=6, shards=2)
    (data,) = open_blink(BlinkTasks(path=str(folder), names=("Jigsaw",)))
    assert len(data.read("validation", None)) == 6
    (folder / "Jigsaw" / "val-00001-of-00002.parquet").unlink()
    with pytest.raises(TaskError, match="1 of 2 validation files"):
        data.read("validation", None)


def test_a_half_file_and_a_pointer_to_one_are_said(folder):
    file = folder / "Jigsaw" / "val-00000-of-00001.parquet"
    (data,) = open_blink(BlinkTasks(path=str(folder), names=("Jigsaw",)))
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(TaskError, match="no whole Parquet file"):
        data.read("validation", None)
    file.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    with pytest.raises(TaskError, match="Git LFS"):
        data.read("validation", None)


def test_the_test_split_is_refused_as_a_target_with_the_reason(folder):
    with pytest.raises(TaskError, match="authors keep the answers hidden"):
        open_blink(BlinkTasks(path=str(folder), split="test"))


def test_hidden_answers_are_refused_wherever_they_stand(folder):
    val, test = (folder / "Jigsaw" / f"{split}-00000-of-00001.parquet" for split in ("val", "test"))
    val.write_bytes(test.read_bytes())
    (data,) = open_blink(BlinkTasks(path=str(folder), names=("Jigsaw",)))
    with pytest.raises(TaskError, match="the answer is hidden"):
        data.read("validation", None)


def test_what_is_missing_is_said_with_what_was_expected(tmp_path):
    with pytest.raises(TaskError, match=r"no folder of a task with val-00000-of-00001\.parquet"):
        open_blink(BlinkTasks(path=str(tmp_path)))
    (data, *_) = open_blink(BlinkTasks(path=str(write_blink(tmp_path / "some", ("Jigsaw",)))))
    with pytest.raises(TaskError, match=r"Art_Style/val-00000-of-00001\.parquet is expected"):
        data.read("validation", None)
    with pytest.raises(TaskError, match="there is no folder"):
        open_blink(BlinkTasks(path="./nowhere"))
    with pytest.raises(TaskError, match="did you mean Jigsaw"):
        open_blink(BlinkTasks(names=("Jigsw",)))


def test_training_files_make_sources(folder, tmp_path):
    (data,) = open_blink(BlinkTasks(path=str(folder), names=("Jigsaw",)))
    assert not data.offers("train")
    write_examples(data.read("validation", None), "Jigsaw", tmp_path / "train" / "Jigsaw_train.parquet")
    opened = open_blink(BlinkTasks(path=str(folder), names=("Jigsaw", "Counting"), train=str(tmp_path / "train")))
    assert [each.offers("train") for each in opened] == [True, False]
    assert opened[0].read("train", 2)[0].prompt == data.read("validation", 1)[0].prompt
    with pytest.raises(TaskError, match="spillover tasks prepare Jigsaw"):
        open_blink(BlinkTasks(path=str(folder), train=str(folder)))


@pytest.mark.skipif(not OUTPUTS.is_dir(), reason=f"BLINK's published answers are not at {OUTPUTS}")
def test_the_known_old_labels_are_those_of_the_release_before_the_correction():
    rows = json.loads((OUTPUTS / "GPT4o" / "Relative_Reflectance.json").read_text())["val"]
    assert hash_labels({row["idx"]: row["answer"] for row in rows}) == OLD_LABELS


def test_old_labels_are_warned_of(folder, monkeypatch, caplog):
    (data,) = open_blink(BlinkTasks(path=str(folder), names=("Relative_Reflectance",)))
    with caplog.at_level(logging.WARNING):
        data.check("validation", None)
        assert not caplog.records
        labels = {example.id: example.answer for example in data.read("validation", None)}
        monkeypatch.setattr(labels_of_blink, "OLD_LABELS", hash_labels(labels))
        data.check("validation", 1)
    assert "older than 2025-09-03" in caplog.text


def test_one_study_takes_one_revision():
    twice = [BlinkTasks(names=("Jigsaw",), revision=revision) for revision in ("a" * 40, "b" * 40)]
    with pytest.raises(TaskError, match="labels differ between revisions"):
        open_tasks(twice)


def test_a_study_goes_on_with_the_revision_it_began_with():
    begun = (BlinkTasks(revision="a" * 40),)
    assert pin_task(BlinkTasks(), begun) == begun[0]
    with pytest.raises(TaskError, match="began with the revision aaaa"):
        pin_task(BlinkTasks(revision="b" * 40), begun)


def test_an_unreachable_hub_ends_in_advice(monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    from huggingface_hub import HfApi

    monkeypatch.setattr("huggingface_hub.HfApi", lambda: HfApi(endpoint="http://127.0.0.1:9"))
    with pytest.raises(HubError, match="cannot look up the dataset"):
        pin_dataset("BLINK-Benchmark/BLINK", None)


def test_without_network_what_was_fetched_before_is_taken(monkeypatch, tmp_path, caplog):
    from huggingface_hub import HfApi, constants

    monkeypatch.setattr("huggingface_hub.HfApi", lambda: HfApi(endpoint="http://127.0.0.1:9"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    fetched = tmp_path / "datasets--BLINK-Benchmark--BLINK"
    (fetched / "refs").mkdir(parents=True)
    (fetched / "refs" / "main").write_text("c" * 40)
    (fetched / "snapshots" / ("c" * 40)).mkdir(parents=True)
    assert pin_dataset("BLINK-Benchmark/BLINK", None) == "c" * 40
    assert "the hub cannot be asked" in caplog.text


def test_a_study_over_blink_is_planned(folder, tmp_path):
    tasks = {"kind": "blink", "path": str(folder), "names": ["Jigsaw", "Counting"]}
    (data, _) = open_tasks([BlinkTasks.model_validate(tasks)])
    write_examples(data.read("validation", None), "Jigsaw", tmp_path / "train" / "Jigsaw.parquet")
    study = Study.model_validate(
        {
            "name": "blink",
            "tasks": {**tasks, "train": str(tmp_path / "train")},
            "training": {"examples": 3},
            "output": str(tmp_path / "study"),
        }
    )
    plan = prepare(study).plan
    assert [job.source for job in plan.finetunes] == ["Jigsaw"]
    assert {question.target for job in plan.evaluations for question in job.questions} == {"Jigsaw", "Counting"}
    with pytest.raises(StudyError, match="authors keep the answers hidden"):
        prepare(study.model_copy(update={"tasks": (BlinkTasks(path=str(folder), split="test"),)}))


def test_a_folder_that_is_not_there_is_not_to_be_fetched_from_the_hub(monkeypatch):
    from huggingface_hub import HfApi

    monkeypatch.setattr("huggingface_hub.HfApi", lambda: HfApi(endpoint="http://127.0.0.1:9"))
    with pytest.raises(HubError, match=r"no folder 'VSI-Bench'.*\n.*give a folder that exists") as caught:
        pin_dataset("VSI-Bench", None)
    assert "hf download" not in str(caught.value)
