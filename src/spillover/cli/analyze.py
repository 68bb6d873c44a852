"""Commands that read results: analyze, compare, report."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from spillover.analysis import AnalysisSettings, Findings
from spillover.analysis.differences import describe_difference, differences_of
from spillover.cli.importing import show_read
from spillover.cli.paths import SAME_PATH, is_repeated, read_named_paths
from spillover.cli.reading_options import reads_results
from spillover.cli.waiting import ANALYSING, sign_of_life
from spillover.core.errors import AnalysisError, StoreError
from spillover.interop.importing import ImportChoices
from spillover.report.differences_in_terminal import differences_in_terminal
from spillover.report.side_by_side_in_terminal import comparison_in_terminal
from spillover.report.terminal import findings_in_terminal
from spillover.study.together import StudyResults, analyze_results

PATHS = Annotated[
    list[str],
    typer.Argument(help="A study, a PGF table, or somebody's results (see import); NAME=PATH names its model."),
]
SETTINGS = Annotated[
    Path | None,
    typer.Option(
        "--settings",
        help="A YAML file with what a study has under analysis: (ceiling, edge_threshold, …), or a study file.",
    ),
]
JSON = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, and nothing else there.")]


def add_commands(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for command in (analyze, compare, report):
        app.command()(command)


@reads_results
def analyze(
    paths: PATHS,
    settings: SETTINGS = None,
    *,
    json: JSON = False,
    choices: ImportChoices,
) -> None:
    """Say what finetuning on one task does to the others: matrix, givers and takers, in words and figures."""
    findings = _analyze(paths, settings, choices)
    if json:
        print(findings.dump())
    else:
        console = Console()
        console.print(findings_in_terminal(findings, console.width))


@reads_results
def compare(
    paths: PATHS,
    settings: SETTINGS = None,
    *,
    json: JSON = False,
    choices: ImportChoices,
) -> None:
    """Put several models or studies side by side: averages, personas that hold for all, and what changed where.

    Each is compared with the next one, in order of size where the names tell it. Two studies of one model need names:
    before=PATH after=PATH.
    """
    findings = _analyze(paths, settings, choices)
    if not findings.comparisons:
        names = ", ".join(dict.fromkeys(model.title for model in findings.models))
        several = "give several: 3B=first.csv 7B=second.csv, or a study of several models"
        hint = SAME_PATH if is_repeated(paths) else several
        raise AnalysisError(f"there are no two models with a matrix to compare: {names}", hint=hint)
    if json:
        described = findings.to_json()
        told = {"schema": described["schema"], "comparisons": described["comparisons"]}
        told["differences"] = [describe_difference(each) for each in differences_of(findings)]
        print(json_format.dumps(told, indent=1, allow_nan=False, ensure_ascii=False))
    else:
        Console().print(comparison_in_terminal(findings))
        Console().print(differences_in_terminal(findings))


@reads_results
def report(
    paths: PATHS,
    out: Annotated[
        Path, typer.Option(help="The folder to write: report.html, figures/; former ones are replaced.")
    ] = Path("report"),
    settings: SETTINGS = None,
    *,
    figures: Annotated[bool, typer.Option(help="Draw the figures for papers as well, which takes longer.")] = True,
    choices: ImportChoices,
) -> None:
    """Write the findings as a page that opens in any browser, and every figure as SVG, PDF, PNG and CSV."""
    from spillover.report.figures.mixture import mixture_panels  # noqa: PLC0415 (as is what solves for mixtures)
    from spillover.report.page import is_report, write_report  # noqa: PLC0415 (jinja is slow to import, and the others need none)

    if out.suffix == ".html":
        raise typer.BadParameter(f"{out} names a page: give the folder that it is to stand in", param_hint="--out")
    page = out / "report.html"
    if page.exists() and not is_report(page):
        raise StoreError("spillover report did not write this page", where=str(page), hint="give another --out")
    console = Console(stderr=True)
    inputs, chosen = _read(paths, settings, choices)
    with sign_of_life(console, ANALYSING):
        findings = analyze_results(inputs, chosen)
        write_report(findings, page, mixtures=mixture_panels(inputs, chosen))
    console.print(f"wrote {page}", markup=False, highlight=False, soft_wrap=True)
    if not figures:
        return
    with sign_of_life(console, "drawing the figures for papers"):
        from spillover.report.drawing.files import write_figures  # noqa: PLC0415 (matplotlib is slow to import)

        written = write_figures(findings, out / "figures")
    console.print(f"wrote {out}/figures: {len(written)} files", markup=False, highlight=False, soft_wrap=True)


def _analyze(paths: list[str], settings_file: Path | None, choices: ImportChoices) -> Findings:
    inputs, settings = _read(paths, settings_file, choices)
    with sign_of_life(Console(stderr=True), ANALYSING):
        return analyze_results(inputs, settings)


def _read(
    paths: list[str], settings_file: Path | None, choices: ImportChoices
) -> tuple[list[StudyResults], AnalysisSettings | None]:
    console = Console(stderr=True)
    with sign_of_life(console, "reading"):
        inputs = read_named_paths(paths, choices)
    show_read(console, inputs)
    settings = _read_settings(settings_file) if settings_file else None
    return [part.results for part in inputs], settings


def _read_settings(file: Path) -> AnalysisSettings:
    from spillover.study.reading import load_analysis_settings  # noqa: PLC0415 (it knows all of a study)

    return load_analysis_settings(file)
