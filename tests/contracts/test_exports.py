"""The laws that every export format must keep."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest
import yaml
from PIL import Image

from spillover.core.errors import StoreError
from spillover.core.keys import hash_file
from spillover.core.prompt import Turn
from spillover.core.published import PGFRow, PGFTable
from spillover.mixture.export.export import export_mixture
from spillover.mixture.export.formats import FORMATS, SPECIAL, write_rows
from spillover.mixture.export.rows import Row
from spillover.mixture.problem import MixtureError
from spillover.mixture.recommend import recommend
from spillover.mixture.settings import MixtureSettings
from spillover.tasks.data import open_tasks
from spillover.tasks.settings import FileTask, PerceptionTasks
from spillover.tasks.task import Example, Task

SOURCES = ("Jigsaw", "Counting")


@pytest.fixture(scope="module")
def mixture():
    rows = tuple(
        PGFRow(seed=seed, source=source, target=target, pgf=0.3)
        for seed in (0, 1)
        for source in SOURCES
        for target in SOURCES
    )
    table = PGFTable(model="m", rows=rows, examples={}, origin="a test")
    settings = MixtureSettings(targets=("Jigsaw",), strategy="proportional", budget=7)
    return recommend(table, settings)[0]


@pytest.fixture(scope="module")
def tasks():
    return open_tasks([PerceptionTasks(names=SOURCES)])


def load_parquet(folder):
    from datasets import load_dataset

    return load_dataset("parquet", data_files=str(folder / "train.parquet"), split="train", cache_dir=str(folder / "c"))


def read_back(folder, kind):
    """Rows as (messages with a mark for each image, images as Pillow opens them, source or None)."""
    if kind == "trl":
        rows = load_parquet(folder)
        return [([*map(marked, row["prompt"] + row["completion"])], row["images"], row["source"]) for row in rows]
    if kind == "parquet":
        return [(row["messages"], row["images"], row["source"]) for row in load_parquet(folder)]
    rows = [json.loads(line) for file in sorted(folder.glob("*.jsonl")) for line in file.read_text().splitlines()]
    opened = [[Image.open(folder / path) for path in row["images"]] for row in rows]
    sources = [row.get("source") or row.get("channel") for row in rows]
    return list(zip((row["messages"] for row in rows), opened, sources, strict=True))


def marked(turn):
    """A turn in parts as a text."""
    return turn | {"content": "".join(part["text"] or "<image>" for part in turn["content"])}


def example(prompt, images=0, **more):
    pictures = (Drawing(),) * images
    return Example(id="e1", images=pictures, prompt=prompt, choices=("x", "y"), answer="(A)", **more)


class Drawing:
    """An image of one colour."""

    digest = "0" * 64
    held_bytes = 0

    def load(self):
        return Image.new("RGB", (28, 28))


def written(read, kind, folder):
    """What one example becomes."""
    data = SimpleNamespace(task=Task(name="Own", abbreviation="Own"), read=lambda *_: [read])
    row = PGFRow(seed=0, source="Own", target="Own", pgf=0.3)
    table = PGFTable(model="m", rows=(row, replace(row, seed=1)), examples={}, origin="a test")
    (mixture,) = recommend(table, MixtureSettings(targets=("Own",), strategy="direct", budget=1))
    export_mixture(mixture, [data], folder, kind)
    ((messages, _, _),) = read_back(folder, kind)
    return messages


@pytest.mark.parametrize("kind", FORMATS)
def test_an_image_stays_where_it_stands_in_a_text(kind, tmp_path):
    before = (Turn(role="user", text="See .", image_places=(4,)), Turn(role="assistant", text="Yes."))
    read = example("Is  like ?", 3, image_places=(3, 9), before=before)
    assert [turn["content"] for turn in written(read, kind, tmp_path / "out")] == [
        "See <image>.",
        "Yes.",
        "Is <image> like <image>?",
        "(A)",
    ]


def test_trl_is_given_images_as_parts_and_the_answer_apart(mixture, tasks, tmp_path):
    export_mixture(mixture, tasks, tmp_path / "out", "trl")
    for row in load_parquet(tmp_path / "out"):
        (turn,) = row["prompt"]
        kinds = [part["type"] for part in turn["content"]]
        assert kinds == ["image"] * len(row["images"]) + ["text"]
        assert "<image>" not in turn["content"][-1]["text"]
        (answer,) = row["completion"]
        assert (answer["role"], [part["type"] for part in answer["content"]]) == ("assistant", ["text"])


def test_llama_factory_is_told_to_cut_no_image_tokens(mixture, tasks, tmp_path):
    export_mixture(mixture, tasks, tmp_path / "out", "llama-factory")
    most_images, tokens_an_image = 4, 1_605_632 // 28**2
    assert (
        yaml.safe_load((tmp_path / "out" / "train.yaml").read_text())["cutoff_len"] > 2 * most_images * tokens_an_image
    )


def test_llama_factory_has_a_dataset_of_every_source_by_its_name(mixture, tasks, tmp_path):
    export_mixture(mixture, tasks, tmp_path / "out", "llama-factory")
    about = json.loads((tmp_path / "out" / "dataset_info.json").read_text())
    assert {name: each["num_samples"] for name, each in about.items()} == {
        each.source: each.examples for each in mixture.taken
    }
    assert yaml.safe_load((tmp_path / "out" / "train.yaml").read_text())["dataset"].split(",") == list(about)
    for name, each in about.items():
        assert each["file_name"] == f"{name}.jsonl"
        assert len((tmp_path / "out" / each["file_name"]).read_text().splitlines()) == each["num_samples"]


def test_datasets_of_llama_factory_are_told_apart_whatever_their_sources_are_called(tmp_path):
    called = ["a, b", "A/ b", "../c", "é" * 200, "é" * 201, "???", "a_b_2", "c"]
    answer = Turn(role="assistant", text="(A)")
    rows = [Row(source=name, example="e", turns=(Turn(role="user", text="?"), answer), images=()) for name in called]
    files = write_rows(rows, tmp_path, "llama-factory")
    datasets = yaml.safe_load((tmp_path / "train.yaml").read_text())["dataset"].split(",")
    assert datasets[:3] == ["a_b", "A_b_2", "c"]
    assert datasets[5:] == ["source", "a_b_2_2", "c_2"]
    assert len({name.casefold() for name in datasets}) == len(called)
    assert {file.name for file in tmp_path.iterdir()} == set(files)


@pytest.mark.parametrize("kind", FORMATS)
def test_rows_are_exact_and_every_image_opens(kind, mixture, tasks, tmp_path):
    drawn = export_mixture(mixture, tasks, tmp_path / "out", kind)
    rows = read_back(tmp_path / "out", kind)
    assert len(rows) == sum(each.examples for each in drawn) == 7
    for messages, images, _ in rows:
        assert [message["role"] for message in messages] == ["user", "assistant"]
        assert messages[0]["content"].count("<image>") == len(images) > 0
        assert messages[1]["content"] in ("(A)", "(B)", "(C)", "(D)")
        assert all(image.convert("RGB").size[0] > 0 for image in images)
    if kind != "llama-factory":
        assert Counter(source for *_, source in rows) == {each.source: each.examples for each in mixture.taken}


@pytest.mark.parametrize("kind", FORMATS)
def test_the_manifest_knows_every_file(kind, mixture, tasks, tmp_path):
    export_mixture(mixture, tasks, tmp_path / "out", kind, provenance={"study": "s"})
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["format"] == kind
    assert manifest["provenance"] == {"study": "s"}
    assert [each["examples"] for each in manifest["sources"]] == [each.examples for each in mixture.taken]
    for name, digest in manifest["files"].items():
        assert hash_file(tmp_path / "out" / name) == digest
    others = {file.name for file in (tmp_path / "out").iterdir()} - set(manifest["files"])
    assert others <= {"manifest.json", "images"}


@pytest.mark.parametrize("kind", FORMATS)
def test_the_same_mixture_makes_the_same_bytes(kind, mixture, tasks, tmp_path):
    for _ in range(2):
        out = tmp_path / "out"
        export_mixture(mixture, tasks, out, kind)
        out.rename(tmp_path / f"out{len(list(tmp_path.iterdir()))}")
    first, second = (json.loads((folder / "manifest.json").read_text()) for folder in sorted(tmp_path.iterdir()))
    assert first == second


def test_a_source_that_has_too_few_repeats_them_and_says_so(mixture, tmp_path):
    row = {"question": "Which?", "choices": ["x", "y"], "answer": "(A)"}
    tasks = []
    for name in SOURCES:
        (tmp_path / f"{name}.jsonl").write_text(json.dumps(row) + "\n" + json.dumps(row | {"answer": "(B)"}))
        tasks.append(FileTask(name=name, train=str(tmp_path / f"{name}.jsonl")))
    drawn = export_mixture(mixture, open_tasks(tasks), tmp_path / "out", "jsonl")
    assert {each.distinct for each in drawn} == {2}
    assert len((tmp_path / "out" / "train.jsonl").read_text().splitlines()) == 7


def test_a_folder_with_something_in_it_is_left_alone(mixture, tasks, tmp_path):
    (tmp_path / "mine").write_text("")
    with pytest.raises(StoreError, match="not empty"):
        export_mixture(mixture, tasks, tmp_path, "jsonl")


@pytest.mark.parametrize(("kind", "mark"), [(kind, mark) for kind, marks in SPECIAL.items() for mark in marks])
def test_a_text_that_a_trainer_would_read_as_a_mark_is_refused(kind, mark, tmp_path):
    with pytest.raises(MixtureError, match=f"e1 of Own holds '{mark}'"):
        written(example(f"What is {mark}?"), kind, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("kind", "mark"), [("trl", "<image>"), ("jsonl", "<bbox>"), ("llama-factory", "<bbox>")])
def test_a_text_that_a_trainer_reads_as_text_is_kept(kind, mark, tmp_path):
    assert written(example(f"What is {mark}?"), kind, tmp_path / "out")[0]["content"] == f"What is {mark}?"


def test_parquet_needs_no_other_file(mixture, tasks, tmp_path):
    export_mixture(mixture, tasks, tmp_path / "out", "parquet")
    table = pq.read_table(tmp_path / "out" / "train.parquet")
    assert all(image["bytes"] for images in table["images"].to_pylist() for image in images)


@pytest.mark.parametrize("kind", FORMATS)
def test_an_export_can_be_moved(kind, mixture, tasks, tmp_path, monkeypatch):
    export_mixture(mixture, tasks, tmp_path / "out", kind)
    moved = (tmp_path / "out").rename(tmp_path / "moved")
    for file in (*moved.glob("*.json*"), *moved.glob("*.yaml")):
        assert str(tmp_path) not in file.read_text()
    monkeypatch.chdir(moved)
    if kind == "trl":
        from datasets import load_dataset

        (asked,) = yaml.safe_load((moved / "train.yaml").read_text())["datasets"]
        assert load_dataset(**asked, cache_dir=str(tmp_path / "c")).num_rows == 7
    if kind == "swift":
        rows = [json.loads(line) for line in (moved / "train.jsonl").read_text().splitlines()]
        assert all(Path(image).is_file() for row in rows for image in row["images"])
