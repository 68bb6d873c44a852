"""What is shown of somebody's results: what each run was taken for, what its numbers mean, how scores compare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from spillover.core.numbers import counted
from spillover.core.printable import printable
from spillover.interop.found import Metric
from spillover.interop.gather import Gathered
from spillover.interop.importing import ImportPlan
from spillover.interop.rescore import TaskTally

LISTED = 5
TASKS_LISTED = 20
WIDEST = 1000
OFTEN_ALIKE = ("metric", "format")
"""Columns of the mapping that are shown only where runs differ in them."""


def show_plan(console: Console, plan: ImportPlan) -> None:
    """Show what each run is in the study, and what its numbers mean."""
    _show_tables(console, plan)
    if plan.runs:
        _show_runs(console, plan)
    show_meanings(console, (metric for each in plan.runs for metric in each.run.metrics))
    show_notes(console, plan)


def _show_tables(console: Console, plan: ImportPlan) -> None:
    for table in plan.tables:
        say(console, f"a published table of PGFs of {table.model}: {len(table.rows)} cells ({table.origin})")


def show_notes(console: Console, plan: ImportPlan) -> None:
    """Show what a user should look at, and which files were no results."""
    for note in plan.notes:
        say(console, f"! {note}", style="yellow")
    if plan.passed_over:
        shown = first_few(plan.passed_over)
        say(console, f"{counted(len(plan.passed_over), 'file')} passed over, not recognised as results: {shown}")


def first_few(names: Sequence[str]) -> str:
    """Some names, cut short where they are many."""
    return ", ".join(names[:LISTED]) + (", …" if len(names) > LISTED else "")


def _show_runs(console: Console, plan: ImportPlan) -> None:
    formats = dict.fromkeys(each.run.format for each in plan.runs)
    say(console, f"{counted(len(plan.runs), 'run')} of {', '.join(formats)}")
    rows = Table(box=None)
    mapping = list(describe_runs(plan))
    shown = [name for name in mapping[0] if name not in OFTEN_ALIKE or len({row[name] for row in mapping}) > 1]
    for name in shown:
        rows.add_column("is" if name == "source" else name, overflow="fold", no_wrap=name == "run")
    for row in mapping:
        rows.add_row(*(_plain(str("" if row[name] is None else row[name])) for name in shown))
    _print_whole(console, rows)
    if plan.tasks:
        more = f" and {len(plan.tasks) - TASKS_LISTED} more" if len(plan.tasks) > TASKS_LISTED else ""
        say(console, f"tasks: {', '.join(plan.tasks[:TASKS_LISTED])}{more}")


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
        _show_tallies(console, tasks)
    if differing := describe_differing(gathered):
        say(console, f"{differing}, such as:")
        for name, tally in tasks.items():
            if tally.differing:
                say(console, f"  {name}: {tally.such[0]}")
    for note in gathered.notes:
        say(console, f"! {note}", style="yellow")


def _show_tallies(console: Console, tasks: Mapping[str, TaskTally]) -> None:
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


def describe_differing(gathered: Gathered) -> str:
    """Say how many examples the files score otherwise than we; nothing where none is."""
    total = sum(tally.differing for tally in gathered.tallies.values())
    are = "is" if total == 1 else "are"
    return f"{counted(total, 'example')} {are} scored otherwise by the files than by our parser" if total else ""


def describe_runs(plan: ImportPlan) -> Iterable[Mapping[str, Any]]:
    """What each run is, in plain values, for a table or JSON."""
    return [
        {
            "run": each.run.name,
            "source": each.place.source,
            "seed": each.place.seed,
            "because": each.reason,
            "tasks": len(plan.held[each.run.name]) or None,
            "metric": each.run.metric.name,
            "format": each.run.format,
        }
        for each in plan.runs
    ]


def show_meanings(console: Console, metrics: Iterable[Metric]) -> None:
    """Say what each kind of number means, once, with the evidence of the first run and how many others show it too."""
    evidence: dict[str, list[str]] = {}
    for metric in metrics:
        most = "unknown maximum" if metric.maximum is None else f"at most {metric.maximum:g}"
        meaning = f"{metric.name}: {most}, {metric.direction} is better"
        evidence.setdefault(meaning, []).append(metric.evidence)
    for meaning, reasons in evidence.items():
        others = len(set(reasons)) - 1
        more = f"; {others} more of the kind" if others else ""
        say(console, f"metric {meaning} ({reasons[0]}{more})")


def _plain(text: str) -> str:
    """Names from files are shown as they are: no markup, nothing that moves the cursor."""
    return printable(text).replace("[", "\\[")


def say(console: Console, text: str, style: str | None = None) -> None:
    """Print a line whole, as it is: names in it come from files of somebody else's."""
    console.print(printable(text), style=style, markup=False, highlight=False, soft_wrap=True)
