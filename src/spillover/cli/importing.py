"""The command that reads somebody's results into a study folder, and what is shown of them."""

from __future__ import annotations

import json as json_format
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from spillover.cli.paths import Results
from spillover.cli.reading_options import reads_results
from spillover.cli.waiting import ImportProgress
from spillover.core.errors import ImportFileError
from spillover.core.numbers import counted
from spillover.core.printable import printable
from spillover.interop.found import Metric
from spillover.interop.gather import Gathered
from spillover.interop.importing import ImportChoices, ImportPlan, plan_import
from spillover.interop.rescore import TaskTally
from spillover.study.imported import open_imported, write_import

PATHS = Annotated[list[Path], typer.Argument(help="Files or folders of results, together one study.")]
OUT = Annotated[Path | None, typer.Option("--out", help="The folder to write: a study folder like any other.")]
DRY_RUN = Annotated[
    bool, typer.Option("--dry-run", help="Show what each run would be; read no answers, write nothing.")
]
JSON = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, and nothing else there.")]
LISTED = 5
TASKS_LISTED = 20
WIDEST = 1000
OFTEN_ALIKE = ("metric", "format")
"""Columns of the mapping that are shown only where runs differ in them."""


def add_commands(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("import")(import_results)


@reads_results
def import_results(
    paths: PATHS,
    out: OUT = None,
    *,
    dry_run: DRY_RUN = False,
    json: JSON = False,
    choices: ImportChoices,
) -> None:
    """Make a study folder of results that other tools wrote: BLINK, lmms-eval, lm-eval, VLMEvalKit, inspect, tables."""
    plan = plan_import(paths, choices)
    console = Console(stderr=json)
    show_plan(console, plan)
    if dry_run or out is None:
        if not dry_run:
            raise ImportFileError("it is not said where to write", where="--out", hint="--out FOLDER, or --dry-run")
        if json:
            described = {"model": plan.model, "runs": _mapping(plan), "tasks": plan.tasks, "notes": plan.notes}
            print(json_format.dumps(described, indent=1, ensure_ascii=False))
        return
    with ImportProgress(len(plan.runs)) as progress:
        study, gathered = write_import(plan, choices, out, progress.tell)
    if gathered is not None:
        show_gathered(console, gathered)
    if json:
        described = {"folder": str(out), **study.model_dump(mode="json"), "tasks": describe_tallies(gathered)}
        print(json_format.dumps(described, indent=1, ensure_ascii=False))
    _say(console, f"wrote {out}; next: spillover analyze {out}")


def show_plan(console: Console, plan: ImportPlan) -> None:
    """Show what each run is in the study, and what its numbers mean."""
    for table in plan.tables:
        _say(console, f"a published table of PGFs of {table.model}: {len(table.rows)} cells ({table.origin})")
    if plan.runs:
        _show_runs(console, plan)
    for meaning in _meanings(metric for each in plan.runs for metric in each.run.metrics):
        _say(console, f"metric {meaning}")
    for note in plan.notes:
        _say(console, f"! {note}", style="yellow")
    if plan.passed_over:
        shown = ", ".join(plan.passed_over[:LISTED]) + (", …" if len(plan.passed_over) > LISTED else "")
        _say(console, f"{counted(len(plan.passed_over), 'file')} passed over, not recognised as results: {shown}")


def _show_runs(console: Console, plan: ImportPlan) -> None:
    formats = dict.fromkeys(each.run.format for each in plan.runs)
    _say(console, f"{counted(len(plan.runs), 'run')} of {', '.join(formats)}")
    rows = Table(box=None)
    mapping = list(_mapping(plan))
    shown = [name for name in mapping[0] if name not in OFTEN_ALIKE or len({row[name] for row in mapping}) > 1]
    for name in shown:
        rows.add_column("is" if name == "source" else name, overflow="fold", no_wrap=name == "run")
    for row in mapping:
        rows.add_row(*(_plain(str("" if row[name] is None else row[name])) for name in shown))
    _print_whole(console, rows)
    if plan.tasks:
        more = f" and {len(plan.tasks) - TASKS_LISTED} more" if len(plan.tasks) > TASKS_LISTED else ""
        _say(console, f"tasks: {', '.join(plan.tasks[:TASKS_LISTED])}{more}")


def _print_whole(console: Console, table: Table) -> None:
    """Print a table so wide that no word of it is broken, even where the terminal is narrower."""
    needed = Measurement.get(console, console.options.update(max_width=WIDEST), table).minimum
    usual, console.width = console.width, max(console.width, needed)
    console.print(table)
    console.width = usual


def show_gathered(console: Console, gathered: Gathered) -> None:
    """Show how the files' own scores compare with ours by task, and what a user should know."""
    tasks = gathered.by_task()
    if any(tally.own or tally.read_again for tally in tasks.values()):
        table = Table(box=None)
        for column in ("task", "examples", "file's own", "ours", "differ", "ambiguous", "no answer"):
            table.add_column(column, overflow="fold")
        for name, tally in tasks.items():
            own = f"{tally.own_correct / tally.own:.4f}" if tally.own else "–"
            ours, differing = "–", "–"  # where no reply was read again, the file's own score is all there is
            if tally.read_again:
                ours, differing = f"{tally.correct / tally.examples:.4f}", str(tally.differing) if tally.own else "–"
            counts = (own, ours, differing, str(tally.ambiguous), str(tally.none))
            table.add_row(_plain(name), str(tally.examples), *counts)
        console.print(table)
    differing = {name: tally for name, tally in tasks.items() if tally.differing}
    if differing:
        total = sum(tally.differing for tally in tasks.values())
        _say(console, f"{total} examples are scored otherwise by the files than by our parser, such as:")
        for name, tally in differing.items():
            _say(console, f"  {name}: {tally.such[0]}")
    for note in gathered.notes:
        _say(console, f"! {note}", style="yellow")


def show_read(console: Console, inputs: Iterable[Results]) -> None:
    """Show what somebody's results were taken for, where any were read."""
    for part in inputs:
        if part.plan is not None and part.gathered is not None:
            show_plan(console, part.plan)
            show_gathered(console, part.gathered)


def describe_tallies(gathered: Gathered | None) -> list[dict[str, Any]]:
    """What was counted, by run and task, for JSON."""
    if gathered is None:
        return []
    return [{"run": run, "task": task, **_counted(tally)} for (run, task), tally in gathered.tallies.items()]


def show_imported(folder: Path, *, json: bool) -> None:
    """Say what was imported into a folder."""
    study = open_imported(folder)
    if json:
        print(json_format.dumps(study.model_dump(mode="json"), indent=1, ensure_ascii=False))
        return
    about, console = study.imported, Console()
    kinds = {"scores": "scores of examples", "accuracies": "accuracies without examples", "pgf": "published PGFs"}
    _say(console, f"{study.name}: imported, {kinds[about.kind]} of {about.model}; nothing is left to be done")
    for run in about.runs:
        seed = "" if run.seed is None else f", seed {run.seed}"
        what = f"{run.examples} examples" if run.examples else "accuracies"
        _say(console, f"  {run.source}{seed}: {what} of {run.run} ({run.format})")
    for name in about.tables:
        _say(console, f"  a table of {name}")
    for note in about.notes:
        _say(console, f"! {note}", style="yellow")


def _mapping(plan: ImportPlan) -> Iterable[Mapping[str, Any]]:
    return [
        {
            "run": each.run.name,
            "source": each.place.source,
            "seed": each.place.seed,
            "because": each.reason,
            "tasks": len(set(each.run.tasks)) or None,
            "metric": each.run.metric.name,
            "format": each.run.format,
        }
        for each in plan.runs
    ]


def _meanings(metrics: Iterable[Metric]) -> Iterable[str]:
    """What each kind of number means, once, with the evidence of the first run and how many others show it too."""
    evidence: dict[str, list[str]] = {}
    for metric in metrics:
        most = "unknown maximum" if metric.maximum is None else f"at most {metric.maximum:g}"
        meaning = f"{metric.name}: {most}, {metric.direction} is better"
        evidence.setdefault(meaning, []).append(metric.evidence)
    for meaning, reasons in evidence.items():
        others = len(set(reasons)) - 1
        more = f"; {others} more of the kind" if others else ""
        yield f"{meaning} ({reasons[0]}{more})"


def _counted(tally: TaskTally) -> dict[str, Any]:
    return {
        "examples": tally.examples,
        "file_accuracy": tally.own_correct / tally.own if tally.own else None,
        "accuracy": tally.correct / tally.examples,
        "differing": tally.differing,
        "ambiguous": tally.ambiguous,
        "none": tally.none,
        "such": tally.such,
    }


def _plain(text: str) -> str:
    """Names from files are shown as they are: no markup, nothing that moves the cursor."""
    return printable(text).replace("[", "\\[")


def _say(console: Console, text: str, style: str | None = None) -> None:
    console.print(printable(text), style=style, markup=False, highlight=False, soft_wrap=True)
