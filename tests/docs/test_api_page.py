"""What docs/api.md says of calls is what the functions take, and users need no name that it does not list."""

from __future__ import annotations

import ast
import inspect
import json
import re
import types
import typing
from collections.abc import Iterator
from typing import Any

import pydantic
import pytest
from tests.docs.blocks import PAGES, ROOT, read_blocks

import spillover

PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^\| `(\w+)\(([^`]*)\)`", PAGE, re.MULTILINE)
PUBLIC = {name: getattr(spillover, name) for name in spillover.__all__}
FUNCTIONS = {name: value for name, value in PUBLIC.items() if inspect.isfunction(value)}
HANDED_ON = {
    "PGFTable": "by read_pgf_table",
    "AccuracyTable": "by import_results",
    "TaskData": "by open_tasks",
    "ArrowStream": "by pandas and polars, whose frames are such",
    "ScoreCube": "by the analysis itself",
    "MixturePanel": "by the commands that write a page",
    **dict.fromkeys(("PerceptionTasks", "BlinkTasks", "FileTask", "HubTask", "VSIBenchTasks"), "by a Study's tasks"),
}
"""Classes that functions take and nobody makes by hand, and who gives them."""


def fault_of(name: str, shown: str) -> str | None:
    """What is wrong with a call as a table shows it; `name=` can only be given by name, `…` stands for others."""
    parameters = inspect.signature(PUBLIC[name]).parameters
    words = [word.strip() for word in shown.split(",")]
    by_place = [word for word in words if not word.endswith("=") and word != "…"]
    by_name = [word.removesuffix("=") for word in words if word.endswith("=")]
    free = by_place if isinstance(PUBLIC[name], type) else []  # fields are given by name, whatever their order
    places = [each.name for each in parameters.values() if each.kind is not each.KEYWORD_ONLY]
    if unknown := {*by_place, *by_name} - set(parameters):
        return f"there is no {', '.join(sorted(unknown))}"
    if not free and by_place != places[: len(by_place)]:
        return f"its parameters are {', '.join(places)}"
    needed = [each.name for each in parameters.values() if each.default is each.empty]
    lacking = [each for each in needed if each not in words]
    return f"it needs {', '.join(lacking)}" if lacking else None


@pytest.mark.parametrize(("name", "shown"), SHOWN, ids=[name for name, _ in SHOWN])
def test_a_call_is_shown_as_it_is_made(name: str, shown: str):
    assert fault_of(name, shown) is None


def test_every_function_is_shown_as_a_call():
    assert {name for name, _ in SHOWN} >= set(FUNCTIONS)


@pytest.mark.parametrize(
    ("name", "shown", "fault"),
    [
        ("recommend", "scores, settings", "there is no scores"),
        ("recommend", "settings, data", "its parameters are data, settings, analysis, tasks"),
        ("recommend", "data", "it needs settings"),
        ("run", "study, only", "its parameters are study"),
    ],
)
def test_a_call_that_cannot_be_made_would_be_found(name: str, shown: str, fault: str):
    assert fault_of(name, shown) == fault


def sources() -> Iterator[tuple[str, str]]:
    """All Python that we show: pages, examples, the cells of the notebook."""
    for page in PAGES:
        yield from ((str(block), block.text) for block in read_blocks(page) if block.language == "python")
    for file in sorted((ROOT / "examples").iterdir()):
        if file.suffix == ".py":
            yield file.name, file.read_text(encoding="utf-8")
        if file.suffix == ".ipynb":
            cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
            yield file.name, "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


@pytest.mark.parametrize(("where", "source"), [pytest.param(*each, id=each[0]) for each in sources()])
def test_what_is_shown_uses_public_names_as_they_are(where: str, source: str):
    for node in ast.walk(ast.parse(source, where)):
        if isinstance(node, ast.ImportFrom):
            assert not (node.module or "").startswith("spillover"), f"{where} imports from {node.module}"
        if isinstance(node, ast.Import):
            assert not any(alias.name.startswith("spillover.") for alias in node.names), where
        if isinstance(node, ast.Attribute) and _is_spillover(node.value):
            assert node.attr in PUBLIC, where
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_spillover(node.func.value):
            inspect.signature(PUBLIC[node.func.attr]).bind(
                *node.args, **{keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
            )


def _is_spillover(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "spillover"


def classes_in(hint: Any) -> Iterator[type]:
    """The classes that an annotation names, wherever in it."""
    if isinstance(hint, list):  # the parameters of a Callable
        for each in hint:
            yield from classes_in(each)
    elif typing.get_origin(hint) is typing.Annotated or isinstance(hint, types.UnionType) or typing.get_args(hint):
        for each in typing.get_args(hint):
            yield from classes_in(each)
    elif isinstance(hint, type):
        yield hint


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_a_function_takes_can_be_had_without_private_names(name: str):
    hints = typing.get_type_hints(FUNCTIONS[name])
    taken = {each for key, hint in hints.items() if key != "return" for each in classes_in(hint)}
    ours = {each.__name__ for each in taken if each.__module__.startswith("spillover.")}
    assert ours - set(PUBLIC) - set(HANDED_ON) == set()


def test_every_field_of_settings_says_what_it_is():
    settings = {
        name: value
        for name, value in PUBLIC.items()
        if isinstance(value, type) and issubclass(value, pydantic.BaseModel)
    }
    assert {"AnalysisSettings", "MixtureSettings", "Study"} <= set(settings)
    silent = [
        f"{name}.{key}"
        for name, each in settings.items()
        for key, field in each.model_fields.items()
        if not field.description
    ]
    assert silent == []
