"""What an input that was accepted must have been read as, by readers of others: json, yaml, Pillow, safetensors.

Each takes the folder of a miniature of `input_files.py` after it was broken, and asserts.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import yaml
from PIL import Image
from safetensors.numpy import load_file

from spillover.models.identity import model_identity
from spillover.models.settings import ModelSettings
from spillover.models.tiny import CHECKPOINT
from spillover.study.plan_file import dump_plan, read_plan
from spillover.study.reading import load_study
from spillover.study.results import read_scores
from spillover.tasks.files import read_examples
from spillover.tasks.mixed import read_recipe
from spillover.tasks.task import Example


def questions(folder: Path) -> None:
    """Every row is an example, with its own text, choices, answer and images."""
    (file,) = folder.glob("own.*")
    examples, rows = read_examples(file), list(_rows(file))
    assert len(examples) == len(rows)
    for example, row in zip(examples, rows, strict=True):
        said = row.get("messages")
        if said:
            assert list(map(_text, said[-2:])) == [example.prompt, example.answer]
        else:
            _check_question(example, row)
        _check_images(example, row, folder)


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    if file.suffix == ".parquet":
        yield from pq.read_table(file).to_pylist()
    elif file.suffix == ".json":
        yield from json.loads(file.read_text(encoding="utf-8-sig"))
    else:
        yield from (json.loads(line) for line in file.read_text(encoding="utf-8-sig").split("\n") if line.strip())


def _text(turn: dict[str, Any]) -> str:
    """What a turn says, without the marks where images stand."""
    parts = [turn["content"]] if isinstance(turn["content"], str) else turn["content"]
    return "".join(part if isinstance(part, str) else part.get("text", "") for part in parts).replace("<image>", "")


def _check_question(example: Example, row: dict[str, Any]) -> None:
    text = row.get("prompt") or row["question"]
    assert example.prompt.split("\n(A)")[0] == text.split("\n(A)")[0]
    choices = [str(choice) for choice in row.get("choices") or ()]
    assert list(example.choices) == choices
    if not choices:
        assert example.answer == str(row["answer"] if not isinstance(row["answer"], list) else row["answer"][0])
        return
    right = choices["ABCDEFGHIJKLMNOPQRSTUVWXYZ".index(example.answer[1])]
    answer = row["answer"][0] if isinstance(row["answer"], list) else row["answer"]
    letter = str(answer).strip("()")
    at = answer if isinstance(answer, int) else ord(letter) - ord("A") if len(letter) == 1 and letter.isupper() else -1
    assert right == answer or right == choices[at]


def _check_images(example: Example, row: dict[str, Any], folder: Path) -> None:
    held = [row[name] for name in ("image_1", "image", "images") if row.get(name) is not None]
    flat = [each for value in held for each in (value if isinstance(value, list) else [value])]
    assert len(example.images) == len(flat)
    for image, given in zip(example.images, flat, strict=True):
        held = io.BytesIO(given["bytes"]) if isinstance(given, dict) else folder / given
        with Image.open(held) as opened:
            _check_pixels(image.load(), opened)


def _check_pixels(ours: Image.Image, theirs: Image.Image) -> None:
    assert ours.mode == "RGB"
    if theirs.getexif().get(0x0112, 1) == 1:  # upright as it is
        assert ours.size == theirs.size
        if theirs.mode in ("RGB", "L") and "transparency" not in theirs.info:
            assert np.array_equal(np.asarray(ours), np.asarray(theirs.convert("RGB")))


def study(folder: Path) -> None:
    """Every setting that is written stands in the study, under its name."""
    written = yaml.safe_load((folder / "study.yaml").read_text(encoding="utf-8"))
    found = load_study(folder / "study.yaml").model_dump(mode="json")
    _agree(written, found, "")


def _agree(written: Any, found: Any, path: str) -> None:
    match written, found:
        case dict(), dict():
            for key, value in written.items():
                assert str(key) in found, path
                _agree(value, found[str(key)], f"{path}.{key}")
        case list(), list():
            for one, other in zip(written, found, strict=True):
                _agree(one, other, f"{path}[]")
        case _, list():  # one thing is a list of one
            _agree([written], found, path)
        case _, dict():  # {kind: x} and {path: x} may be written as x
            assert written in found.values(), path
        case _, str():  # paths are made absolute
            assert found.endswith(Path(str(written)).name), path
        case _:
            assert found == written or float(written) == found, path


def mixture(folder: Path) -> None:
    """The recipe is what the file says."""
    said, found = json.loads((folder / "mixture.json").read_bytes()), read_recipe(folder / "mixture.json")
    assert found.parts == {each["source"]: each["examples"] for each in said["sources"] if each["examples"]}
    assert (found.seed, found.measure) == (said["settings"]["seed"], said["settings"]["measure"])


def adapter(folder: Path) -> None:
    """It is a LoRA adapter of this rank, and its tensors are those that were written, whatever their values."""
    config = json.loads((folder / "adapter" / "adapter_config.json").read_bytes())
    assert (config["peft_type"], config["r"]) == ("LORA", 4)
    tensors = load_file(folder / "adapter" / "adapter_model.safetensors")
    assert sorted(tensor.shape for tensor in tensors.values()) == [(4, 128), (128, 4)]


def model(folder: Path) -> None:
    """It is known as another model than the embedded one, unless what was broken is nothing that is loaded."""
    changed = {file.suffix for file in CHECKPOINT.iterdir() if file.is_file() and not _same(file, folder / "model")}
    mine = model_identity(ModelSettings(path=str(folder / "model"), precision="float32"))
    assert (mine != model_identity(ModelSettings(precision="float32"))) == (changed != {".md"} and bool(changed))


def _same(file: Path, folder: Path) -> bool:
    return file.read_bytes() == (folder / file.name).read_bytes()


def results(folder: Path) -> None:
    """No score is read that was not written, and the plan is what its file says."""
    place = folder / "results"
    for row in read_scores(place).to_pylist():
        number = int(row["example"])
        assert row["score"] == float(number % (3 if row["seed"] is None else 2) == 0)
        assert (row["answer"], row["parse"], row["options"]) == ("(A)", "parsed", ["(A)", "(B)"])
    written = json.loads((place / "plan.json").read_bytes())
    assert json.loads(dump_plan(read_plan(place / "plan.json", load_study(place)))) == written
