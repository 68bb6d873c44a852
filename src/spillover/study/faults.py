"""Turns what pydantic finds wrong with a study file into faults that people can act on: the line, the value, what fits.

It knows the form of a study, not what its names stand for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic_core import ErrorDetails

from spillover.core.errors import Fault, nearest, shortened

KINDS = {
    "int": "a whole number",
    "float": "a number",
    "string": "text",
    "bool": "true or false",
    "tuple": "a list",
    "list": "a list",
    "dict": "a mapping",
    "model": "a mapping",
    "finite": "a finite number",
}
"""What pydantic's types of error ask for, by their first word."""
WHOLE_NUMBERS = "a list of whole numbers, such as [0, 1, 2]"
"""What is asked for where a text stands in place of a list of them, of which pydantic may read half."""
MISTYPED = 0.8
"""Likeness to a key that is allowed here from which that one is meant, though the key is one elsewhere."""


@dataclass(frozen=True, slots=True)
class _Finding:
    """One of pydantic's errors, placed."""

    line: int
    path: str
    message: str
    """Complete, or empty where `expected` and `given` make it up."""
    expected: str = ""
    given: str = ""


def faults_of(errors: Sequence[ErrorDetails], root: yaml.Node, file: str, form: type[BaseModel]) -> list[Fault]:
    """Say in plain words what is wrong, each place once.

    Where a value may be of several kinds pydantic complains once a kind; here that is one fault. Where something
    inside a value is wrong, that alone is told.

    Args:
        errors: as pydantic gives them.
        root: the file's YAML, for lines.
        file: its name, for places.
        form: what the file should be.
    """
    found = [_finding(detail, root, form) for detail in errors]
    inner = [item.path for item in found]
    told = [item for item in found if item.message or not _has_inside(inner, item.path)]
    faults: list[Fault] = []
    for line, path in dict.fromkeys((item.line, item.path) for item in told):
        here = [item for item in told if (item.line, item.path) == (line, path)]
        expected = list(dict.fromkeys(item.expected for item in here if item.expected))
        messages = list(dict.fromkeys(item.message for item in here if item.message))
        if expected and not messages:
            messages.append(f"must be {' or '.join(expected)}, not {here[0].given}")
        faults += [Fault(where=f"{file}:{line} {path}".rstrip(), message=message) for message in messages]
    return faults


def _has_inside(paths: Sequence[str], path: str) -> bool:
    return any(other.startswith((f"{path}.", f"{path}[")) for other in paths)


def _finding(detail: ErrorDetails, root: yaml.Node, form: type[BaseModel]) -> _Finding:
    line, path = _locate(root, detail["loc"])
    kind, given = detail["type"], _shown(detail["input"])
    if kind in UNKNOWN:
        key = detail["loc"][-1] if kind == "missing" else "kind"
        path = path if kind == "extra_forbidden" else f"{path}.{key}".lstrip(".")
        return _Finding(line, path, UNKNOWN[kind](detail, form))
    if detail["loc"][-1] == "[key]":
        return _Finding(line, path, f"the name {given} must be text: write it in quotation marks")
    if kind in PLAIN:
        return _Finding(line, path, PLAIN[kind])
    if kind == "value_error":
        return _Finding(line, path, detail["msg"].removeprefix("Value error, "))
    word = kind.split("_")[0]
    expected = _literal(detail) if kind == "literal_error" else KINDS.get(word)
    if word in ("int", "greater") and isinstance(detail["input"], str) and _is_alone(detail["loc"], path):
        expected = WHOLE_NUMBERS
    if expected:
        return _Finding(line, path, "", expected, given)
    return _Finding(line, path, f"{detail['msg'].replace('Input should be', 'must be')}, not {given}")


def _is_alone(location: Sequence[int | str], path: str) -> bool:
    """Whether one thing stands in place of a list."""
    return isinstance(location[-1], int) and not path.endswith("]")


def _literal(detail: ErrorDetails) -> str:
    return str(detail.get("ctx", {})["expected"])


def _unknown_kind(detail: ErrorDetails, form: type[BaseModel]) -> str:
    tag = detail.get("ctx", {})["tag"]
    return f"unknown kind {tag!r}; {nearest(tag, _kinds(detail['loc'], form))}"


def _missing_kind(detail: ErrorDetails, form: type[BaseModel]) -> str:
    return f"this is missing; {nearest('', _kinds(detail['loc'], form))}"


def _shown(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case dict():
            return "a mapping"
        case list() | tuple():
            return "a list"
        case _:
            return shortened(value)


def _unknown_key(detail: ErrorDetails, form: type[BaseModel]) -> str:
    *above, key = (part for part in detail["loc"])
    key = str(key)
    forms = _forms_at(above, form)
    allowed = sorted({name for each in forms for name in each.model_fields})
    homes = [path for path in _homes(key, form, "") if path]
    if homes and key not in allowed:
        close = get_close_matches(key, allowed, n=1, cutoff=MISTYPED)
        meant = f"did you mean {close[0]}? " if close else ""
        return f"unknown key here; {meant}{key} belongs under {' or '.join(homes)}"
    return f"unknown key; {nearest(key, allowed)}"


def _kinds(location: Sequence[int | str], form: type[BaseModel]) -> list[str]:
    return [each.model_fields["kind"].default for each in _forms_at(location, form)]


def _forms_at(location: Sequence[int | str], form: type[BaseModel]) -> list[type[BaseModel]]:
    forms = [form]
    for part in location:
        if isinstance(part, str):
            forms = _forms_under(forms, part)
    return forms


def _forms_under(forms: Sequence[type[BaseModel]], part: str) -> list[type[BaseModel]]:
    """Follow one part of pydantic's path: a field's name, or, in a union, the kind of a member."""
    fields = [each.model_fields[part] for each in forms if part in each.model_fields]
    if fields:
        return [inner for field in fields for inner in _forms_in(field.annotation)]
    of_kind = [each for each in forms if "kind" in each.model_fields and each.model_fields["kind"].default == part]
    return of_kind or list(forms)


def _homes(key: str, form: type[BaseModel], path: str) -> Iterator[str]:
    """Find where a key may stand."""
    if key in form.model_fields:
        kind = form.model_fields.get("kind")
        yield f"{path} of kind {kind.default}" if kind and isinstance(kind.default, str) and path else path
    for name, field in form.model_fields.items():
        homes = (home for inner in _forms_in(field.annotation) for home in _homes(key, inner, f"{path}.{name}"))
        yield from dict.fromkeys(home.lstrip(".") for home in homes)


def _forms_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _forms_in(argument)


def _locate(root: yaml.Node, location: Sequence[int | str]) -> tuple[int, str]:
    """Follow pydantic's path into the YAML as far as it goes; the names of union members are stepped over."""
    node, line, path = root, root.start_mark.line + 1, ""
    for part in location:
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == str(part)]
            if found:
                key, node = found[0]
                line, path = key.start_mark.line + 1, f"{path}.{part}".lstrip(".")
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line, path = node.start_mark.line + 1, f"{path}[{part}]"
    return line, path


UNKNOWN: dict[str, Callable[[ErrorDetails, type[BaseModel]], str]] = {
    "extra_forbidden": _unknown_key,
    "missing": lambda _, __: "this is missing",
    "union_tag_invalid": _unknown_kind,
    "union_tag_not_found": _missing_kind,
}
"""Keys that are there and should not be, or the reverse."""
PLAIN = {
    "too_short": "this is empty: write at least one, or leave it out",
    "string_too_short": "this is empty",
}
