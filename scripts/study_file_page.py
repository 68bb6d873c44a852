"""Writes docs/study-file.md, every key of a study file, from the models that read it.

    python scripts/study_file_page.py

The page is kept in the repository, so that it can be read in a clone; a test holds it to what this writes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from spillover.analysis.settings import AnalysisSettings, VerificationSettings
from spillover.models.settings import AdapterSource, EvaluationSettings, LoRASettings, ModelSettings, TrainingSettings
from spillover.study.study import Control, LocalExecutorSettings, Provenance, RayExecutorSettings, Study
from spillover.tasks.settings import (
    BlinkTasks,
    Columns,
    FileTask,
    HubTask,
    MixtureSource,
    PerceptionTasks,
    Recipe,
    VSIBenchTasks,
)

PAGE = Path(__file__).parents[1] / "docs" / "study-file.md"
TITLES: dict[type[BaseModel], str] = {
    Study: "The file",
    ModelSettings: "models",
    PerceptionTasks: "tasks of kind perception",
    BlinkTasks: "tasks of kind blink",
    FileTask: "tasks of kind files",
    HubTask: "tasks of kind hub",
    Columns: "columns of a task",
    VSIBenchTasks: "tasks of kind vsibench",
    MixtureSource: "sources that are mixtures",
    Recipe: "what a mixture says",
    AdapterSource: "sources that are adapters",
    Control: "controls",
    TrainingSettings: "training",
    LoRASettings: "training.lora",
    EvaluationSettings: "evaluation",
    AnalysisSettings: "analysis",
    VerificationSettings: "verification",
    LocalExecutorSettings: "executor of kind local",
    RayExecutorSettings: "executor of kind ray",
    Provenance: "provenance",
}
"""Every part of a study file, in the order of the page."""
BEGINNING = """\
# The study file

<!-- written by scripts/study_file_page.py; change the docstrings of the models, not this page -->

Every key of a study file, for `spillover plan` and `run`. `spillover init` writes a commented one to start from; only
`name` is required. `plan` finds every fault at once, each with its line.

```yaml
name: my-study
models: [tiny]
tasks: [{kind: files, name: Mine, train: train.jsonl, validation: validation.jsonl}]
seeds: [0, 1, 2]
training: {examples: 500, learning_rate: 2.0e-4, lora: {rank: 16, alpha: 32}}
```

Relative paths are meant from the folder where the file stands. Where a list is taken one thing may stand alone; a model
may be its path alone, a task, control or executor its kind. A dash as default: nothing, which is `null` or left out.
"""
BOUNDS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<", "min_length": "length ≥", "max_length": "length ≤"}
PLAIN = {str: "text", int: "whole number", float: "number", bool: "true or false"}


def study_file_page() -> str:
    """Write the page: a section a part of the file, a row a key."""
    sections = [_section(form, title) for form, title in TITLES.items()]
    return "\n".join([BEGINNING, *sections])


def forms_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Find the models that an annotation speaks of, and those that their fields do."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from forms_in(field.annotation)
    for argument in get_args(annotation):
        yield from forms_in(argument)


def _section(form: type[BaseModel], title: str) -> str:
    said = (form.__doc__ or "").split("\n\n")[0]
    keys = sorted(form.model_fields.items(), key=lambda item: item[0] != "kind")  # which stands first in a file
    rows = [_row(name, field) for name, field in keys]
    head = ["| key | takes | default | what |", "|---|---|---|---|"]
    return "\n".join([f"## {title}", "", " ".join(said.split()), "", *head, *rows, ""])


def _row(name: str, field: FieldInfo) -> str:
    what = re.sub(r"\bNone\b", "null", " ".join((field.description or "").split())).replace("|", "\\|")
    return f"| `{name}` | {_takes(field.annotation, field.metadata)} | {_default(field)} | {what} |"


def _takes(annotation: Any, metadata: Any = ()) -> str:
    """Say in words which values an annotation stands for."""
    limits = [
        f"{sign} {getattr(each, key):,}" for each in metadata for key, sign in BOUNDS.items() if hasattr(each, key)
    ]
    words = _words(annotation)
    kept = [limit for limit in limits if limit != "length ≥ 1"]  # an empty list or text is of no use anywhere
    return ", ".join([words, *kept])


def _words(annotation: Any) -> str:
    arguments = get_args(annotation)
    match get_origin(annotation):
        case origin if origin is Annotated:
            nested = [each for field in arguments[1:] for each in getattr(field, "metadata", [field])]
            words = _takes(arguments[0], nested)
        case origin if origin is Literal:
            words = " or ".join(f"`{value}`" for value in arguments)
        case origin if origin in (Union, UnionType):
            words = " or ".join(dict.fromkeys(_words(each) for each in arguments if each is not NoneType))
        case origin if origin is tuple:
            several = arguments[-1] is ...
            words = f"list of {_words(arguments[0])}" if several else f"list of {len(arguments)} numbers"
        case origin if origin is dict:
            words = f"mapping of {_words(arguments[0])} to {_words(arguments[1])}"
        case _:
            words = PLAIN.get(annotation) or _link(TITLES[annotation])
    return words


def _link(title: str) -> str:
    return f"[{title}](#{title.replace(' ', '-').replace('.', '').lower()})"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None or value == "":
        return "–"
    if isinstance(value, BaseModel):
        kind = getattr(value, "kind", None)
        return f"`{{kind: {kind}}}`" if kind else "its defaults"
    return f"`{_written(value)}`"


def _written(value: Any) -> str:
    """Write a default as YAML would have it, on one line."""
    if isinstance(value, tuple):
        return f"[{', '.join(_written(each) for each in value)}]"
    if isinstance(value, BaseModel):
        kind = getattr(value, "kind", None)
        return str(getattr(value, "path", None) or f"{{kind: {kind}}}")
    return value if isinstance(value, str) else json.dumps(value)


if __name__ == "__main__":
    PAGE.write_text(study_file_page(), encoding="utf-8")
