"""What a mixture is made of, read from the file that `spillover mix` writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from spillover.core.errors import TaskError
from spillover.core.files import read_file
from spillover.core.json_text import parse_json
from spillover.tasks.settings import Recipe

MIXTURE_SCHEMA = 2
"""Of the file that `spillover mix` writes. Schema 1 predicted what choosing on half of the evidence does, not what the
mixture itself does."""
WRITE_ONE = "write it with: spillover mix PATH --target TASK --out FILE"


def read_recipe(file: Path) -> Recipe:
    """Read what a file of `spillover mix` says of a mixture.

    Raises:
        TaskError: the file cannot be read or is no mixture.
    """
    try:
        given = parse_json(read_file(file))
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
        if (schema := described["schema"]) != MIXTURE_SCHEMA:
            newer = isinstance(schema, int) and schema > MIXTURE_SCHEMA
            raise TaskError(
                f"the mixture has the schema {schema!r}, and this spillover reads {MIXTURE_SCHEMA}",
                hint="install the spillover that wrote it, or a later one" if newer else WRITE_ONE,
            )
        effects = [found for each in described["effects"] if (found := _expected(each))]
        return Recipe.model_validate(
            {
                "parts": {each["source"]: each["examples"] for each in described["sources"] if each["examples"]},
                "seed": described["settings"]["seed"],
                "measure": described["settings"]["measure"],
                "predicted": {task: predicted for task, predicted, _ in effects},
                "promised": {task: promised for task, _, promised in effects if promised is not None},
            }
        )
    except (KeyError, TypeError, ValidationError) as error:
        raise TaskError("this is no mixture as spillover writes it", hint=WRITE_ONE) from error


def _expected(effect: Any) -> tuple[str, tuple[float, ...], tuple[float, ...] | None] | None:
    """A task, the sum of effects on it with its interval, and the same less the optimism of the choice, where known.

    None where the sum or its interval is not defined.
    """
    predicted = (effect["predicted"], effect["low"], effect["high"])
    if None in predicted:
        return None
    if effect["promised"] is None:
        return effect["task"], predicted, None
    optimism = effect["predicted"] - effect["promised"]
    return effect["task"], predicted, tuple(value - optimism for value in predicted)
