"""Commands that begin a study or go on with it: demo, init, plan, run."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from spillover.cli.readable import read_duration_s, readable_size, readable_time
from spillover.cli.running import from_here, print_difference, print_overlaps, run_study, then_of_done
from spillover.cli.stopping import TERMINATED, Stop, Stopped
from spillover.core.errors import StoreError
from spillover.core.files import write_atomically
from spillover.study.demo import FULL, QUICK, demo_study
from spillover.study.devices import obstacles
from spillover.study.estimate import Cost, estimate_cost
from spillover.study.model_faults import missing_weights
from spillover.study.opening import load_study_to_run
from spillover.study.plan import Evaluate, Finetune, Plan
from spillover.study.preparing import Prepared, prepare
from spillover.study.rehearsal import make_rehearsal
from spillover.study.shard import Shard, read_shard
from spillover.study.study import Study
from spillover.study.writable import refuse_unwritable

STUDY = Annotated[Path, typer.Argument(help="A study file, or the folder of a study that was begun.")]
PRICE = Annotated[float | None, typer.Option("--gpu-hour-price", min=0, help="Price of a GPU hour: adds the cost.")]
ONLY = Annotated[str | None, typer.Option("--only", help="source=NAME: run the base and this source alone.")]
LIMIT = Annotated[int | None, typer.Option("--limit", min=1, help="A trial on at most N examples a target.")]
SHARD = Annotated[str | None, typer.Option("--shard", help="3/16: the third of sixteen parts alone.")]
MAX_TIME = Annotated[
    str | None, typer.Option("--max-time", help="Such as 2h, 90m or 45s: then end, ready to go on, with exit code 75.")
]
FOR_PROGRAMS = ("estimated_s", "disk_bytes")
"""Of what `plan` says: what stands above them for people."""
OF_JOBS = ("examples", "estimated_time", "estimated_disk", "estimated_cost")
"""What is nothing where no job is left."""
JSON = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, and nothing else there.")]


def add_commands(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for command in (demo, init, plan, run):
        app.command()(command)


def demo(
    out: Annotated[Path | None, typer.Option(help="The study's folder; by default demo, or demo-full.")] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Four seeds, 2,000 training examples, 1,000 questions a task: 48 minutes.")
    ] = False,
    seeds: Annotated[int | None, typer.Option(min=1, max=100, help="Training seeds; by default 1, or 4.")] = None,
) -> None:
    """Run a whole task-transfer study on the embedded tiny model: no network, no GPU, three minutes."""
    size = FULL if full else QUICK
    folder = out or Path("demo-full" if full else "demo")
    run_study(demo_study(folder, size if seeds is None else replace(size, seeds=seeds)))


def init(
    path: Annotated[
        Path | None, typer.Argument(help="The file to write; by default study.yaml, or paper.yaml.")
    ] = None,
    *,
    paper: Annotated[
        bool, typer.Option("--paper", help="The paper's own study: three models, 13 tasks, four seeds.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write a commented study file to start from."""
    path = path or Path("paper.yaml" if paper else "study.yaml")
    if path.exists() and not force:
        raise StoreError("the file is there already", where=str(path), hint="give another name, or --force")
    template = "paper.yaml" if paper else "template.yaml"
    write_atomically(path, (files("spillover.study") / template).read_text(encoding="utf-8"))
    Console(stderr=True).print(f"wrote {path}; next: spillover plan {path}", markup=False)


def plan(
    study_file: STUDY,
    gpu_hour_price: PRICE = None,
    only: ONLY = None,
    limit: LIMIT = None,
    shard: SHARD = None,
    *,
    json: JSON = False,
) -> None:
    """Check a study, and say what running it would take. Nothing is run or written."""
    prepared = prepare(load_study_to_run(study_file), only=_source(only), limit=limit, shard=_shard(shard))
    summary = _summary(prepared, gpu_hour_price)
    unmet = [f"{fault.where}: {fault.message}" for fault in missing_weights(prepared.asked.study)]
    in_the_way = [*obstacles(prepared.asked.study), *unmet, *_unwritable(prepared)]
    if json:
        overlaps = [str(overlap) for overlap in prepared.overlaps]
        _print_json({**summary, "obstacles": in_the_way, "overlaps": overlaps})
        return
    print_difference(Console(), prepared)
    print_overlaps(Console(stderr=True), prepared)
    for line in in_the_way:
        Console(stderr=True).print(f"it cannot be run here: {line}", style="yellow", markup=False, soft_wrap=True)
    table = Table(box=None, show_header=False)
    for name, value in summary.items():
        if name in FOR_PROGRAMS or (name in OF_JOBS and not prepared.jobs):
            continue
        table.add_row(name.replace("_", " "), Text(str(value)))
    Console().print(table)
    if not in_the_way:
        then = "next" if prepared.jobs else "nothing is to be done, and this analyses it"
        options = [("--only", only), ("--limit", limit), ("--shard", shard)]
        given = [str(word) for option, value in options if value is not None for word in (option, value)]
        then += f": {shlex.join(['spillover', 'run', str(study_file), *given])}"
        if prepared.is_analysed and not given:
            then = then_of_done(prepared.store.folder)
        Console(stderr=True).print(then, markup=False, highlight=False, soft_wrap=True)


def run(
    study_file: STUDY,
    only: ONLY = None,
    limit: LIMIT = None,
    shard: SHARD = None,
    max_time: MAX_TIME = None,
    *,
    rehearse: Annotated[
        bool, typer.Option("--rehearse", help="Go the whole way on random weights and a few examples.")
    ] = False,
) -> None:
    """Run a study, or go on with one: finished jobs are not repeated.

    But what the study trains or asks otherwise than it did is done anew, and what lacks a checkpoint that was added
    later is trained once more: plan says so before, and run at its beginning.

    With --limit N it is a trial: what it trains is kept for the study, its findings and report stand in trial-N/ of the
    study's folder, and the study's own stay as they are.

    With --shard 3/16 it does a part of the jobs, which several machines do at once, in a folder that they share or in
    folders that are copied into one afterwards. When all parts are done, run without it analyses.

    After --max-time, or at SIGTERM, no job is begun any more, finetunes are kept as they stand, and it ends with exit
    code 75: try again, the same command goes on. A SIGTERM that comes more than 5 s after the first ends it at once.

    With --rehearse nothing is found out but whether every step can be done: each model has its own configuration,
    tokenizer and processor, fewer layers and random weights. It needs no weights, and writes beside the study's folder.
    On a CPU images are scaled down where the study limits them, too. SIGTERM ends it with exit code 143, since given
    again it begins anew.
    """
    study = load_study_to_run(study_file)
    if not rehearse:
        stop = Stop(None if max_time is None else read_duration_s(max_time))
        run_study(study, _source(only), limit, _shard(shard), stop)
    elif limit is not None:
        raise typer.BadParameter("a rehearsal asks few examples as it is", param_hint="--limit")
    elif shard is not None:
        raise typer.BadParameter("a rehearsal is done as a whole", param_hint="--shard")
    elif max_time is not None:  # no rehearsal goes on with one of before, so that ending it early leads nowhere
        raise typer.BadParameter("a rehearsal is done as a whole", param_hint="--max-time")
    else:
        _rehearse(study, _source(only))


def _rehearse(study: Study, only: str | None) -> None:
    console = Console(stderr=True)
    try:
        rehearsal = make_rehearsal(study)
        console.print("a rehearsal: every figure below is of random weights and means nothing", style="yellow")
        for note in rehearsal.notes:
            console.print(f"  {note}", markup=False, highlight=False)
        try:
            run_study(rehearsal.study, only)
        finally:
            rehearsal.clear_models()
    except Stopped as stopped:
        console.print(f"stopped, {stopped.reason}; the same command begins the rehearsal anew", highlight=False)
        raise typer.Exit(TERMINATED) from stopped
    console.print("rehearsed: every step of the study can be done here; its figures mean nothing", style="yellow")


def _summary(prepared: Prepared, price: float | None) -> dict[str, object]:
    jobs, planned = prepared.jobs, prepared.asked
    finetunes = [job for job in jobs if isinstance(job, Finetune)]
    evaluations = [job for job in jobs if isinstance(job, Evaluate)]
    pairs = sum(len(job.questions) for job in evaluations)
    asked = len(planned.evaluations) - len(evaluations)
    cost = estimate_cost(prepared)
    summary: dict[str, object] = {
        "study": planned.study.name,
        "folder": str(from_here(prepared.store.folder)),
        "finetunes": f"{len(finetunes)} to do, {len(planned.finetunes) - len(finetunes)} done",
        "evaluations": f"{len(evaluations)} to do, of {pairs:,} pairs of model and target; {asked} done",
        **_given_adapters(planned),
        "examples": f"{cost.trained:,} to train on, {cost.asked:,} to ask",
        "estimated_time": f"{readable_time(cost.seconds)} on {_machine(cost)}",
        "estimated_s": round(cost.seconds),
        "estimated_disk": f"{readable_size(cost.disk_bytes)} of adapters",
        "disk_bytes": round(cost.disk_bytes),
    }
    if price is not None:
        summary["estimated_cost"] = round(cost.seconds / 3600 * cost.devices * price, 2)
    return summary


def _unwritable(prepared: Prepared) -> list[str]:
    try:
        if prepared.jobs:  # else run reads alone
            refuse_unwritable(prepared.store.folder)
    except StoreError as error:
        return [f"{error.where}: {error.message}"]
    return []


def _machine(cost: Cost) -> str:
    if cost.supposed:
        return "one large GPU; this machine has none"
    what = {"cpu": "core", "cuda": "GPU process"}[cost.device]
    return f"1 {what}" if cost.processes == 1 else f"{cost.processes} {what}{'es' if what[-1] == 's' else 's'}"


def _given_adapters(planned: Plan) -> dict[str, str]:
    """Those that were trained elsewhere; one that is called like no task of the study has no diagonal, so say which."""
    given = [job for job in planned.evaluations if job.given]
    tasks = {question.target for job in given for question in job.questions}
    unknown = dict.fromkeys(job.source for job in given if job.source not in tasks)
    called = f"; no target is called {' or '.join(unknown)}" if unknown else ""
    return {"given_adapters": f"{len(given)}, of which the study's folder keeps copies{called}"} if given else {}


def _source(only: str | None) -> str | None:
    if only is None:
        return None
    key, _, name = only.partition("=")
    if key != "source" or not name:
        raise typer.BadParameter(f"{only!r} is not of the form source=NAME", param_hint="--only")
    return name


def _shard(text: str | None) -> Shard | None:
    return None if text is None else read_shard(text)


def _print_json(value: object) -> None:
    print(json.dumps(value, indent=1, ensure_ascii=False))
