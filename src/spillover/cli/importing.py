"""The command that reads somebody's results into a study folder, and what is said where they are read directly."""

from __future__ import annotations

import json as json_format
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from spillover.cli.import_shown import (
    describe_differing,
    describe_runs,
    first_few,
    say,
    show_gathered,
    show_meanings,
    show_notes,
    show_plan,
)
from spillover.cli.paths import Results
from spillover.cli.reading_options import reads_results
from spillover.cli.waiting import ImportProgress
from spillover.core.errors import ImportFileError
from spillover.core.numbers import counted
from spillover.interop.gather import Gathered
from spillover.interop.importing import ImportChoices, ImportPlan, plan_import, rehearse_import
from spillover.interop.rescore import TaskTally
from spillover.study.imported import open_imported, write_import

PATHS = Annotated[list[Path], typer.Argument(help="Files or folders of results, together one study.")]
OUT = Annotated[Path | None, typer.Option("--out", help="The folder to write: a study folder like any other.")]
DRY_RUN = Annotated[
    bool, typer.Option("--dry-run", help="Read everything and say all that an import would, but write nothing.")
]
JSON = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, and nothing else there.")]


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
    if dry_run:
        with ImportProgress(len(plan.runs)) as progress:
            gathered = rehearse_import(plan, choices, progress.tell)
        _show_rehearsed(console, plan, gathered, json=json)
        return
    if out is None:
        raise ImportFileError("it is not said where to write", where="--out", hint="--out FOLDER, or --dry-run")
    with ImportProgress(len(plan.runs)) as progress:
        study, gathered = write_import(plan, choices, out, progress.tell)
    if gathered is not None:
        show_gathered(console, gathered)
    if json:
        described = {"folder": str(out), **study.model_dump(mode="json"), "tasks": describe_tallies(gathered)}
        print(json_format.dumps(described, indent=1, ensure_ascii=False))
    say(console, f"wrote {out}; next: spillover analyze {out}")


def _show_rehearsed(console: Console, plan: ImportPlan, gathered: Gathered | None, *, json: bool) -> None:
    if gathered is not None:
        show_gathered(console, gathered)
    say(console, "nothing was written")
    if json:
        tasks = plan.tasks if gathered is None else list(dict.fromkeys(task for _, task in gathered.tallies))
        notes = [*plan.notes, *(gathered.notes if gathered else ())]
        described = {"model": plan.model, "runs": describe_runs(plan), "tasks": tasks or plan.tasks, "notes": notes}
        print(json_format.dumps(described, indent=1, ensure_ascii=False))


def show_read(console: Console, inputs: Iterable[Results]) -> None:
    """Sum up what somebody's results were taken for, where any were read, and say what a user should know of it."""
    for part in inputs:
        if part.plan is None or part.gathered is None:
            continue
        say(console, _sum_up(part.plan, part.gathered))
        accuracies = [each.run for each in part.plan.runs if each.run.read is None]
        show_meanings(console, (metric for run in accuracies for metric in run.metrics))
        show_notes(console, part.plan)
        for note in filter(None, (describe_differing(part.gathered), *part.gathered.notes)):
            say(console, f"! {note}", style="yellow")


def _sum_up(plan: ImportPlan, gathered: Gathered) -> str:
    formats = dict.fromkeys(each.run.format for each in plan.runs)
    finetunes = [each.place for each in plan.runs if not each.is_base]
    sources = list(dict.fromkeys(place.source for place in finetunes))
    seeds = {place.seed for place in finetunes}
    tasks = {task for _, task in gathered.tallies} or set(plan.tasks)
    if gathered.accuracies is not None:
        tasks = {row.target for row in gathered.accuracies.rows}
    return (
        f"{counted(len(plan.runs), 'run')} of {', '.join(formats)}: {counted(len(sources), 'source')} "
        f"({first_few(sources)}) with {counted(len(seeds), 'seed')}, {counted(len(tasks), 'task')}; each by itself: "
        "spillover import --dry-run"
    )


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
    say(console, f"{study.name}: imported, {kinds[about.kind]} of {about.model}; nothing is left to be done")
    for run in about.runs:
        seed = "" if run.seed is None else f", seed {run.seed}"
        what = f"{run.examples} examples" if run.examples else "accuracies"
        say(console, f"  {run.source}{seed}: {what} of {run.run} ({run.format})")
    for name in about.tables:
        say(console, f"  a table of {name}")
    for note in about.notes:
        say(console, f"! {note}", style="yellow")


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
