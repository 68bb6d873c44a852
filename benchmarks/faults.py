"""Kills a running study again and again, and looks whether anything is lost: run `python benchmarks/faults.py`.

A real study of the tiny checkpoint (two tasks, a control, both protocols: 7 jobs) is run once without interruption.
Then it is begun in new folders, its driver killed with SIGKILL at a moment drawn from the whole of its duration, and
the same command given again, which may be killed as well, until it ends. After every kill and at every end:

- lost: a job that was recorded before and is not afterwards;
- repeated: a job that was recorded before and was begun again, as its log says: its files would not tell, since an
  adapter that comes out the same is left as it is;
- different: an end whose findings are not those of the uninterrupted run, to the last digit.

Exit 1 if any of the three is not 0. 100 kills take about half an hour, `--quick` (3) a minute or two.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from spillover.study.job_log import job_log
from spillover.study.plan import Finetune, Job
from spillover.study.store import Store

STUDY: dict[str, Any] = {
    "name": "killed",
    "tasks": [{"kind": "perception", "names": ["Relative_Depth", "Visual_Similarity"], "examples": 40}],
    "controls": [{"kind": "shuffled", "sources": ["Relative_Depth"]}],
    "seeds": [0],
    "training": {"examples": 64, "epochs": 2, "learning_rate": 3e-3},
    "evaluation": {"protocols": ["letters", "generate"]},
    "executor": {"keep_every_s": 0},
}


@dataclass(slots=True, kw_only=True)
class Figures:
    """What was tried and what came of it."""

    kills: int = 0
    ends: int = 0
    """Studies that came to their end after being killed at least once."""
    kept: int = 0
    """Recorded jobs that were there at a kill, added up over the kills."""
    lost: int = 0
    repeated: int = 0
    different: int = 0
    failed: int = 0
    """Runs that were not killed and ended with an error."""
    seconds: float = field(default=0.0)


def run(file: Path, kill_after_s: float | None = None) -> int:
    """Run a study, and kill its driver after a while unless it has ended; returns the exit code."""
    command = [sys.executable, "-m", "spillover", "run", str(file)]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        try:
            return process.wait(kill_after_s)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)  # the driver alone: its workers must notice
            return process.wait()


def recorded(folder: Path) -> dict[str, int]:
    """How often each job was begun, of those that are recorded."""
    store = Store(folder)
    if not store.plan_file.is_file():  # killed before it had begun anything
        return {}
    done = [job for job in store.stored_plan().jobs if _is_recorded(store, job)]
    return {job.key: job_log(folder, job.key).read_text().count(" begun by worker ") for job in done}


def repeated(before: dict[str, int], after: dict[str, int]) -> list[str]:
    """The jobs that were recorded before, and were begun since."""
    return [key for key, times in before.items() if after.get(key, times) > times]


def _is_recorded(store: Store, job: Job) -> bool:
    """Whether what a job brings is there; what is planned next may rest on less or more, and is on trial."""
    if isinstance(job, Finetune):
        return store.has_adapter(job)
    return (store.folder / "scores" / f"{job.key}.parquet").is_file()


def findings(folder: Path) -> Any:
    """What a finished study found."""
    found = json.loads((folder / "findings.json").read_text())
    return {name: found[name] for name in ("models", "sentences")}


def kill_and_go_on(folder: Path, wanted: Any, duration_s: float, rng: np.random.Generator, figures: Figures) -> None:
    """Begin a study in a new folder and take it to its end, killed on the way as chance will have it."""
    file = folder.with_suffix(".yaml")
    file.write_text(yaml.safe_dump(STUDY | {"output": str(folder)}))
    before: dict[str, int] = {}
    killed = False
    while True:
        code = run(file, rng.uniform(0, duration_s))
        after = recorded(folder)
        figures.lost += len(before.keys() - after.keys())
        again = repeated(before, after)
        figures.repeated += len(again)
        for key in again:
            print(f"repeated: {job_log(folder, key).read_text().splitlines()[0]}", file=sys.stderr)
        before = after
        if code != -signal.SIGKILL:
            break
        figures.kills += 1
        figures.kept += len(after)
        killed = True
    figures.failed += code != 0
    figures.ends += killed
    figures.different += code != 0 or findings(folder) != wanted


def _said(figures: Figures) -> str:
    return (
        f"{figures.kills} kills, {figures.ends} studies taken to their end; of {figures.kept} recorded jobs "
        f"{figures.lost} lost, {figures.repeated} repeated; {figures.different} ends with other findings"
    )


def measure(place: Path, kills: int, rng: np.random.Generator) -> Figures:
    """Run the study undisturbed, then kill it at least so many times."""
    figures = Figures()
    start = time.perf_counter()
    file = place / "whole.yaml"
    file.write_text(yaml.safe_dump(STUDY | {"output": str(place / "whole")}))
    if run(file) != 0:
        sys.exit("the study fails without being killed")
    duration_s = time.perf_counter() - start
    wanted = findings(place / "whole")
    while figures.kills < kills:
        kill_and_go_on(place / f"study-{figures.kills}-{figures.ends}", wanted, duration_s, rng, figures)
        print(_said(figures), file=sys.stderr)
    figures.seconds = round(time.perf_counter() - start, 1)
    return figures


def main() -> None:
    """Measure, and print a line or one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="3 kills")
    parser.add_argument("--kills", type=int, default=100, help="at least so many")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        figures = measure(Path(place), 3 if asked.quick else asked.kills, np.random.default_rng(asked.seed))
    print(json.dumps(asdict(figures), indent=1) if asked.json else _said(figures))
    if figures.lost or figures.repeated or figures.different:
        sys.exit(1)


if __name__ == "__main__":
    main()
