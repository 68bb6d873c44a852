"""Commands about tasks: list, show, prepare, export, overlap, overall, check."""

from __future__ import annotations

import json as json_format
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import Progress, track
from rich.table import Column, Table
from rich.text import Text

from spillover.core.errors import StoreError, TaskError, nearest
from spillover.core.numbers import counted
from spillover.core.printable import printable
from spillover.study.overlap import find_overlap, keep_overlap
from spillover.study.reading import load_study
from spillover.study.results import read_scores
from spillover.tasks.columns import use_of_columns
from spillover.tasks.data import Split, find_task_data, open_tasks
from spillover.tasks.export import write_examples
from spillover.tasks.files import find_faults
from spillover.tasks.own import describe_task
from spillover.tasks.prepare.make import find_recipe, prepare_examples, provenance_file, write_prepared
from spillover.tasks.prepare.recipe import Recipe
from spillover.tasks.settings import Columns, FileTask, PerceptionTasks
from spillover.tasks.sheet import contact_sheet, require_sheet, write_sheet
from spillover.tasks.task import Example
from spillover.tasks.vsibench import KINDS, OverallScore, overall_scores

PREVIEWED = 12
"""Examples on a preview."""
FAULTS_SHOWN = 20
WIDE = 140
"""Characters that fifteen columns need; a narrower terminal wraps them rather than losing digits."""

app = typer.Typer(help="What tasks there are, and what their examples look like.", no_args_is_help=True)


def add_commands(main: typer.Typer) -> None:
    """Add the commands to the application."""
    main.add_typer(app, name="tasks")


@app.command("list")
def list_tasks(*, json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")] = False) -> None:
    """List the tasks that come with spillover."""
    tasks = [data.task for data in open_tasks([PerceptionTasks()])]
    columns = ("name", "abbreviation", "level", "granularity", "images", "options", "chance")
    rows = [{column: getattr(task, column) for column in columns} for task in tasks]
    if json:
        print(json_format.dumps(rows, indent=1))
        return
    table = Table(Column("name", no_wrap=True), *columns[1:], box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for row in rows:
        table.add_row(*(f"{value:.2f}" if isinstance(value, float) else str(value) for value in row.values()))
    Console().print(table)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A task of the perception suite.")],
    out: Annotated[
        Path | None, typer.Option(help="The PNG to write, by default NAME.png; a former sheet is replaced.")
    ] = None,
    size: Annotated[int, typer.Option(min=16, max=1024, help="Width of an image, pixels.")] = 224,
    count: Annotated[int, typer.Option(min=1, max=64, help="Examples on the sheet.")] = 8,
    difficulty: Annotated[float, typer.Option(min=0, max=1, help="0 is plain, 1 hard.")] = 1.0,
) -> None:
    """Draw a contact sheet of a task's examples, with questions and answers."""
    settings = PerceptionTasks(size=size, difficulty=difficulty)
    data = find_task_data(open_tasks([settings]), name)
    file = _with_suffix(out or Path(f"{data.task.name}.png"), ".png")
    require_sheet(file, "give another --out")
    write_sheet(contact_sheet(list(islice(data.read("validation", count), count))), file)
    Console(stderr=True).print(f"wrote {file}", markup=False)


@app.command()
def prepare(
    task: Annotated[str, typer.Argument(help="A task of BLINK, or perception: the whole embedded suite.")],
    out: Annotated[Path, typer.Option(help="The Parquet file to write; of perception, a folder.")],
    source: Annotated[Path | None, typer.Option("--from", help="The dataset's folder; not for perception.")] = None,
    examples: Annotated[int, typer.Option("--n", "--examples", min=1, help="Training examples a task.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Another seed draws other examples.")] = 0,
    preview: Annotated[
        bool, typer.Option("--preview", help="Also draw the first examples on a sheet, beside the file.")
    ] = False,
    validation: Annotated[int, typer.Option(min=1, help="Of perception: validation examples a task.")] = 200,
    size: Annotated[int, typer.Option(min=16, max=2048, help="Of perception: width of an image, pixels.")] = 448,
    difficulty: Annotated[float, typer.Option(min=0, max=1, help="Of perception: 0 is plain, 1 hard.")] = 1.0,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
) -> None:
    """Make a training set in BLINK's columns: from a public dataset that you have, or from the embedded suite."""
    if task == "perception":
        settings = PerceptionTasks(examples=validation, size=size, difficulty=difficulty, seed=seed)
        _prepare_perception(settings, out, examples, preview=preview, force=force)
    elif source is None:
        recipe = find_recipe(task)
        raise TaskError(
            f"{recipe.task.name} is made from {recipe.dataset}: give its folder",
            hint=f"--from DIR, with {recipe.layout}",
        )
    else:
        _prepare_dataset(
            find_recipe(task), source, _with_suffix(out, ".parquet"), (examples, seed), preview=preview, force=force
        )


def _with_suffix(out: Path, suffix: str) -> Path:
    if out.suffix != suffix:
        raise TaskError(f"{str(out)!r} is no {suffix} file", hint=f"give --out FILE{suffix}")
    return out


def _files(parquet: Path, *, preview: bool, force: bool) -> tuple[Path, Path | None]:
    """A training set's file and its preview's; nothing that will be written is there yet, or it may be replaced."""
    picture = parquet.with_suffix(".png") if preview else None
    for file in (parquet, provenance_file(parquet), picture):
        if file:
            _require_new(file, force=force)
    return parquet, picture


def _require_new(file: Path, *, force: bool) -> None:
    if file.exists() and not force:
        raise StoreError("the file is there already", where=str(file), hint="give another --out, or --force")


def _prepare_perception(settings: PerceptionTasks, out: Path, examples: int, *, preview: bool, force: bool) -> None:
    tasks = open_tasks([settings])
    counts: dict[Split, int] = {"train": examples, "validation": settings.examples}
    files = {
        (data.task.name, split): _files(out / f"{data.task.name}_{split}.parquet", preview=preview, force=force)
        for data in tasks
        for split in counts
    }
    for data in track(tasks, "drawing", console=Console(stderr=True)):
        for split, count in counts.items():
            drawn = data.read(split, count)
            parquet, picture = files[data.task.name, split]
            write_examples(drawn, data.task.name, parquet)
            if picture:
                _draw_preview(drawn, picture)
    Console(stderr=True).print(f"wrote {2 * len(tasks)} files to {out}", markup=False)


def _prepare_dataset(
    recipe: Recipe, folder: Path, out: Path, drawn: tuple[int, int], *, preview: bool, force: bool
) -> None:
    console = Console(stderr=True)
    parquet, picture = _files(out, preview=preview, force=force)
    count, seed = drawn
    with Progress(console=console) as progress:
        bar = progress.add_task(recipe.task.name, total=count)
        prepared = prepare_examples(recipe, folder, count, seed, lambda done: progress.update(bar, completed=done))
    provenance = write_prepared(prepared, parquet)
    for reason, skipped in prepared.provenance["skipped"].items():
        named = (
            f" (broken files: {skipped['files']}, such as {skipped['first_files'][0]})" if "files" in skipped else ""
        )
        text = printable(f"skipped {skipped['count']}: {reason}{named}")
        console.print(text, markup=False, highlight=False, soft_wrap=True)
    made = len(prepared.examples)
    wrote = f"wrote {counted(made, 'example')} to {parquet}, their origins to {provenance}"
    console.print(wrote, markup=False, highlight=False)
    if made < count:
        console.print(f"{count} were asked for: the folder has no more", markup=False, highlight=False)
    if picture:
        _draw_preview(prepared.examples, picture)


def _draw_preview(examples: list[Example], file: Path) -> None:
    write_sheet(contact_sheet(examples[:PREVIEWED], largest=320), file)
    Console(stderr=True).print(f"wrote {file}", markup=False, highlight=False)


@app.command()
def export(
    study_file: Annotated[Path, typer.Argument(help="A study file, or a study's folder.")],
    task: Annotated[str, typer.Argument(help="One of its tasks.")],
    out: Annotated[Path, typer.Option(help="The Parquet file to write.")],
    *,
    train: Annotated[bool, typer.Option("--train", help="What it trains on, not what it asks.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write the very examples of a study's task in BLINK's columns, so that others can reproduce its answers."""
    _require_new(_with_suffix(out, ".parquet"), force=force)
    study = load_study(study_file)
    data = find_task_data(open_tasks(study.tasks), task)
    split: Split = "train" if train else "validation"
    examples = data.read(split, study.training.examples if train else study.evaluation.limit)
    write_examples(examples, data.task.name, out)
    Console(stderr=True).print(f"wrote {counted(len(examples), 'example')} to {out}", markup=False, highlight=False)


@app.command()
def overlap(
    study_file: Annotated[Path, typer.Argument(help="A study file, or a study's folder.")],
    *,
    json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")] = False,
) -> None:
    """Look for images that a study both trains on and asks about, or nearly so; of a folder's, analyze will warn."""
    stderr = Console(stderr=True)
    study = load_study(study_file)
    found = find_overlap(study, lambda name: stderr.print(f"reading {name}", markup=False))
    if study_file.is_dir():
        keep_overlap(study_file, study, found)
    if json:
        print(json_format.dumps([asdict(each) for each in found], indent=1, ensure_ascii=False))
        return
    console = Console()
    if not found:
        console.print("no image that is evaluated is nearly one that is trained on")
    for each in found:
        console.print(str(each), markup=False, highlight=False)


@app.command()
def overall(
    folder: Annotated[Path, typer.Argument(help="The folder of a study that evaluated VSI-Bench.")],
    *,
    json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")] = False,
) -> None:
    """VSI-Bench's overall score of every model of a study: the mean of its eight kinds of question."""
    found = overall_scores(read_scores(folder))
    if not found:
        raise TaskError(
            "the study has no answers to VSI-Bench that were written",
            where=str(folder),
            hint="add tasks of kind vsibench, and generate to evaluation.protocols",
        )
    if json:
        print(json_format.dumps([asdict(each) for each in found], indent=1))
        return
    table = Table("model", "source", "seed", "overall", "unread", *(short for short, _ in KINDS.values()), box=None)
    Console(width=max(Console().width, WIDE)).print(_fill(table, found))


def _fill(table: Table, found: list[OverallScore]) -> Table:
    for each in found:
        source = each.source + (f" ({each.control})" if each.control else "")
        source += f" at {each.fraction:.0%}" if each.fraction < 1 else ""
        scores = [each.by_kind.get(name) for name in KINDS]
        cells = [each.overall, each.unread, *scores]
        written = ["–" if value is None else f"{value:.3f}" for value in cells]
        names = Text(printable(each.model)), Text(printable(source))
        table.add_row(*names, "–" if each.seed is None else str(each.seed), *written)
    return table


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A .jsonl, .json, .csv or .parquet file: questions or conversations.")],
    column: Annotated[
        list[str] | None, typer.Option("--column", help="A column's name there: answer=label, choices=a,b,c.")
    ] = None,
    metric: Annotated[
        str | None, typer.Option(help="How open questions are scored: exact, contains, anls, number or mra.")
    ] = None,
    *,
    preview: Annotated[
        bool, typer.Option("--preview", help="Also draw the first examples on a sheet, FILE's name with .png.")
    ] = False,
) -> None:
    """Read every example of a file and decode every image; say what it holds, or everything that is wrong with it."""
    settings = _file_settings(file, column or [], metric)
    picture = file.with_suffix(".png") if preview else None
    if picture:
        require_sheet(picture, "move it: the preview is to stand there")
    examples, faults = find_faults(file, settings.columns)
    if faults:
        shown = [str(fault) for fault in faults[:FAULTS_SHOWN]]
        more = [f"… and {len(faults) - FAULTS_SHOWN} more"] if len(faults) > FAULTS_SHOWN else []
        raise TaskError("\n".join([f"{counted(len(faults), 'fault')}:", *shown, *more]), where=str(file))
    task = describe_task(file.stem, examples, settings.metric)
    console = Console(highlight=False, soft_wrap=True)
    images = sum(len(example.images) for example in examples)
    console.print(f"{counted(len(examples), 'example')} with {counted(images, 'image')}: all can be read")
    choices = f"{task.options or 'several'} choices"
    kind = choices if task.metric == "accuracy" else f"open questions, scored by {task.metric}"
    console.print(f"{kind}; texts of {_span(len(example.prompt) for example in examples)} characters")
    if task.metric == "accuracy":
        answers = Counter(example.answer for example in examples)
        shares = ", ".join(f"{letter} {answers[letter] / len(examples):.0%}" for letter in sorted(answers))
        console.print(f"right answers: {shares}", markup=False)
    use = use_of_columns(file, settings.columns)
    left = f"; not read: {', '.join(use.left)}" if use.left else ""
    console.print(printable(f"columns read: {', '.join(use.read)}{left}"), markup=False)
    for key, names in use.mistaken.items():
        text = f"! {names} may hold the {key}, and {'are' if ',' in names else 'is'} not read: --column {key}={names}"
        console.print(printable(text), style="yellow", markup=False)
    if picture:
        _draw_preview(examples, picture)


def _file_settings(file: Path, columns: list[str], metric: str | None) -> FileTask:
    named: dict[str, str | list[str]] = {}
    for each in columns:
        key, _, name = each.partition("=")
        if not name:
            raise TaskError(f"--column {each} does not say what is called what", hint="write NAME=COLUMN: answer=label")
        named[key] = name.split(",") if "," in name else name
    try:
        return FileTask.model_validate({"name": file.stem, "metric": metric, "columns": named})
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(str(part) for part in fault["loc"])
        is_unknown = fault["type"] == "extra_forbidden"
        message = nearest(str(fault["loc"][-1]), Columns.model_fields) if is_unknown else fault["msg"]
        raise TaskError(f"{place}: {message}") from error


def _span(lengths: Iterable[int]) -> str:
    every = sorted(lengths)
    return f"{every[0]}" if every[0] == every[-1] else f"{every[0]} to {every[-1]}"
