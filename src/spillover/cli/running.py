"""How a study is run from the command line: what is said meanwhile, and what is made of it at the end."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import typer
from rich.console import Console

from spillover.cli.main import INTERNAL_ERROR
from spillover.cli.progress import StudyProgress
from spillover.cli.stopping import TERMINATED, TRY_AGAIN, Stop
from spillover.cli.waiting import ANALYSING, say, sign_of_life
from spillover.core.errors import SpilloverError, StoreError
from spillover.core.files import is_writable, write_atomically
from spillover.core.numbers import counted
from spillover.core.printable import printable
from spillover.study.devices import devices_of
from spillover.study.earlier import tell_earlier
from spillover.study.job_log import job_log
from spillover.study.plan import Finetune
from spillover.study.preparing import Prepared, prepare
from spillover.study.provenance import package_versions
from spillover.study.resume import changed_versions, difference, pending
from spillover.study.run import Run, carry_out
from spillover.study.shard import Shard
from spillover.study.stored import StoredStudy
from spillover.study.study import RayExecutorSettings, Study

OVERLAPS_SHOWN = 3
"""Pairs of tasks whose same images are told of at most."""


def run_study(
    study: Study,
    only: str | None = None,
    limit: int | None = None,
    shard: Shard | None = None,
    stop: Stop | None = None,
) -> None:
    """Run a study and analyse it, or end before that, ready to go on.

    Args:
        study: as loaded.
        only: one source's name; the base and this source alone are run.
        limit: a trial, on at most so many examples a target.
        shard: a part of the jobs; then nothing is analysed.
        stop: what may ask it to end; by default SIGTERM alone.

    Raises:
        SpilloverError: the study has faults, or some of it could not be done; what could be is kept and analysed.
        Exit: it was asked to end; with the exit code that tells to try again.
        Stopped: it was asked to end while no job ran.
    """
    stop = stop or Stop()
    console = Console(stderr=True)
    with stop.listening():
        with sign_of_life(console, f"checking the study {study.name}"):
            prepared = prepare(study, only=only, limit=limit, shard=shard)
        print_difference(console, prepared)
        print_overlaps(console, prepared)
        _print_start(console, prepared)
        with stop.asked(), StudyProgress(console, len(prepared.jobs)) as progress:
            finished = carry_out(prepared, progress.show, _saying_once(stop, console))
        _print_failures(finished, console)
        if finished.left or (stop.reason and not shard):
            _print_stopped(console, finished, stop)
            raise typer.Exit(TERMINATED if _is_rehearsal(study) else TRY_AGAIN)
        if shard:
            _print_rest(finished, console, shard)
        else:
            _try_to_conclude(finished, console, f"trial-{limit}" if prepared.is_trial else "")
        _raise_failures(finished)


def _print_start(console: Console, prepared: Prepared) -> None:
    study, jobs = prepared.asked.study, prepared.jobs
    where = f"{study.name} in {from_here(prepared.store.folder)}"
    if not jobs:
        say(console, f"{where}: no job is left to do")
        return
    finetunes = sum(isinstance(job, Finetune) for job in jobs)
    kinds = f"{counted(finetunes, 'finetune')}, {counted(len(jobs) - finetunes, 'evaluation')}"
    say(console, f"{where}: {counted(len(jobs), 'job')} to do ({kinds}) on {_machines(study)}")


def _machines(study: Study) -> str:
    if isinstance(study.executor, RayExecutorSettings):  # how many workers there will be Ray knows
        return f"Ray, {study.executor.device}"
    processes = Counter(devices_of(study))
    return ", ".join(device if number == 1 else f"{number} × {device}" for device, number in processes.items())


def _saying_once(stop: Stop, console: Console) -> Callable[[], bool]:
    """Ask whether to stop, and say so when it is first true: from here, since in a signal handler nothing is safe."""
    said = False

    def ask() -> bool:
        nonlocal said
        if stop() and not said:
            said = True
            kept = "no job is begun any more, and finetunes are kept after the step that they are at"
            say(console, f"{stop.reason}: {kept}")
        return said

    return ask


def _print_failures(finished: Run, console: Console) -> None:
    """Say what failed, each reason once: one fault of a model or machine fails all jobs alike."""
    alike: dict[str, list[str]] = {}
    for failure in finished.failures:
        alike.setdefault(str(failure.error), []).append(failure.job.label)
    for reason, (first, *others) in alike.items():
        more = f" and {len(others)} more" if others else ""
        console.print(printable(f"failed: {first}{more}: {reason}"), style="red", markup=False, highlight=False)


def _print_stopped(console: Console, finished: Run, stop: Stop) -> None:
    left = f"{finished.left} left" if finished.left else "none left, and nothing analysed"
    if _is_rehearsal(finished.plan.study):
        then = "the same command begins the rehearsal anew"
    elif finished.kept:
        then = "give the same command again: finetunes that were begun go on from where they are"
    else:
        then = "give the same command again"
    text = f"stopped, {stop.reason}: {counted(finished.done, 'job')} done now, {left}; {then}"
    console.print(text, soft_wrap=True, highlight=False)


def _is_rehearsal(study: Study) -> bool:
    return study.provenance is not None and study.provenance.rehearsal


def _print_rest(finished: Run, console: Console, shard: Shard) -> None:
    """Say what is not in this folder. Other shards may have it in theirs, and which is the last is known to nobody."""
    rest, jobs = len(pending(finished.plan, finished.store)), len(finished.plan.jobs)
    folder = from_here(finished.store.folder)
    if rest:
        there = f"{rest} of the study's {counted(jobs, 'job')} are not in {folder}: other shards may have done them"
        then = "once all are there, copied or done, spillover run without --shard analyses"
    else:
        there = f"all of the study's {counted(jobs, 'job')} are in {folder}"
        then = "spillover run without --shard analyses"
    console.print(
        f"shard {shard}: {counted(finished.done, 'job')} done now; {there}; {then}",
        soft_wrap=True,
        markup=False,
        highlight=False,
    )


def _try_to_conclude(finished: Run, console: Console, room: str) -> None:
    try:
        _conclude(finished, console, room)
    except SpilloverError as error:
        if not finished.failures:
            raise
        console.print(f"not analysed: {error}", style="red", markup=False, highlight=False)


def _conclude(finished: Run, console: Console, room: str) -> None:
    """Analyse what is finished, keep it in the study's folder or a room of it, where that can be written, and print it.

    Stdout comes last: whoever reads it may leave before the end, or the disk that it is written to be full.
    """
    # a run that is planned, or is one of many shards, needs nothing of this, which takes seconds to load
    folder = finished.store.folder / room
    writes = is_writable(folder)
    with sign_of_life(console, ANALYSING):
        from spillover.report.figures.mixture import mixture_panels  # noqa: PLC0415
        from spillover.report.page import write_report  # noqa: PLC0415
        from spillover.report.terminal import findings_in_terminal  # noqa: PLC0415
        from spillover.study.results import results_of  # noqa: PLC0415
        from spillover.study.together import analyze_results  # noqa: PLC0415

        results = results_of(StoredStudy(store=finished.store, plan=finished.plan))
        findings = analyze_results([results])
        if writes:
            write_atomically(folder / "findings.json", findings.dump())
            write_report(findings, folder / "report.html", mixtures=mixture_panels([results]))
    if writes:
        with sign_of_life(console, "drawing the figures for papers"):
            from spillover.report.drawing.files import write_figures  # noqa: PLC0415 (matplotlib is slow to import)

            write_figures(findings, folder / "figures")
    screen = Console()
    screen.print(findings_in_terminal(findings, screen.width))
    rest = "" if room else ", scores/, adapters/, logs/"
    told = f"open {from_here(folder)}/report.html; beside it: findings.json, figures/{rest}"
    if not writes:
        told = f"nothing is written into {from_here(folder)}, which cannot be written: what stands there stays as it is"
    console.print(told, markup=False, highlight=False, soft_wrap=True)


def then_of_done(folder: Path) -> str:
    """Say what to do where no job of a study is left."""
    shown = from_here(folder)
    page = folder / "report.html"
    return f"done: open {shown}/report.html" if page.is_file() else f"done: spillover run {shown} analyses it"


def from_here(folder: Path) -> Path:
    """Write a path below the place where the shell stands from there."""
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder


def _raise_failures(finished: Run) -> None:
    internal = [failure for failure in finished.failures if failure.details]
    if internal:
        log = from_here(job_log(finished.store.folder, internal[0].job.key))
        text = f"internal error: this is a fault of spillover, please report it; the traceback stands in {log}"
        Console(stderr=True).print(text, style="red", markup=False, highlight=False, soft_wrap=True)
        logging.getLogger(__name__).debug("%s", internal[0].details)
        raise typer.Exit(INTERNAL_ERROR)
    if finished.failures:
        raise StoreError(
            f"{counted(len(finished.failures), 'job')} could not be done; the others are kept",
            where=str(finished.store.folder),
            hint="mend the cause and give the same command again",
        )


def print_difference(console: Console, prepared: Prepared) -> None:
    """Print how a study differs from what its folder holds, and packages from those that it was made with."""
    store, plan = prepared.store, prepared.plan
    for line in difference(prepared.stored, plan.study) if prepared.stored else []:
        console.print(f"changed: {line}", markup=False, highlight=False)
    again = "would be done anew, which run refuses: no change of the study's explains it"
    refused = len(prepared.unexplained) if prepared.is_undone else 0
    anew = f"{counted(refused or len(prepared.anew), 'finished job')} {again if refused else 'to be done anew'}"
    if changed := prepared.changed():
        anew += f"; what is not what it was: {'; '.join(changed)}"
    told = [*tell_earlier(plan, prepared.jobs), *([anew] if prepared.anew else [])]
    if lacking := len(prepared.lacking):
        told.append(f"{counted(lacking, 'finished finetune')} to be done anew: earlier checkpoints were not kept")
    for line in [*told, *changed_versions(store.versions(plan), package_versions())]:
        console.print(printable(f"warning: {line}"), style="yellow", markup=False, highlight=False)


def print_overlaps(console: Console, prepared: Prepared) -> None:
    """Print which tasks are asked about images that another one trains on."""
    lines = [f"warning: {overlap}" for overlap in prepared.overlaps[:OVERLAPS_SHOWN]]
    if more := len(prepared.overlaps) - len(lines):
        lines.append(f"… and {more} more pairs of tasks: spillover tasks overlap lists them")
    for line in lines:
        console.print(line, style="yellow", markup=False, highlight=False, soft_wrap=True)
