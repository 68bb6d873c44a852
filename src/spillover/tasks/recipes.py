"""What a mixture is made of, read from the file that `spillover mix` writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from spillover.core.errors import TaskError
from spillover.tasks.settings import Recipe

MIXTURE_SCHEMA = 1
"""Of the file that `spillover mix` writes."""
WRITE_ONE = "write one with: spillover mix PATH --target TASK --out FILE"


def read_recipe(file: Path) -> Recipe:
    """Read what a file of `spillover mix` says of a mixture.

    Raises:
        TaskError: the file cannot be read or is no mixture.
    """
    try:
        given = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise TaskError(f"cannot read the mixture: {error.strerror}", where=str(file), hint=WRITE_ONE) from error
    except ValueError as error:
        raise TaskError(f"this is no JSON: {error}", where=str(file), hint=WRITE_ONE) from error
    if isinstance(given, list):
        raise TaskError(
            f"these are {len(given)} mixtures, and a source is one", where=str(file), hint="mix for one model at a time"
        )
    try:
        return recipe_from(given)
    except TaskError as error:
        raise TaskError(error.message, where=str(file), hint=error.hint) from error


def recipe_from(described: Any) -> Recipe:
    """Take from a mixture's JSON form what a study needs of it.

    Raises:
        TaskError: it is no mixture, or of another schema.
    """
    try:
        if described["schema"] != MIXTURE_SCHEMA:
            message = f"the mixture has the schema {described['schema']!r}, and this spillover reads {MIXTURE_SCHEMA}"
            raise TaskError(message, hint="install the spillover that wrote it, or a later one")
        figures = ("predicted", "low", "high")
        predicted = {each["task"]: [each[name] for name in figures] for each in described["effects"]}
        return Recipe.model_validate(
            {
                "parts": {each["source"]: each["examples"] for each in described["sources"] if each["examples"]},
                "seed": described["settings"]["seed"],
                "measure": described["settings"]["measure"],
                "predicted": {task: values for task, values in predicted.items() if None not in values},
            }
        )
    except (KeyError, TypeError, ValidationError) as error:
        raise TaskError("this is no mixture as spillover writes it", hint=WRITE_ONE) from error
