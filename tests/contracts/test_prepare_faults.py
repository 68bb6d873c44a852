"""One record that is not what its dataset's are costs that record, whatever is wrong with it; never the command."""

from __future__ import annotations

import csv
import gzip
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.unit.tasks.prepare.dataset_trees import TREES

from spillover.core.errors import TaskError
from spillover.tasks.prepare import hpatches, make
from spillover.tasks.prepare.make import find_recipe, prepare_examples
from spillover.tasks.prepare.recipe import Recipe, Tally

LISTS = {
    "WikiArt": "style_train.csv",
    "TallyQA": "train.json",
    "FunKPoint": "labels.csv",
    "CO3Dv2": "apple/frame_annotations.jgz",
    "COCO": "annotations/instances_train2017.json",
    "LVIS": "lvis_v1_train.json",
    "DIW": "DIW_Annotations/DIW_train.csv",
    "IIW": "data/102.json",
    "SPair": "PairAnnotation/trn/*1-*.json",
    "VSR": "data/splits/random/train.jsonl",
    "HPatches": "v_abstract/H_1_2",
    "NIGHTS": "data.csv",
}
"""The list of every dataset that has one, or of its third record where each has a file of its own."""
GONE = object()
VALUES = (GONE, None, True, "", "x", "x" * 5_000, -1, 0, 2.5, 10**400, [], [1], {"a": 1})
TEXTS = (GONE, "", "x", "-1", "nan", "1e400", "9" * 5_000, "x" * 200_000, '"', "a,b", "\x00")


@pytest.fixture(scope="module")
def trees(tmp_path_factory) -> dict[str, Path]:
    return {name: TREES[name][1](tmp_path_factory.mktemp(name)) for name in LISTS}


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Few records a sequence, and no image encoded."""
    monkeypatch.setattr(hpatches, "PAIRS_A_SEQUENCE", 3)
    monkeypatch.setattr(make, "_encode", lambda _: b"")


def places(value: Any) -> Iterator[tuple[Any, ...]]:
    """Where the fields are: of dictionaries every one, of lists the first."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (key,)
            yield from ((key, *rest) for rest in places(inner))
    elif isinstance(value, list) and value:
        yield (0,)
        yield from ((0, *rest) for rest in places(value[0]))


def replaced(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    """A copy with another value at a place, or none."""
    copy = dict(value) if isinstance(value, dict) else list(value)
    if len(place) > 1:
        copy[place[0]] = replaced(copy[place[0]], place[1:], new)
    elif new is GONE:
        del copy[place[0]]
    else:
        copy[place[0]] = new
    return copy


def json_faults(text: str) -> Iterator[tuple[tuple[Any, ...], Any, str]]:
    value = json.loads(text)
    for place in places(value):
        for new in VALUES:
            yield place, new, json.dumps(replaced(value, place, new))


def lines_faults(text: str) -> Iterator[tuple[tuple[Any, ...], Any, str]]:
    """Of JSON Lines: the third line."""
    lines = text.split("\n")
    for place, new, line in json_faults(lines[2]):
        yield place, new, "\n".join([*lines[:2], line, *lines[3:]])
    for cut in (1, len(lines[2]) // 2):
        yield (cut,), "cut", "\n".join([*lines[:2], lines[2][:cut], *lines[3:]])


def table_faults(text: str) -> Iterator[tuple[tuple[Any, ...], Any, str]]:
    """Of a CSV file, or of numbers: every value of the third line, as text, unquoted."""
    lines = text.splitlines()
    separator = "," if "," in text else " "
    values = next(csv.reader([lines[2]], delimiter=separator))
    for place in range(len(values)):
        for new in TEXTS:
            line = separator.join(replaced(values, (place,), new))
            yield (place,), new, "\n".join([*lines[:2], line, *lines[3:]]) + "\n"


FAULTS: dict[str, Callable[[str], Iterator[tuple[tuple[Any, ...], Any, str]]]] = {
    ".json": json_faults,
    ".jgz": json_faults,
    ".jsonl": lines_faults,
    ".csv": table_faults,
    "": table_faults,
}


def written(recipe: Recipe, folder: Path) -> int:
    """How many examples are made; every record is accounted for."""
    provenance = prepare_examples(recipe, folder, 10_000).provenance
    listing = Tally()
    records = len(recipe.open(folder, listing).origins)
    skipped = sum(entry["count"] for reason, entry in provenance["skipped"].items() if "the pair" not in reason)
    assert provenance["records"] == records
    assert provenance["written"] + skipped == records + sum(reason.count for reason in listing.reasons.values())
    return provenance["written"]


@pytest.mark.parametrize("dataset", LISTS)
def test_a_record_with_any_field_wrong_is_skipped_alone(trees, dataset, tmp_path):
    folder = tmp_path / "tree"
    shutil.copytree(trees[dataset], folder)
    recipe = find_recipe(TREES[dataset][0])
    file = next(folder.glob(LISTS[dataset]))
    data = file.read_bytes()
    text = (gzip.decompress(data) if file.suffix == ".jgz" else data).decode()
    whole = written(recipe, folder)
    for place, new, faulty in FAULTS[file.suffix](text):
        file.write_bytes(gzip.compress(faulty.encode(), 1) if file.suffix == ".jgz" else faulty.encode())
        every_record = dataset in ("COCO", "LVIS") and (len(place) == 1 or place[0] == "categories")
        left = 0
        with suppress(TaskError):
            left = written(recipe, folder)
        assert left > whole / 3 or every_record, (place, new)
