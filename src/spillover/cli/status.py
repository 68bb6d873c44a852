"""The command that says how far a study has come, once or again and again."""

from __future__ import annotations

import json as json_format
import time
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from spillover.cli.readable import readable_time
from spillover.cli.running import from_here, then_of_done
from spillover.study.job_log import Heard, job_log, last_heard
from spillover.study.plan import Finetune, Job
from spillover.study.reading import is_imported, study_folder
from spillover.study.resume import pending
from spillover.study.stored import StoredStudy, open_stored_study

WATCH_EVERY_S = 2.0
WATCHED_IDLE_S = 60.0
"""Seconds without a job that runs after which watching ends: a driver that is started again needs some to begin one."""
STATES = ("running", "lost", "damaged", "failed")
SHOWN = 5
"""Of what is to do, has failed or is left over, so many lines, and how many more there are."""


def add_commands(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(status)


def status(
    folder: Annotated[Path, typer.Argument(help="A study's folder, or its study file.")],
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Show it live, until it is done or nothing runs.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout, and nothing else there.")] = False,
) -> None:
    """Say how far a study has come, or what was imported. Other processes or machines may be running it.

    What happens to each job stands in the folder's logs/, one text file a job.
    """
    if watch and json:
        raise typer.BadParameter("it is for people, and --json is not", param_hint="--watch")
    folder = study_folder(folder)
    if is_imported(folder):
        from spillover.cli.importing import show_imported  # noqa: PLC0415 (it knows every tool's files)

        show_imported(folder, json=json)
    elif watch:
        _watch(folder)
    else:
        _print(folder, open_stored_study(folder), json=json)


def _print(folder: Path, stored: StoredStudy, *, json: bool) -> None:
    jobs, heard = _look(folder, stored)
    left = [str(file.relative_to(folder)) for file in stored.store.leftovers(stored.plan)]
    (finetunes, all_finetunes), (evaluations, all_evaluations) = _counts(stored, jobs)
    if json:
        summary = {
            "study": stored.study.name,
            "finetunes_done": finetunes,
            "finetunes_pending": all_finetunes - finetunes,
            "evaluations_done": evaluations,
            "evaluations_pending": all_evaluations - evaluations,
            "pending": [job.label for job in jobs],
            **{state: [_facts(each) for each in heard.values() if _state(each) == state] for state in STATES},
            "leftovers": left,
        }
        print(json_format.dumps(summary, indent=1, ensure_ascii=False))
        return
    console = Console()
    console.print(_counts_line(stored, jobs), markup=False)
    to_do = [f"to do: {job.label}" for job in jobs if job.key not in heard]
    leftovers = [f"of a trial or an older version of the study: {name}" for name in left]
    for line in (*_heard_lines(folder, heard.values()), *_first(to_do), *_first(leftovers)):
        console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)
    if then := _then(folder, jobs, heard):
        console.print(then, markup=False, highlight=False, soft_wrap=True)


def _then(folder: Path, jobs: list[Job], heard: Mapping[str, Heard]) -> str:
    """Say what to do next, if anything."""
    if not jobs:
        return then_of_done(folder)
    is_running = any(_state(each) == "running" for each in heard.values())
    return "" if is_running else f"nothing is running: spillover run {from_here(folder)} goes on"


def _watch(folder: Path) -> None:
    active = time.monotonic()
    console = Console()
    with Live(console=console, auto_refresh=False) if console.is_terminal else nullcontext() as live:
        told: set[str] = set()
        while True:
            stored = open_stored_study(folder)  # again, since the study may be extended meanwhile
            jobs, heard = _look(folder, stored)
            if any(_state(each) == "running" for each in heard.values()):
                active = time.monotonic()
            is_idle = time.monotonic() - active >= WATCHED_IDLE_S
            if live:
                live.update(_picture(folder, stored, jobs, heard), refresh=True)
            else:
                _tell_changes(told, stored, jobs, heard)
            if not jobs or is_idle:
                break
            time.sleep(WATCH_EVERY_S)
    if not live:
        print(_then(folder, jobs, heard), flush=True)


def _tell_changes(told: set[str], stored: StoredStudy, jobs: list[Job], heard: Mapping[str, Heard]) -> None:
    """Print what was not told before, a line each: a file that is written to cannot be drawn anew."""
    states = [f"{_state(each)}: {each.job.label}" for each in heard.values()]
    for line in (_counts_line(stored, jobs), *states):
        if line not in told:
            told.add(line)
            print(line, flush=True)


def _look(folder: Path, stored: StoredStudy) -> tuple[list[Job], dict[str, Heard]]:
    """The jobs that are not done, and what was last heard of them."""
    jobs = pending(stored.plan, stored.store)
    heard = last_heard(folder, jobs)
    if any(each.damaged for each in heard.values()):  # or it was done after the first look
        jobs = pending(stored.plan, stored.store)
        keys = {job.key for job in jobs}
        heard = {key: each for key, each in heard.items() if key in keys}
    return jobs, heard


def _picture(folder: Path, stored: StoredStudy, jobs: list[Job], heard: Mapping[str, Heard]) -> RenderableType:
    bars = Table.grid(padding=(0, 1))
    for name, (done, total) in zip(("finetunes", "evaluations"), _counts(stored, jobs), strict=True):
        bars.add_row(name, ProgressBar(total=max(total, 1), completed=done, width=40), f"{done} of {total}")
    lines = _heard_lines(folder, heard.values())
    if not any(_state(each) == "running" for each in heard.values()):
        lines.append("nothing is running" if jobs else "done")
    return Group(
        Text(stored.study.name), bars, *(Text(line, style="red" * line.startswith("failed")) for line in lines)
    )


def _counts_line(stored: StoredStudy, jobs: list[Job]) -> str:
    (finetunes, all_finetunes), (evaluations, all_evaluations) = _counts(stored, jobs)
    return (
        f"{stored.study.name}: {finetunes} of {all_finetunes} finetunes done, "
        f"{evaluations} of {all_evaluations} evaluations"
    )


def _counts(stored: StoredStudy, jobs: list[Job]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Finetunes, and evaluations: how many are done, and how many there are."""
    finetunes = sum(isinstance(job, Finetune) for job in jobs)
    all_finetunes, all_evaluations = len(stored.plan.finetunes), len(stored.plan.evaluations)
    return (all_finetunes - finetunes, all_finetunes), (all_evaluations - len(jobs) + finetunes, all_evaluations)


def _state(heard: Heard) -> Literal["running", "lost", "damaged", "failed"]:
    if heard.failed:
        return "failed"
    return "damaged" if heard.damaged else "lost" if heard.is_lost else "running"


def _heard_lines(folder: Path, heard: Iterable[Heard]) -> list[str]:
    """What runs, and the first of what was lost, is damaged or has failed, last heard of first."""
    latest = sorted(heard, key=lambda each: each.seconds_ago)
    by_state = {state: [_line(folder, each) for each in latest if _state(each) == state] for state in STATES}
    return [*by_state["running"], *(line for state in STATES[1:] for line in _first(by_state[state]))]


def _first(lines: list[str]) -> list[str]:
    """The first few, and how many more there are, which begin as these do."""
    more = len(lines) - SHOWN
    return lines if more <= 1 else [*lines[:SHOWN], f"{lines[0].partition(':')[0]}: {more:,} more"]


def _line(folder: Path, heard: Heard) -> str:
    ago = readable_time(heard.seconds_ago)
    driver = f"its driver, process {heard.process} on {heard.host}"
    match _state(heard):
        case "failed":
            return f"failed: {heard.job.label}: {heard.said} ({job_log(folder, heard.job.key)})"
        case "lost":
            what = f"{driver}, has ended" if heard.has_ended else f"{driver}, may have ended"
            return f"not running: {heard.job.label}: {heard.said}; not heard of for {ago}: {what}"
        case "damaged":
            return f"to do again: {heard.job.label}: it was done {ago} ago, and its result is damaged or gone"
        case "running":
            return f"running: {heard.job.label}: {heard.said}, {ago} ago"


def _facts(heard: Heard) -> dict[str, Any]:
    return {
        "job": heard.job.label,
        "said": heard.said,
        "seconds_ago": round(heard.seconds_ago),
        "driver": {"process": heard.process, "host": heard.host, "has_ended": heard.has_ended},
    }
