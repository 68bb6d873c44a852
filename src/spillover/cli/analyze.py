"""Commands that read results: analyze, report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from spillover.analysis import AnalysisSettings, Findings
from spillover.analysis import analyze as analyze_scores
from spillover.cli.paths import read_named_paths
from spillover.report.page import write_report
from spillover.report.terminal import findings_in_terminal

PATHS = Annotated[list[str], typer.Argument(help="A study folder or a PGF table; NAME=PATH names its model.")]


def add_commands(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for command in (analyze, report):
        app.command()(command)


def analyze(
    paths: PATHS,
    *,
    json: Annotated[
        bool, typer.Option("--json", help="Print findings.json on stdout, and nothing else there.")
    ] = False,
) -> None:
    """Say what finetuning on one task does to the others: matrix, givers and takers, in words and figures."""
    findings = _analyze(paths)
    if json:
        print(findings.dump())
    else:
        console = Console()
        console.print(findings_in_terminal(findings, console.width))


def report(
    paths: PATHS,
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("report.html"),
) -> None:
    """Write the findings as a page that opens in any browser."""
    findings = _analyze(paths)
    write_report(findings, out)
    Console(stderr=True).print(f"wrote {out}", markup=False)


def _analyze(paths: list[str]) -> Findings:
    inputs = read_named_paths(paths)
    return analyze_scores([part.data for part in inputs], inputs[0].settings or AnalysisSettings(), inputs[0].tasks)
