"""The laws that every export format must keep."""

import json
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml
from PIL import Image

from spillover.core.errors import StoreError
from spillover.core.keys import hash_file
from spillover.core.published import PGFRow, PGFTable
from spillover.mixture.export.export import export_mixture
from spillover.mixture.export.formats import FORMATS
from spillover.mixture.problem import MixtureError
from spillover.mixture.recommend import recommend
from spillover.mixture.settings import MixtureSettings
from spillover.tasks.data import open_tasks
from spillover.tasks.settings import FileTask, PerceptionTasks

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


def read_back(folder, kind):
    """Rows as (messages, images as Pillow opens them, source or None)."""
    if kind in ("trl", "parquet"):
        from datasets import load_dataset

        rows = load_dataset(
            "parquet", data_files=str(folder / "train.parquet"), split="train", cache_dir=str(folder / "c")
        )
        return [(row["messages"], row["images"], row["source"]) for row in rows]
    rows = [json.loads(line) for file in sorted(folder.glob("*.jsonl")) for line in file.read_text().splitlines()]
    opened = [[Image.open(folder / path) for path in row["images"]] for row in rows]
    sources = [row.get("source") or row.get("channel") for row in rows]
    return list(zip((row["messages"] for row in rows), opened, sources, strict=True))


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


def test_a_text_that_speaks_of_image_marks_is_refused(mixture, tmp_path):
    row = {"question": "What is <image>?", "choices": ["x", "y"], "answer": "(A)"}
    tasks = []
    for name in SOURCES:
        (tmp_path / f"{name}.jsonl").write_text(json.dumps(row))
        tasks.append(FileTask(name=name, train=str(tmp_path / f"{name}.jsonl")))
    with pytest.raises(MixtureError, match="holds '<image>'"):
        export_mixture(mixture, open_tasks(tasks), tmp_path / "out", "jsonl")


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
