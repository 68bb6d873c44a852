import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from spillover.core.errors import TaskError
from spillover.tasks.data import open_tasks
from spillover.tasks.files import read_examples
from spillover.tasks.image import encode_png
from spillover.tasks.recorded import RecordedTask
from spillover.tasks.settings import Columns, FileTask
from spillover.tasks.task import Task

ROW = {"image_1": "a.png", "choices": ["left", "right"], "answer": "(B)", "question": "Which?"}


@pytest.fixture
def folder(tmp_path):
    Image.new("RGB", (8, 8), "red").save(tmp_path / "a.png")
    return tmp_path


def write(folder, *rows):
    file = folder / "data.jsonl"
    file.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
    return file


def test_a_question_is_laid_out_as_blinks(folder):
    (example,) = read_examples(write(folder, ROW))
    assert example.prompt == "Which?\n(A) left\n(B) right"
    assert example.options == ("(A)", "(B)")
    assert example.images[0].load().size == (8, 8)


def test_the_datas_own_prompt_is_taken_as_it_is(folder):
    (example,) = read_examples(write(folder, {**ROW, "prompt": "As it is"}))
    assert example.prompt == "As it is"


def test_zero_is_an_idx_and_an_answer_like_any_other(folder):
    first, second = read_examples(write(folder, {**ROW, "idx": 0, "answer": 0}, {**ROW, "idx": 1}))
    assert (first.id, first.answer, second.id) == ("0", "(A)", "1")


@pytest.mark.parametrize(
    ("choices", "answer", "letter"),
    [
        (["B", "A"], "(A)", "(A)"),
        (["A", "B"], "A", "(A)"),
        ([1, 2, 3], "1", "(A)"),
        ([1, 2, 3], 3, "(C)"),
        ([10, 20], 20, "(B)"),
        (["left", "right"], 1, "(B)"),
        ([0.5, 1.5], 1.5, "(B)"),
    ],
)
def test_an_answer_that_is_read_in_one_way_is_taken(folder, choices, answer, letter):
    (example,) = read_examples(write(folder, {**ROW, "choices": choices, "answer": answer}))
    assert example.answer == letter


@pytest.mark.parametrize(
    ("choices", "answer", "message"),
    [
        ([1, 2, 3], 1, r'the answer 1 may be \(A\) or \(B\): .*\n  write the letter in brackets: "\(A\)"'),
        (["2", "4", "6"], 2, r"the answer 2 may be \(A\) or \(C\)"),
        (["B", "A"], "A", r"the answer 'A' may be \(A\) or \(B\)"),
        (["a", "a", "b"], "a", r"the answer 'a' may be \(A\) or \(B\)"),
    ],
)
def test_an_answer_that_may_be_read_in_two_ways_is_refused(folder, choices, answer, message):
    with pytest.raises(TaskError, match=message):
        read_examples(write(folder, {**ROW, "choices": choices, "answer": answer}))


def test_a_task_of_choosing_without_choices_is_refused_when_it_is_checked(folder):
    file = write(folder, {key: value for key, value in ROW.items() if key != "choices"})
    examples = read_examples(file)
    choosing = Task(name="Mine", abbreviation="M")
    data = RecordedTask(task=choosing, train=None, validation=lambda _: examples)
    with pytest.raises(TaskError, match="example data_0 of Mine has no choices"):
        data.check("validation", None)


def test_parquet_holds_images_as_bytes(folder):
    row = {**ROW, "image_1": {"bytes": encode_png(Image.new("RGB", (4, 4))), "path": None}}
    pq.write_table(pa.Table.from_pylist([row]), folder / "data.parquet")
    (example,) = read_examples(folder / "data.parquet")
    assert example.images[0].load().size == (4, 4)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            {**ROW, "answer": "(C)"},
            r"data\.jsonl:2: the answer '\(C\)' is not among the choices\n  allowed: \(A\), \(B\)",
        ),
        ({**ROW, "answer": None}, "no answer"),
        ({**ROW, "question": None}, "neither prompt nor question"),
        (
            {"instruction": "Which?", "output": "left"},
            r"neither prompt nor question; there are: instruction, output\n.*conversations of from and value",
        ),
        ({**ROW, "image_1": "gone.png"}, "no image 'gone.png'"),
        ({**ROW, "image_1": 3}, "image_1: the image is int"),
        ({**ROW, "idx": "same"}, r"idx 'same' stands at .*data\.jsonl:1 too"),
        ("{broken", "this line is no JSON"),
        ("[1]", "no JSON object"),
    ],
)
def test_a_broken_row_is_named_by_file_and_line(folder, row, message):
    with pytest.raises(TaskError, match=message):
        read_examples(write(folder, {**ROW, "idx": "same"}, row))


def test_a_table_in_csv_is_read_its_lists_written_as_json(folder):
    file = folder / "data.csv"
    rows = ['"Which, ""now""?","[""left"", ""right""]",B,"[""a.png"", ""a.png""]"', "How many?,,3,"]
    file.write_text("\n".join(["question,choices,answer,images", *rows]), encoding="utf-8-sig")
    chosen, counted = read_examples(file)
    assert (chosen.choices, chosen.answer, len(chosen.images)) == (("left", "right"), "(B)", 2)
    assert chosen.prompt.startswith('Which, "now"?')
    assert (counted.choices, counted.answer, counted.images) == ((), "3", ())
    columns = Columns.model_validate({"choices": ["A", "B", "C"], "answer": "label", "images": "img"})
    file.write_text("img,question,A,B,C,label\na.png,Which?,left,right,,A\n")
    (lettered,) = read_examples(file, columns=columns)
    assert (lettered.choices, lettered.answer, len(lettered.images)) == (("left", "right"), "(A)", 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [("question,answer\na,b,c\n", r"csv:2: .*more cells"), ('question,answer\n"a,b\n', "no CSV")],
)
def test_a_broken_table_is_named_by_its_line(folder, text, message):
    (folder / "data.csv").write_text(text)
    with pytest.raises(TaskError, match=message):
        read_examples(folder / "data.csv")


def test_image_may_be_said_for_images_and_one_column_needs_no_list():
    said = [Columns.model_validate({key: names}) for key in ("image", "images") for names in ("img", ["img"])]
    assert said == [Columns(images=("img",))] * 4


@pytest.mark.parametrize(
    ("held", "advice"),
    [
        ("metadata.jsonl", r"give .*metadata\.jsonl.*images: file_name"),
        ("state.json", "kind: hub.*load_from_disk"),
        ("dataset_dict.json", "kind: hub"),
        ("other", r"give a \.jsonl"),
    ],
)
def test_a_folder_is_told_what_to_give_instead(tmp_path, held, advice):
    (tmp_path / held).touch()
    with pytest.raises(TaskError, match=f"this is a folder, no file\n.*{advice}"):
        read_examples(tmp_path)


def test_too_few_training_examples_are_said(folder):
    settings = FileTask(name="Mine", train=str(write(folder, ROW)))
    (data,) = open_tasks([settings])
    with pytest.raises(TaskError, match="1 training examples, fewer than 5"):
        data.read("train", 5)


def test_a_task_without_a_file_offers_nothing(folder):
    (data,) = open_tasks([FileTask(name="Mine", validation=str(write(folder, ROW)))])
    assert data.offers("validation")
    assert not data.offers("train")
    assert data.task.chance == 0.5


def test_another_image_is_another_task(folder):
    settings = FileTask(name="Mine", validation=str(write(folder, ROW)))
    (before,) = open_tasks([settings])
    seen = before.identity("validation", None)
    Image.new("RGB", (8, 8), "blue").save(folder / "a.png")
    (after,) = open_tasks([settings])
    assert after.identity("validation", None) != seen
    assert before.identity("validation", None) == seen, "a plan is of what it saw first"


def test_unknown_and_repeated_names_are_refused(folder):
    task = FileTask(name="Mine", validation=str(write(folder, ROW)))
    with pytest.raises(TaskError, match="stands twice"):
        open_tasks([task, task])
