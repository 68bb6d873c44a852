"""Options about somebody's results: which run is the base, what the others are, how to read them."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from spillover.cli.gathered import gathers
from spillover.interop.discovery import FORMATS
from spillover.interop.found import ReadingOptions
from spillover.interop.gather import GatherSettings
from spillover.interop.importing import ImportChoices
from spillover.interop.run_mapping import read_mapping
from spillover.interop.run_pattern import USUAL_PATTERN

MAP = "RUN=SOURCE:SEED (RUN= leaves it out), or a YAML file with base:, runs:, pattern:, tasks:, metrics:."
RENAME = "A source or target of the files and its name here: charts=chartqa makes them one task; CN=CN keeps a name."
METRIC = "TASK=METRIC: what is read of a task that has several; METRIC alone: of all others, those without it left out."
SCORES = "parsed: replies are read again by our parser; file: the file's own scores."


def gather_choices(
    *,
    format: Annotated[  # noqa: A002 (its name is the option's)
        str | None, typer.Option(help=f"One of {', '.join(FORMATS)}; else recognised.")
    ] = None,
    base: Annotated[list[str] | None, typer.Option(help="The base's run; RUN:SEED where there is one a seed.")] = None,
    map: Annotated[list[str] | None, typer.Option(help=MAP)] = None,  # noqa: A002
    pattern: Annotated[
        str | None, typer.Option(help=f"How runs are named; {USUAL_PATTERN} unless given; * is anything.")
    ] = None,
    rename: Annotated[list[str] | None, typer.Option(help=RENAME)] = None,
    metric: Annotated[list[str] | None, typer.Option(help=METRIC)] = None,
    scale: Annotated[
        Literal["fraction", "percent"] | None, typer.Option(help="Of the files' own scores, where they do not show it.")
    ] = None,
    direction: Annotated[Literal["higher", "lower"] | None, typer.Option(help="Which is better.")] = None,
    scores: Annotated[Literal["parsed", "file"], typer.Option(help=SCORES)] = "parsed",
    targets: Annotated[str | None, typer.Option(help="Keep only these tasks: A,B,C.")] = None,
    latest: Annotated[
        bool, typer.Option("--latest", help="Read the newest evaluation of each run and task, where there are several.")
    ] = False,
    model: Annotated[str | None, typer.Option(help="What to call the base model.")] = None,
) -> ImportChoices:
    """Put what a user says about somebody's results together.

    Raises:
        ImportFileError: a mapping cannot be understood.
    """
    mapping = read_mapping(base or [], map or [], pattern, rename or [], metric or [])
    kept = tuple(mapping.tasks.settle(name) for name in (targets or "").split(",") if name.strip())
    return ImportChoices(
        format=format,
        reading=ReadingOptions(
            metric=mapping.metric,
            metrics=mapping.metrics,
            scale=scale,
            direction=direction,
            model=model,
            latest=latest,
        ),
        mapping=mapping,
        gathering=GatherSettings(scoring=scores, targets=kept, names=mapping.tasks),
    )


reads_results = gathers("choices", gather_choices)
"""Gives a command the options of `gather_choices`; it gets what they amount to as its keyword `choices`."""
