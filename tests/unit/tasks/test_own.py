"""Tasks of a user's own: open questions, other columns, conversations, datasets of the hub."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from pydantic import ValidationError

from spillover.core.errors import StudyError, TaskError
from spillover.core.prompt import Turn
from spillover.study.preparing import prepare
from spillover.study.study import Study
from spillover.tasks.data import open_tasks
from spillover.tasks.files import find_faults, read_examples
from spillover.tasks.image import encode_png
from spillover.tasks.settings import Columns, FileTask, HubTask


@pytest.fixture
def folder(tmp_path):
    for name, colour in (("a.png", "red"), ("b.png", "blue")):
        Image.new("RGB", (8, 8), colour).save(tmp_path / name)
    return tmp_path


def write(folder, *rows, name="data.jsonl"):
    file = folder / name
    file.write_text("\n".join(json.dumps(row) for row in rows))
    return file


def opened(**settings):
    (data,) = open_tasks([FileTask(name="Mine", **settings)])
    return data


QUESTION = {"question": "What is it?", "answer": "a cat", "image": "a.png"}
CHAT = [{"role": "user", "content": "<image>What is it?"}, {"role": "assistant", "content": "A cat."}]


def test_open_questions_are_scored_by_exact_match_unless_said_otherwise(folder):
    file = write(folder, QUESTION, {**QUESTION, "image": None, "answer": ["a dog", "dog"]})
    assert opened(validation=str(file)).task.metric == "exact"
    data = opened(validation=str(file), metric="anls")
    assert data.task.metric == "anls"
    assert data.task.chance is None
    first, second = data.read("validation", None)
    assert (len(first.images), len(second.images)) == (1, 0)
    assert (second.answer, second.accepted) == ("a dog", ("dog",))


def test_numbers_must_be_numbers(folder):
    assert (
        opened(validation=str(write(folder, {"question": "How many?", "answer": 3})), metric="mra").task.metric == "mra"
    )
    with pytest.raises(TaskError, match=r"'a cat' of data_0 is no number\n  write it in digits"):
        opened(validation=str(write(folder, QUESTION)), metric="number")


@pytest.mark.parametrize("answer", ["(B)", "B", "right", 1])
def test_the_right_choice_is_named_by_letter_text_or_place(folder, answer):
    file = write(folder, {"question": "Where?", "choices": ["left", "right"], "answer": answer})
    assert read_examples(file)[0].answer == "(B)"


def test_a_metric_that_does_not_fit_and_mixed_questions_are_refused(folder):
    choice = {"question": "Where?", "choices": ["left", "right"], "answer": "B"}
    with pytest.raises(TaskError, match="anls is not for questions with choices"):
        opened(validation=str(write(folder, choice)), metric="anls")
    with pytest.raises(TaskError, match="accuracy is not for open questions"):
        opened(validation=str(write(folder, QUESTION)), metric="accuracy")
    with pytest.raises(TaskError, match="some examples have choices"):
        opened(validation=str(write(folder, QUESTION, choice)))
    with pytest.raises(TaskError, match="neither train nor validation"):
        opened()


def test_other_columns_are_mapped(folder):
    row = {
        "q": "Where?",
        "opt_a": "left",
        "opt_b": "right",
        "label": 1,
        "pics": ["a.png", "b.png"],
        "n": 7,
        "image": "b.png",
    }
    row["image"] = "b.png"  # not spoken of, so not read
    columns = {"question": "q", "choices": ("opt_a", "opt_b"), "answer": "label", "images": ("pics",), "idx": "n"}
    (example,) = opened(validation=str(write(folder, row)), columns=Columns(**columns)).read("validation", None)
    assert (example.id, example.prompt, example.answer) == ("7", "Where?\n(A) left\n(B) right", "(B)")
    assert [image.load().getpixel((0, 0)) for image in example.images] == [(255, 0, 0), (0, 0, 255)]


def test_a_column_that_is_not_there_is_said_with_the_nearest(folder):
    with pytest.raises(TaskError, match=r"data\.jsonl:1: there is no column 'awnser'; did you mean answer"):
        opened(validation=str(write(folder, QUESTION)), columns=Columns(answer="awnser"))
    with pytest.raises(ValidationError, match="Extra inputs"):
        Columns.model_validate({"response": "x"})


@pytest.mark.parametrize(
    "row",
    [
        {"messages": CHAT, "images": ["a.png"]},
        {"messages": [{**CHAT[0], "content": "What is it?"}, CHAT[1]], "images": ["a.png"]},
        {
            "conversations": [
                {"from": "human", "value": "<image>What is it?"},
                {"from": "gpt", "value": "A cat."},
            ],
            "image": "a.png",
        },
        {
            "prompt": [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What is it?"}]}],
            "completion": [{"role": "assistant", "content": [{"type": "text", "text": "A cat."}]}],
            "images": ["a.png"],
        },
        {
            "messages": [
                {
                    "role": "user",
                    "content": [{"type": "image", "image": "a.png"}, {"type": "text", "text": "What is it?"}],
                },
                CHAT[1],
            ]
        },
    ],
    ids=["llama-factory", "trl-images-first", "sharegpt", "trl-prompt-completion", "image-in-the-part"],
)
def test_trainers_conversations_are_read_alike(folder, row):
    (example,) = read_examples(write(folder, row))
    assert (example.prompt, example.answer, example.choices) == ("What is it?", "A cat.", ())
    assert example.image_places is None
    assert len(example.images) == 1


def test_a_json_file_is_one_list(folder):
    file = folder / "sft.json"
    file.write_text(json.dumps([{"messages": CHAT, "images": ["a.png"]}]))
    assert read_examples(file)[0].answer == "A cat."
    file.write_text(json.dumps({"messages": CHAT}))
    with pytest.raises(TaskError, match="no list of rows"):
        read_examples(file)


def test_the_last_answer_is_trained_on_and_images_keep_their_places(folder):
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "<image>What is it?"},
        {"role": "assistant", "content": "A cat."},
        {"role": "user", "content": "And <image>this?"},
        {"role": "assistant", "content": "A dog."},
    ]
    (example,) = read_examples(write(folder, {"messages": messages, "images": ["a.png", "b.png"]}))
    assert (example.prompt, example.image_places, example.answer) == ("And this?", (4,), "A dog.")
    assert example.before == (
        Turn(role="system", text="Be brief."),
        Turn(role="user", text="What is it?", image_places=(0,)),
        Turn(role="assistant", text="A cat."),
    )


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"messages": CHAT, "images": ["a.png", "b.png"]}, "places for 1 images, and there are 2"),
        ({"messages": CHAT[:1], "images": ["a.png"]}, "does not end in a user's turn and its answer"),
        ({"messages": [{"role": "tool", "content": "x"}, *CHAT], "images": ["a.png"]}, "unknown role 'tool'"),
        ({"messages": [CHAT[0], {"role": "assistant", "content": ""}], "images": ["a.png"]}, "last answer is empty"),
        ({"messages": ["hello"]}, "no mapping of role and content"),
    ],
)
def test_a_broken_conversation_is_named_by_line(folder, row, message):
    with pytest.raises(TaskError, match=message) as caught:
        read_examples(write(folder, row))
    assert "data.jsonl:1" in str(caught.value)


def test_every_fault_of_a_file_is_found(folder):
    file = write(folder, QUESTION, {**QUESTION, "answer": None}, {**QUESTION, "image": "gone.png"})
    examples, faults = find_faults(file)
    assert len(examples) == 1
    assert [fault.where.rpartition(":")[2].split()[0] for fault in faults] == ["2", "3"]
    file.write_text(file.read_text() + "\n{broken")
    assert "this line is no JSON" in find_faults(file)[1][-1].message


def test_a_dataset_of_the_hubs_form_is_read_with_its_class_names(tmp_path):
    datasets = pytest.importorskip("datasets")
    features = datasets.Features(
        {
            "picture": datasets.Image(),
            "text": datasets.Value("string"),
            "label": datasets.ClassLabel(names=["cat", "dog"]),
        }
    )
    image = {"bytes": encode_png(Image.new("RGB", (6, 6), "red")), "path": None}
    rows = {"picture": [image, image], "text": ["What?", "What?"], "label": [1, 0]}
    (tmp_path / "data").mkdir()
    datasets.Dataset.from_dict(rows, features=features).to_parquet(tmp_path / "data" / "train-00000-of-00001.parquet")
    columns = Columns(question="text", answer="label", images=("picture",))
    (data,) = open_tasks([HubTask(name="Pets", dataset=str(tmp_path), validation="train", columns=columns)])
    first, second = data.read("validation", None)
    assert (first.answer, second.answer) == ("dog", "cat")
    assert first.images[0].load().size == (6, 6)
    with pytest.raises(TaskError, match="cannot load the split 'nowhere'"):
        open_tasks([HubTask(name="Pets", dataset=str(tmp_path), validation="nowhere")])


def study_of(folder, **changes):
    choice = [{"question": "Where?", "choices": ["left", "right"], "answer": "AB"[number % 2]} for number in range(4)]
    sft = [{"messages": CHAT, "images": ["a.png"]} for _ in range(4)]
    tasks = [
        {"kind": "files", "name": "Chat", "train": str(write(folder, *sft, name="sft.jsonl"))},
        {"kind": "files", "name": "Where", "validation": str(write(folder, *choice, name="where.jsonl"))},
        {"kind": "files", "name": "Name", "validation": str(write(folder, QUESTION, name="open.jsonl"))},
    ]
    settings = {"name": "own", "tasks": tasks, "training": {"examples": 4}, "output": str(folder / "study")}
    return Study.model_validate(settings | changes)


def test_open_targets_are_asked_by_generation_alone(folder):
    plan = prepare(study_of(folder, evaluation={"protocols": ["letters", "generate"]})).plan
    asked = {(question.target, question.protocol) for job in plan.evaluations for question in job.questions}
    assert asked == {("Where", "letters"), ("Where", "generate"), ("Name", "generate")}
    assert [job.source for job in plan.finetunes] == ["Chat"]
    with pytest.raises(StudyError, match="Name: open questions are answered by writing"):
        prepare(study_of(folder))


def test_rows_without_a_value_of_a_choice_have_fewer_choices(folder):
    rows = [{"q": "?", "a": "x", "b": "y", "c": None, "k": "A"}, {"q": "?", "a": "x", "b": "y", "c": "z", "k": "C"}]
    pq.write_table(pa.Table.from_pylist(rows), folder / "data.parquet")
    columns = Columns(question="q", choices=("a", "b", "c"), answer="k")
    examples = read_examples(folder / "data.parquet", None, columns)
    assert [len(example.choices) for example in examples] == [2, 3]


def test_a_single_split_that_datasets_saved_is_read_by_its_name(tmp_path):
    datasets = pytest.importorskip("datasets")
    datasets.Dataset.from_list([{"question": "Which?", "answer": "a"}]).save_to_disk(str(tmp_path / "saved"))
    (data,) = open_tasks([HubTask(name="Mine", dataset=str(tmp_path / "saved"), train="train")])
    assert [example.answer for example in data.read("train", None)] == ["a"]
    with pytest.raises(TaskError, match="one split in the folder, 'train', not 'test'"):
        open_tasks([HubTask(name="Mine", dataset=str(tmp_path / "saved"), validation="test")])
