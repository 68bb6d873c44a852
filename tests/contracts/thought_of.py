"""Broken inputs that somebody thought of, each with what must come of it; here those of study files and mixtures."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml
from tests.contracts.thought import Thought
from tests.contracts.thought_of_data import images, questions
from tests.contracts.thought_of_models import adapters, models, slow_models


def thoughts() -> Iterator[Thought]:
    """Every one."""
    yield from images()
    yield from questions()
    yield from studies()
    yield from adapters()
    yield from models()
    yield from mixtures()


def slow_thoughts() -> Iterator[Thought]:
    """Those that only a run can see."""
    yield from slow_models()


def _setting(path: str, value: Any) -> Callable[[Path], object]:
    """Change one setting of the study file."""

    def harm(folder: Path) -> None:
        study = yaml.safe_load((folder / "study.yaml").read_text())
        place = study
        *above, last = path.split(".")
        for key in above:
            place = place[int(key) if key.isdecimal() else key]
        place[int(last) if last.isdecimal() else last] = value
        (folder / "study.yaml").write_text(yaml.safe_dump(study))

    return harm


def _text(old: str, new: str, file: str = "study.yaml") -> Callable[[Path], object]:
    def harm(folder: Path) -> None:
        text = (folder / file).read_text()
        assert old in text
        (folder / file).write_text(text.replace(old, new))

    return harm


def aliases() -> str:
    """Ten aliases of ten aliases of …, a hundred million values in all."""
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"{name}: &{name} [{', '.join(['*' + before] * 10)}]" for before, name in pairwise("abcdefgh")]
    return "\n".join(lines)


def studies() -> Iterator[Thought]:
    for name, harm, says in (
        ("a name that leads elsewhere", _setting("name", "../elsewhere"), "cannot name a folder"),
        ("a name with a null byte", _setting("name", "a\0b"), "cannot name a folder"),
        ("an unknown key", _setting("training.learning_rat", 1), "did you mean learning_rate"),
        ("infinite learning rate", _setting("training.learning_rate", float("inf")), "must be a finite number"),
        ("more examples than there are", _setting("training.examples", 10**12), "fewer than"),
        ("a key twice", _text("name: mine", "name: mine\nname: yours"), "stands twice"),
        ("a tag that runs code", _text("name: mine", "name: !!python/object/apply:os.system ['true']"), "no YAML"),
        ("aliases of aliases", _text("name: mine", f"name: mine\n{aliases()}"), "more than 100,000 values"),
        ("an alias in what it names", _text("name: mine", "name: mine\nloop: &a [*a]"), "nested more than 40"),
        ("a date that is none", _text("name: mine", "name: mine\nday: 2025-13-01"), "no YAML"),
        ("an environment variable", _setting("models.0.path", "$HOME/model"), "cannot look up"),
        ("a URL as a model", _setting("models.0.path", "https://example.org/model"), "no model folder"),
        ("a URL as a file", _setting("tasks.1.train", "https://example.org/own.jsonl"), "cannot read the file"),
        ("a device as a file", _setting("tasks.1.train", "/dev/zero"), "cannot read a file"),
        ("output in a file", _setting("output", "own.jsonl"), "is a file, no folder"),
    ):
        yield Thought("study file", name, harm, says)


def _mixture(**changes: Any) -> Callable[[Path], object]:
    def harm(folder: Path) -> None:
        file = folder / "mixture.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | changes))

    return harm


def mixtures() -> Iterator[Thought]:
    for name, harm, says in (
        ("no file", lambda folder: (folder / "mixture.json").unlink(), "cannot read the mixture"),
        ("a later schema", _mixture(schema=9), "the schema 9"),
        ("several", lambda folder: (folder / "mixture.json").write_text("[{}, {}]"), "these are 2 mixtures"),
        ("a part that is no task", _mixture(sources=[{"source": "../own", "examples": 3}]), "unknown task"),
        ("less than no examples", _mixture(sources=[{"source": "Own", "examples": -3}]), "no mixture as spillover"),
        ("nothing in it", _mixture(sources=[]), "no mixture as spillover"),
    ):
        yield Thought("mixtures", name, harm, says)
