"""Commands about tasks: list, show, prepare, check."""

from __future__ import annotations

import json as json_format
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from spillover.core.errors import TaskError, nearest
from spillover.study.overlap import find_overlap
from spillover.study.reading import load_study
from spillover.tasks.data import Split, find_task_data, open_tasks
from spillover.tasks.export import write_examples
from spillover.tasks.files import read_examples
from spillover.tasks.settings import PerceptionTasks
from spillover.tasks.sheet import contact_sheet

app = typer.Typer(help="What tasks there are, and what their examples look like.", no_args_is_help=True)


@app.command("list")
def list_tasks(*, json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")] = False) -> None:
    """List the tasks that come with spillover."""
    tasks = [data.task for data in open_tasks([PerceptionTasks()])]
    columns = ("name", "abbreviation", "level", "granularity", "images", "options", "chance")
    rows = [{column: getattr(task, column) for column in columns} for task in tasks]
    if json:
        print(json_format.dumps(rows, indent=1))
        return
    table = Table(*columns, box=None)
    for row in rows:
        table.add_row(*(f"{value:.2f}" if isinstance(value, float) else str(value) for value in row.values()))
    Console().print(table)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A task of the perception suite.")],
    out: Annotated[Path | None, typer.Option(help="The picture to write; by default NAME.png.")] = None,
    size: Annotated[int, typer.Option(min=16, max=1024, help="Width of an image, pixels.")] = 224,
    count: Annotated[int, typer.Option(min=1, max=64, help="Examples on the sheet.")] = 8,
    difficulty: Annotated[float, typer.Option(min=0, max=1, help="0 is plain, 1 hard.")] = 1.0,
) -> None:
    """Draw a contact sheet of a task's examples, with questions and answers."""
    settings = PerceptionTasks(size=size, difficulty=difficulty)
    data = find_task_data(open_tasks([settings]), name)
    file = out or Path(f"{data.task.name}.png")
    contact_sheet(list(islice(data.read("validation", count), count))).save(file)
    Console(stderr=True).print(f"wrote {file}", markup=False)


@app.command()
def prepare(
    source: Annotated[str, typer.Argument(help="perception: the embedded suite.")],
    out: Annotated[Path, typer.Option(help="The folder to write to: one Parquet file a task and split.")],
    examples: Annotated[int, typer.Option(min=1, help="Training examples a task.")] = 1000,
    validation: Annotated[int, typer.Option(min=1, help="Validation examples a task.")] = 200,
    size: Annotated[int, typer.Option(min=16, max=2048, help="Width of an image, pixels.")] = 448,
    difficulty: Annotated[float, typer.Option(min=0, max=1, help="0 is plain, 1 hard.")] = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="Another seed draws other examples.")] = 0,
) -> None:
    """Write examples as Parquet files in BLINK's columns, to train or evaluate any model on."""
    if source != "perception":
        raise TaskError(f"cannot prepare {source!r}; {nearest(source, ['perception'])}")
    settings = PerceptionTasks(examples=validation, size=size, difficulty=difficulty, seed=seed)
    tasks = open_tasks([settings])
    for data in track(tasks, "drawing", console=Console(stderr=True)):
        counts: dict[Split, int] = {"train": examples, "validation": validation}
        for split, count in counts.items():
            write_examples(data.read(split, count), data.task.name, out / f"{data.task.name}_{split}.parquet")
    Console(stderr=True).print(f"wrote {2 * len(tasks)} files to {out}", markup=False)


@app.command()
def overlap(
    study_file: Annotated[Path, typer.Argument(help="A study file, or a study's folder.")],
    *,
    json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")] = False,
) -> None:
    """Look for images that a study both trains on and asks about, or nearly so."""
    stderr = Console(stderr=True)
    found = find_overlap(load_study(study_file), lambda name: stderr.print(f"reading {name}", markup=False))
    if json:
        print(json_format.dumps([asdict(each) for each in found], indent=1, ensure_ascii=False))
        return
    console = Console()
    if not found:
        console.print("no image that is evaluated is nearly one that is trained on")
    for each in found:
        trained, asked = each.pairs[0]
        text = f"{each.source} → {each.target}: {each.examples} of {each.of} examples show an image that is trained on"
        console.print(f"{text}, such as {asked} (as in {trained})", markup=False, highlight=False)


@app.command()
def check(file: Annotated[Path, typer.Argument(help="A .jsonl or .parquet file in BLINK's columns.")]) -> None:
    """Read every example of a file and decode every image; the first fault is named with its place."""
    examples = read_examples(file)
    for example in examples:
        for image in example.images:
            image.load()
    images = sum(len(example.images) for example in examples)
    Console().print(f"{len(examples)} examples with {images} images: all can be read", highlight=False)
