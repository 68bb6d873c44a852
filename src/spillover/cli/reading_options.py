"""Options about somebody's results: which run is the base, what the others are, how to read them."""

from __future__ import annotations

from typing import Annotated

import typer

from spillover.core.errors import ImportFileError, nearest
from spillover.interop.discovery import FORMATS
from spillover.interop.found import ReadingOptions
from spillover.interop.gather import GatherSettings
from spillover.interop.importing import ImportChoices
from spillover.interop.mapping import USUAL_PATTERN, read_mapping
from spillover.interop.task_names import settle_name

FORMAT = Annotated[str | None, typer.Option("--format", help=f"One of {', '.join(FORMATS)}; else recognised.")]
BASE = Annotated[list[str] | None, typer.Option("--base", help="The base's run; RUN:SEED where there is one a seed.")]
MAP = Annotated[
    list[str] | None,
    typer.Option("--map", help="RUN=SOURCE:SEED (RUN= leaves it out), or a YAML file with base:, runs:, pattern:."),
]
PATTERN = Annotated[
    str | None, typer.Option("--pattern", help=f"How runs are named; {USUAL_PATTERN} unless given; * is anything.")
]
METRIC = Annotated[str | None, typer.Option("--metric", help="The metric or scorer to take, where there are several.")]
SCALE = Annotated[str | None, typer.Option("--scale", help="fraction or percent, where the files do not show it.")]
DIRECTION = Annotated[str | None, typer.Option("--direction", help="higher or lower: which is better.")]
SCORES = Annotated[
    str, typer.Option("--scores", help="parsed: replies are read again by our parser; file: the file's own scores.")
]
TARGETS = Annotated[str | None, typer.Option("--targets", help="Keep only these tasks: A,B,C.")]
MODEL = Annotated[str | None, typer.Option("--model", help="What to call the base model.")]


def gather_choices(
    *,
    format_name: str | None,
    base: list[str] | None,
    maps: list[str] | None,
    pattern: str | None,
    reading: ReadingOptions,
    scores: str,
    targets: str | None,
) -> ImportChoices:
    """Put the options of a command together.

    Raises:
        ImportFileError: one of them cannot be understood.
    """
    if scores not in ("parsed", "file"):
        raise ImportFileError(f"unknown scores {scores!r}; {nearest(scores, ['parsed', 'file'])}", where="--scores")
    kept = tuple(settle_name(name) for name in (targets or "").split(",") if name.strip())
    return ImportChoices(
        format=format_name,
        reading=reading,
        mapping=read_mapping(base or [], maps or [], pattern),
        gathering=GatherSettings(scoring="file" if scores == "file" else "parsed", targets=kept),
    )


def reading_options(metric: str | None, scale: str | None, direction: str | None, model: str | None) -> ReadingOptions:
    """Check what a user says of numbers.

    Raises:
        ImportFileError: a scale or direction is unknown.
    """
    if scale not in (None, "fraction", "percent"):
        raise ImportFileError(f"unknown scale {scale!r}; {nearest(scale, ['fraction', 'percent'])}", where="--scale")
    if direction not in (None, "higher", "lower"):
        allowed = nearest(direction, ["higher", "lower"])
        raise ImportFileError(f"unknown direction {direction!r}; {allowed}", where="--direction")
    return ReadingOptions(
        metric=metric,
        scale=None if scale is None else "fraction" if scale == "fraction" else "percent",
        direction=None if direction is None else "lower" if direction == "lower" else "higher",
        model=model,
    )
