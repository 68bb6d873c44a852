"""Commands around a study: demo, init, plan, run, status."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from spillover.analysis import Findings, analyze
from spillover.cli.importing import show_imported
from spillover.cli.progress import StudyProgress
from spillover.core.errors import StoreError
from spillover.core.files import write_atomically
from spillover.report.page import write_report
from spillover.report.terminal import findings_in_terminal
from spillover.study.beside import read_beside
from spillover.study.demo import demo_study
from spillover.study.estimate import estimate_s, readable_time
from spillover.study.executors.executor import JobFailed
from spillover.study.imported import is_imported
from spillover.study.opening import load_study_to_run
from spillover.study.plan import Evaluate, Finetune
from spillover.study.provenance import package_versions
from spillover.study.results import open_stored_study
from spillover.study.resume import difference, pending
from spillover.study.run import Prepared, Run, carry_out, prepare
from spillover.study.study import Study

STUDY_FILE = Annotated[Path, typer.Argument(help="A study file, or the folder of a study that was begun.")]
PRICE = Annotated[float | None, typer.Option("--gpu-hour-price", min=0, help="Price of a GPU hour: adds the cost.")]
ONLY = Annotated[str | None, typer.Option("--only", help="source=NAME: run the base and this source alone.")]
LIMIT = Annotated[int | None, typer.Option("--limit", min=1, help="Evaluate at most so many examples a target.")]
JSON = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, and nothing else there.")]


def add_commands(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for command in (demo, init, plan, run, status):
        app.command()(command)


def demo(
    out: Annotated[Path, typer.Option(help="The study's folder.")] = Path("demo"),
    seeds: Annotated[int, typer.Option(min=1, max=100, help="Training seeds.")] = 1,
) -> None:
    """Run a whole task-transfer study on the embedded tiny model: no network, no GPU, a few minutes."""
    _run(demo_study(out, seeds), None)


def init(
    path: Annotated[Path, typer.Argument(help="The file to write.")] = Path("study.yaml"),
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write a commented study file to start from."""
    if path.exists() and not force:
        raise StoreError("the file is there already", where=str(path), hint="give another name, or --force")
    write_atomically(path, (files("spillover.study") / "template.yaml").read_text(encoding="utf-8"))
    Console(stderr=True).print(f"wrote {path}; next: spillover plan {path}", markup=False)


def plan(
    study_file: STUDY_FILE, gpu_hour_price: PRICE = None, only: ONLY = None, limit: LIMIT = None, *, json: JSON = False
) -> None:
    """Check a study, and say what running it would take. Nothing is run or written."""
    prepared = prepare(_limited(load_study_to_run(study_file), limit), only=_source(only))
    summary = _summary(prepared, gpu_hour_price)
    if json:
        _print_json(summary)
        return
    _print_difference(Console(), prepared)
    table = Table(box=None, show_header=False)
    for name, value in summary.items():
        table.add_row(name.replace("_", " "), str(value))
    Console().print(table)


def run(study_file: STUDY_FILE, only: ONLY = None, limit: LIMIT = None) -> None:
    """Run a study, or go on with one: finished jobs are never repeated."""
    _run(_limited(load_study_to_run(study_file), limit), _source(only))


def status(folder: Annotated[Path, typer.Argument(help="A study's folder.")], *, json: JSON = False) -> None:
    """Say how far a study has come, or what was imported."""
    if is_imported(folder):
        show_imported(folder, json=json)
        return
    stored = open_stored_study(folder)
    jobs = pending(stored.plan, stored.store)
    leftovers = stored.store.leftovers(stored.plan)
    finetunes = sum(isinstance(job, Finetune) for job in jobs)
    evaluations = sum(isinstance(job, Evaluate) for job in jobs)
    to_do = [job.label for job in jobs]
    left = [str(file.relative_to(folder)) for file in leftovers]
    summary = {
        "study": stored.study.name,
        "finetunes_done": len(stored.plan.finetunes) - finetunes,
        "finetunes_pending": finetunes,
        "evaluations_done": len(stored.plan.evaluations) - evaluations,
        "evaluations_pending": evaluations,
        "pending": to_do,
        "leftovers": left,
    }
    if json:
        _print_json(summary)
        return
    console = Console()
    console.print(f"{summary['study']}: ", end="", markup=False, highlight=False)
    console.print(
        f"{summary['finetunes_done']} of {len(stored.plan.finetunes)} finetunes done, "
        f"{summary['evaluations_done']} of {len(stored.plan.evaluations)} evaluations"
    )
    for label in to_do:
        console.print(f"  to do: {label}", markup=False, highlight=False)
    for name in left:
        console.print(f"  left over from an older version of the study: {name}", markup=False, highlight=False)


def _run(study: Study, only: str | None) -> None:
    prepared = prepare(study, only=only)
    console = Console(stderr=True)
    _print_difference(console, prepared)
    with StudyProgress(console, len(prepared.jobs)) as progress:
        finished = carry_out(prepared, progress.show)
    _raise_failures(finished, console)
    findings = _conclude(finished)
    screen = Console()
    screen.print(findings_in_terminal(findings, screen.width))
    folder = finished.store.folder
    console.print(f"{folder}/report.html, findings.json, scores/, adapters/, logs/", markup=False, highlight=False)


def _conclude(finished: Run) -> Findings:
    stored = open_stored_study(finished.store.folder)
    scores = finished.store.read(finished.plan)
    findings = analyze(scores, stored.study.analysis, stored.tasks, read_beside(stored))
    folder = finished.store.folder
    about = {"study": stored.study.name, **package_versions()}
    write_atomically(folder / "findings.json", json.dumps({**findings.to_json(), "provenance": about}, indent=1))
    write_report(findings, folder / "report.html", about)
    return findings


def _raise_failures(finished: Run, console: Console) -> None:
    for failure in finished.failures:
        console.print(f"failed: {failure.job.label}: {failure.error}", style="red", markup=False, highlight=False)
    internal = [failure for failure in finished.failures if failure.details]
    if internal:
        raise RuntimeError(_internal(internal))
    if finished.failures:
        raise StoreError(
            f"{len(finished.failures)} jobs could not be done; the others are kept",
            where=str(finished.store.folder),
            hint="mend the cause and give the same command again",
        )


def _internal(failures: list[JobFailed]) -> str:
    return "\n".join(failure.details or "" for failure in failures)


def _summary(prepared: Prepared, price: float | None) -> dict[str, object]:
    jobs, planned = prepared.jobs, prepared.plan
    finetunes = [job for job in jobs if isinstance(job, Finetune)]
    evaluations = [job for job in jobs if isinstance(job, Evaluate)]
    cells = sum(len(job.questions) for job in evaluations)
    asked = len(planned.evaluations) - len(evaluations)
    seconds = estimate_s(prepared)
    summary: dict[str, object] = {
        "study": planned.study.name,
        "folder": str(prepared.store.folder),
        "finetunes": f"{len(finetunes)} to do, {len(planned.finetunes) - len(finetunes)} done",
        "evaluations": f"{len(evaluations)} to do with {cells} cells, {asked} done",
        "estimated_time": readable_time(seconds),
        "estimated_s": round(seconds),
    }
    if price is not None:
        summary["estimated_cost"] = round(seconds / 3600 * price, 2)
    return summary


def _print_difference(console: Console, prepared: Prepared) -> None:
    stored = prepared.store.stored_study()
    for line in difference(stored, prepared.plan.study) if stored else []:
        console.print(f"changed: {line}", markup=False, highlight=False)


def _limited(study: Study, limit: int | None) -> Study:
    if limit is None:
        return study
    return study.model_copy(update={"evaluation": study.evaluation.model_copy(update={"limit": limit})})


def _source(only: str | None) -> str | None:
    if only is None:
        return None
    key, _, name = only.partition("=")
    if key != "source" or not name:
        raise typer.BadParameter(f"{only!r} is not of the form source=NAME", param_hint="--only")
    return name


def _print_json(value: object) -> None:
    print(json.dumps(value, indent=1, ensure_ascii=False))
