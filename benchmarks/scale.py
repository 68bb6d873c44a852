"""How a study grows to hundreds of tasks: run `python benchmarks/scale.py` (a quarter of an hour of one core).

Every stage of a study is done by the program itself, on real files, in a process of its own, so that its peak memory
is its own. Only the model is made up: what a worker gives back is drawn by `answer` instead of computed, as groups of
tasks that help each other a little. Times are processor seconds of a stage and of the processes that it started, with
one thread of linear algebra.

The tasks are text, of few examples each. A table of scores has a row an example: with more of them, files and the time
and memory of reading and aligning grow in proportion, and no other stage does.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pyarrow as pa
from safetensors.numpy import save

from spillover.core.keys import seeded_generator
from spillover.core.scores import SCORE_SCHEMA
from spillover.study import run as running
from spillover.study.executors.executor import Worker
from spillover.study.executors.local import THREADS
from spillover.study.opening import load_study_to_run
from spillover.study.plan import Evaluate, Finetune, Job
from spillover.study.results import read_scores
from spillover.study.store import Outcome
from spillover.study.study import Study
from spillover.tasks.settings import FileTask

SIZES = (13, 50, 200, 500)
GROUP = 10
"""Tasks of a group, which help each other."""
OPTIONS = ("(A)", "(B)")
TRAINED = 4
"""Training examples of a task: nothing is trained on them, yet they are read and hashed."""
PROGRAM = (sys.executable, "-m", "spillover")
ITSELF = (sys.executable, str(Path(__file__).resolve()), "--stage")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What one stage took."""

    name: str
    processor_s: float
    wall_s: float
    peak_mib: float


def write_study(folder: Path, tasks: int, seeds: int, examples: int, replicates: int | None = None) -> Path:
    """Write a study of text tasks, each in files of its own, and return the study file."""
    names = [f"Task_{number:03d}" for number in range(tasks)]
    for name in names:
        for split, count in (("train", TRAINED), ("validation", examples)):
            rows = (_row(name, split, number) for number in range(count))
            (folder / f"{name}.{split}.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    study: dict[str, Any] = {
        "name": "scale",
        "tasks": [
            {"kind": "files", "name": name, **{split: f"{name}.{split}.jsonl" for split in ("train", "validation")}}
            for name in names
        ],
        "seeds": list(range(seeds)),
        "training": {"examples": TRAINED, "epochs": 1, "batch": TRAINED},
        "executor": {"devices": "cpu", "processes": 1},
        "output": "study",
    }
    if replicates is not None:
        study["analysis"] = {"replicates": replicates}
    file = folder / "study.yaml"
    file.write_text(json.dumps(study, indent=1), encoding="utf-8")  # JSON is YAML
    return file


def _row(task: str, split: str, number: int) -> dict[str, Any]:
    answer = number % len(OPTIONS)
    return {"question": f"{task} {split} {number}?", "choices": ["yes", "no"], "answer": ["yes", "no"][answer]}


@dataclass(frozen=True, slots=True)
class MadeUp:
    """Starts workers that compute nothing; it stands where a worker would load its model."""

    study: Study

    def __call__(self, device: str) -> Worker:  # noqa: ARG002 (there is no model to put there)
        """Make a worker."""
        files = [settings for settings in self.study.tasks if isinstance(settings, FileTask)]
        counts = {each.name: _count(Path(each.validation)) for each in files if each.validation}
        return lambda job, *_: _outcome(job, counts)


def _count(file: Path) -> int:
    return len(file.read_text(encoding="utf-8").splitlines())


def _outcome(job: Job, counts: dict[str, int]) -> Outcome:
    if isinstance(job, Finetune):
        config = json.dumps({"r": 8, "lora_alpha": 16}).encode()
        tensors = {f"layer.lora_{name}.weight": np.ones((8, 8), np.float32) for name in "AB"}
        files = {"adapter_config.json": config, "adapter_model.safetensors": save(tensors)}
        log = pa.table({"step": [1], "loss": [1.0], "learning_rate": [1e-4], "gradient_norm": [1.0]})
        return Outcome(job=job, duration_s=1.0, adapters=dict.fromkeys(job.steps, files), log=log)
    return Outcome(job=job, duration_s=1.0, scores=answer(job, counts))


def answer(job: Evaluate, counts: dict[str, int]) -> pa.Table:
    """Draw what a model answers: right in half of the cases, a little more often in the group of its source."""
    targets = np.repeat(np.arange(len(job.questions)), [counts[question.target] for question in job.questions])
    numbers = np.concatenate([np.arange(counts[question.target]) for question in job.questions])
    rng = seeded_generator("scale", job.adapter_key)
    chance = np.full(len(targets), 0.5)
    if job.seed is not None:
        place = next(place for place, question in enumerate(job.questions) if question.target == job.source)
        chance += np.where(targets // GROUP == place // GROUP, 0.2, -0.02)
    margins = rng.normal(size=len(targets)) + np.log(chance / (1 - chance))
    right = margins > 0
    likely = 1 / (1 + np.exp(-np.abs(margins)))
    wanted, given = numbers % 2, np.where(right, numbers % 2, 1 - numbers % 2)
    first = np.where(given == 0, likely, 1 - likely)
    logs = np.log(np.stack([first, 1 - first], axis=1)).astype(np.float32)
    ends = np.arange(len(targets) + 1, dtype=np.int32) * len(OPTIONS)
    letters = np.array(OPTIONS)
    known = {
        "target": _named(targets, [question.target for question in job.questions]),
        "target_key": _named(targets, [question.target_key for question in job.questions]),
        "protocol": _named(targets, [question.protocol for question in job.questions]),
        "example": pa.array([f"{number}" for number in numbers]),
        "score": pa.array(right.astype(float)),
        "answer": pa.array(letters[wanted]),
        "answer_given": pa.array(letters[given]),
        "options": pa.ListArray.from_arrays(ends, pa.array(np.tile(letters, len(targets)))),
        "option_log_probabilities": pa.ListArray.from_arrays(ends, pa.array(logs.ravel())),
        "parse": _same("parsed", "parse", len(targets)),
        "reply": pa.nulls(len(targets), pa.string()),
    }
    own = ("model", "adapter_key", "source", "control", "seed", "fraction")
    known |= {name: _same(getattr(job, name), name, len(targets)) for name in own}
    return pa.table([known[field.name].cast(field.type) for field in SCORE_SCHEMA], schema=SCORE_SCHEMA)


def _named(places: np.ndarray, names: Sequence[str]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(places, pa.int32()), pa.array(names))


def _same(value: Any, name: str, count: int) -> pa.Array:
    return pa.array([value] * count, SCORE_SCHEMA.field(name).type)


def record(file: Path) -> int:
    """Do what is pending of a study, with made-up models, and return how many jobs that was."""
    with patch.object(running, "_Start", MadeUp):  # the one place where the program would load a model
        finished = running.run(load_study_to_run(file))
    if finished.failures:
        raise SystemExit(f"{len(finished.failures)} jobs failed: {finished.failures[0]}")
    return finished.done


def time_stage(name: str, command: Sequence[str], output: Path, folder: Path) -> Stage:
    """Run a stage in a process of its own; what it prints on stdout goes to a file."""
    started = time.perf_counter()
    environment = {**os.environ, **dict.fromkeys(THREADS, "1")}
    with output.open("wb") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=subprocess.PIPE, cwd=folder, env=environment)
        said = process.stderr.read() if process.stderr else b""
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{name} ended with {process.returncode}:\n{said.decode()}")
    return Stage(
        name=name,
        processor_s=used.ru_utime + used.ru_stime,
        wall_s=time.perf_counter() - started,
        peak_mib=used.ru_maxrss / 1024,
    )


def measure(folder: Path, tasks: int, seeds: int, examples: int, replicates: int | None = None) -> dict[str, Any]:
    """Take a study of some size through every stage."""
    file = write_study(folder, tasks, seeds, examples, replicates)
    study = folder / "study"
    stages: list[Stage] = []

    def stage(name: str, command: Sequence[str], file: str = "output.txt") -> str:
        stages.append(time_stage(name, command, folder / file, folder))
        print(f"  {name}: {stages[-1].processor_s:.1f} s, {stages[-1].peak_mib:.0f} MiB", file=sys.stderr, flush=True)
        return (folder / file).read_text(encoding="utf-8")

    stage("plan", (*PROGRAM, "plan", str(file), "--json"))
    done = [int(stage("record", (*ITSELF, "record", str(file))))]
    status = json.loads(stage("status", (*PROGRAM, "status", str(study), "--json")))
    stage("resume, nothing left", (*PROGRAM, "run", str(file), "--shard", "1/1"))
    next(iter(sorted((study / "scores").iterdir()))).unlink()
    done.append(int(stage("resume, one job left", (*ITSELF, "record", str(file)))))
    rows = int(stage("read", (*ITSELF, "read", str(study))))
    stage("analyze", (*PROGRAM, "analyze", str(study), "--json"), "findings.json")
    stage("report", (*PROGRAM, "report", str(study), "--out", str(folder / "report"), "--no-figures"))
    sizes = {"plan.json": study / "plan.json", "findings.json": folder / "findings.json"}
    sizes |= {"report.html": folder / "report" / "report.html"}
    return {
        "tasks": tasks,
        "seeds": seeds,
        "examples": examples,
        "cells": tasks * tasks * seeds,
        "rows": rows,
        "done": done,
        "status": {name: status[name] for name in ("finetunes_done", "evaluations_done", "pending", "leftovers")},
        "mib": {name: path.stat().st_size / 2**20 for name, path in sizes.items()}
        | {"scores": sum(path.stat().st_size for path in (study / "scores").iterdir()) / 2**20},
        "stages": [asdict(each) for each in stages],
    }


def print_table(figures: Sequence[dict[str, Any]]) -> None:
    """Print processor seconds and peak memory of every stage, and the sizes of files."""
    print("| | " + " | ".join(f"{each['tasks']} tasks" for each in figures) + " |")
    print("|---" * (len(figures) + 1) + "|")
    for name in ("cells", "rows"):
        print(f"| {name} | " + " | ".join(f"{each[name]:,}" for each in figures) + " |")
    for place, stage in enumerate(figures[0]["stages"]):
        took = [each["stages"][place] for each in figures]
        print(f"| {stage['name']} | " + " | ".join(_took(each) for each in took) + " |")
    for name in figures[0]["mib"]:
        print(f"| {name}, MiB | " + " | ".join(f"{each['mib'][name]:.1f}" for each in figures) + " |")


def _took(stage: dict[str, Any]) -> str:
    return f"{stage['processor_s']:.1f} s, {stage['peak_mib']:,.0f} MiB"


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of tasks")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--examples", type=int, default=20, help="of each target")
    parser.add_argument("--folder", type=Path, help="keep the studies here")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--stage", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.stage:
        name, path = asked.stage
        print(record(Path(path)) if name == "record" else read_scores(Path(path)).num_rows)
        return
    root = asked.folder or Path(tempfile.mkdtemp())
    figures: list[dict[str, Any]] = []
    for tasks in asked.sizes:
        print(f"{tasks} tasks", file=sys.stderr)
        folder = root / str(tasks)
        folder.mkdir(parents=True)
        figures.append(measure(folder, tasks, asked.seeds, asked.examples))
    if asked.folder is None:
        shutil.rmtree(root)
    print(json.dumps(figures, indent=1)) if asked.json else print_table(figures)


if __name__ == "__main__":
    main()
