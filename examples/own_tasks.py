"""A study of your own tasks, end to end: data in files, a study file, the matrix, the page.

    python examples/own_tasks.py [FOLDER]      # by default own-study; a minute or two on two cores

Three small tasks are drawn here, so that the script runs as it is on the model that comes with spillover. For your own,
write files of the same columns, and name your model in `study.yaml`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

import spillover

SIDE = 48
BACKGROUND = 80
"""The brightest that noise gets: without noise, simple images of training and validation would be the same ones."""
STUDY = """\
name: own-study
models: [{path: tiny}]
tasks:
  - {kind: files, name: Brightness, train: data/brightness-train.jsonl, validation: data/brightness-validation.jsonl}
  - {kind: files, name: Size, train: data/size-train.jsonl, validation: data/size-validation.jsonl}
  - {kind: files, name: Number, train: data/number-train.jsonl, validation: data/number-validation.jsonl}
controls: [{kind: shuffled, sources: [Brightness]}]
seeds: [0, 1]
training: {examples: 300, epochs: 3, learning_rate: 3.0e-3}   # 2.0e-4 is usual for a model of billions of parameters
output: results
"""


def brightness(rng: np.random.Generator) -> tuple[Image.Image, dict[str, Any]]:
    """Two discs, one of them a little brighter."""
    image = _background(rng)
    greys = rng.integers(90, 200) + rng.permutation([0, 30])
    for place, grey in enumerate(greys):
        _disc(image, (12 + 24 * place, int(rng.integers(16, 32))), 9, (int(grey),) * 3)
    return image, _choice("Which disc is brighter?", ["the left one", "the right one"], int(np.argmax(greys)))


def size(rng: np.random.Generator) -> tuple[Image.Image, dict[str, Any]]:
    """Two discs of any brightness, one of them a little larger."""
    image = _background(rng)
    radii = rng.integers(5, 8) + rng.permutation([0, 3])
    for place, radius in enumerate(radii):
        _disc(image, (12 + 24 * place, int(rng.integers(16, 32))), int(radius), (int(rng.integers(90, 230)),) * 3)
    return image, _choice("Which disc is larger?", ["the left one", "the right one"], int(np.argmax(radii)))


def number(rng: np.random.Generator) -> tuple[Image.Image, dict[str, Any]]:
    """One to four discs."""
    image = _background(rng)
    count = int(rng.integers(1, 5))
    for place in rng.choice(9, count, replace=False):
        _disc(image, (9 + 15 * (place % 3), 9 + 15 * (place // 3)), 6, tuple(rng.integers(110, 255, 3).tolist()))
    return image, _choice("How many discs are there?", ["1", "2", "3", "4"], count - 1)


def _background(rng: np.random.Generator) -> Image.Image:
    return Image.fromarray(rng.integers(0, BACKGROUND, (SIDE, SIDE, 3), dtype=np.uint8))


def _disc(image: Image.Image, centre: tuple[int, int], radius: int, colour: tuple[int, ...]) -> None:
    x, y = (int(value) for value in centre)
    ImageDraw.Draw(image).ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)


def _choice(question: str, choices: list[str], right: int) -> dict[str, Any]:
    return {"question": question, "choices": choices, "answer": "ABCD"[right]}


def write_task(folder: Path, draw: Callable[..., tuple[Image.Image, dict[str, Any]]]) -> None:
    """Write a task's training and validation file, and the images that they name."""
    for split, examples, seed in (("train", 300, 0), ("validation", 200, 1)):
        lines = list(_rows(folder, f"{draw.__name__}-{split}", draw, examples, np.random.default_rng(seed)))
        (folder / f"{draw.__name__}-{split}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _rows(folder: Path, name: str, draw: Callable[..., Any], examples: int, rng: np.random.Generator) -> Iterator[str]:
    for place in range(examples):
        image, row = draw(rng)
        image.save(folder / f"{name}-{place}.png")
        yield json.dumps({**row, "image": f"{name}-{place}.png"})  # paths are meant from the file's folder


def tell(event: spillover.JobEvent) -> None:
    """Say what is done: in silence nobody knows whether anything happens."""
    if isinstance(event, spillover.JobFinished):
        print(f"done: {event.job.label}", file=sys.stderr)


def main(folder: Path) -> None:
    """Draw the tasks, run the study, and show what came out."""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    for draw in (brightness, size, number):
        write_task(folder / "data", draw)
    (folder / "study.yaml").write_text(STUDY, encoding="utf-8")

    finished = spillover.run(spillover.load_study(folder / "study.yaml"), on_event=tell)  # again: only what is missing
    results = finished.store.folder
    findings = spillover.analyze_study(results)
    spillover.write_report(findings, results / "report.html")

    print(findings.models[0].matrix.to_frame().round(2))
    for sentence in findings.sentences:
        print("-", sentence)
    print(f"the page: {results / 'report.html'}")


if __name__ == "__main__":  # jobs are processes of their own, which import this file
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "own-study"))
