"""Commands that read results: analyze, report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from spillover.analysis import AnalysisSettings, Findings
from spillover.analysis import analyze as analyze_scores
from spillover.cli import reading_options as options
from spillover.cli.importing import show_gathered, show_plan
from spillover.cli.paths import read_named_paths
from spillover.interop.importing import ImportChoices
from spillover.report.page import write_report
from spillover.report.terminal import findings_in_terminal

PATHS = Annotated[
    list[str],
    typer.Argument(help="A study folder, a PGF table, or somebody's results (see import); NAME=PATH names its model."),
]


def add_commands(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for command in (analyze, report):
        app.command()(command)


def analyze(
    paths: PATHS,
    format_name: options.FORMAT = None,
    base: options.BASE = None,
    maps: options.MAP = None,
    pattern: options.PATTERN = None,
    metric: options.METRIC = None,
    scale: options.SCALE = None,
    direction: options.DIRECTION = None,
    scores: options.SCORES = "parsed",
    targets: options.TARGETS = None,
    *,
    json: Annotated[
        bool, typer.Option("--json", help="Print findings.json on stdout, and nothing else there.")
    ] = False,
) -> None:
    """Say what finetuning on one task does to the others: matrix, givers and takers, in words and figures."""
    choices = options.gather_choices(
        format_name=format_name,
        base=base,
        maps=maps,
        pattern=pattern,
        reading=options.reading_options(metric, scale, direction, None),
        scores=scores,
        targets=targets,
    )
    findings = _analyze(paths, choices)
    if json:
        print(findings.dump())
    else:
        console = Console()
        console.print(findings_in_terminal(findings, console.width))


def report(
    paths: PATHS,
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("report.html"),
    format_name: options.FORMAT = None,
    base: options.BASE = None,
    maps: options.MAP = None,
    pattern: options.PATTERN = None,
    metric: options.METRIC = None,
    scale: options.SCALE = None,
    direction: options.DIRECTION = None,
    scores: options.SCORES = "parsed",
    targets: options.TARGETS = None,
) -> None:
    """Write the findings as a page that opens in any browser."""
    choices = options.gather_choices(
        format_name=format_name,
        base=base,
        maps=maps,
        pattern=pattern,
        reading=options.reading_options(metric, scale, direction, None),
        scores=scores,
        targets=targets,
    )
    findings = _analyze(paths, choices)
    write_report(findings, out)
    Console(stderr=True).print(f"wrote {out}", markup=False)


def _analyze(paths: list[str], choices: ImportChoices) -> Findings:
    inputs = read_named_paths(paths, choices)
    console = Console(stderr=True)
    for part in inputs:
        if part.plan is not None and part.gathered is not None:
            show_plan(console, part.plan)
            show_gathered(console, part.gathered)
    data = [data for part in inputs for data in part.data]
    return analyze_scores(data, inputs[0].settings or AnalysisSettings(), inputs[0].tasks)
