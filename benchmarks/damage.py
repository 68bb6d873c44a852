"""Faults beyond kills: run `python benchmarks/damage.py` (kills of the driver are `benchmarks/faults.py`).

A real study of the tiny checkpoint is run once undisturbed; then, each time from a copy or anew, one of these is done
to it, the same command given again, what that advises done, the command given once more, and its findings compared to
the last digit:

- damage: a file of the study's folder or of the feature cache is truncated, has a bit flipped, is emptied, made
  unreadable or removed;
- two drivers: two processes run the study in one folder at once;
- a full disk: the folder lies on a disk too small for it (a tmpfs where it may be mounted, else a limit on the size of
  files), until it has ended with a fault and room is made;
- a killed worker: a worker process is killed at a moment drawn from the run, of the local executor and of Ray.

Counted: how often it went on by itself (recovered), ended well but for what its findings say is lost (told), ended with
a fault that names what is wrong (refused, exit code 2), came to other findings than undisturbed in spite of what was
advised (different), or ended in any other way (internal). Exit 1 if one of the last two is not 0.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from faults import STUDY, findings
from spillover.cli.main import run_command
from spillover.study.executors.ray_worker import RayWorker

KINDS = (
    "scores/*.parquet",
    "adapters/*/step-*/adapter_model.safetensors",
    "adapters/*/step-*/adapter_config.json",
    "adapters/*/step-*/SHA256SUMS",
    "logs/*.parquet",
    "logs/*.txt",
    "catalogue.json",
    "plan.json",
    "study.yaml",
    "findings.json",
)
"""What is damaged of a study's folder."""
REMOVE = re.compile(r"in the study's folder, rm -r (.*); then spillover run")
COPY = re.compile(r"cp YOURS\.yaml (.*), then spillover run")
"""What is advised in findings and errors; beside that, to give the same command again."""


@dataclass(slots=True)
class Figures:
    """What came of one kind of fault."""

    tried: int = 0
    recovered: int = 0
    """The command went on by itself."""
    told: int = 0
    """It ended well, and its findings say what is lost."""
    refused: int = 0
    """It ended with a fault that says what is wrong."""
    different: int = 0
    internal: int = 0
    said: list[str] = field(default_factory=list[str])
    """The faults that were told, each once."""

    def add(self, came: str, said: str, *, same: bool) -> None:
        """Count one."""
        self.tried += 1
        setattr(self, came, getattr(self, came) + 1)
        self.different += not same
        line = next((line for line in said.splitlines() if line.startswith(("error: ", "failed: ", "lost: "))), "")
        if came != "recovered" and line not in self.said:
            self.said.append(line[:300] or said[-300:])


@dataclass(frozen=True, slots=True)
class Bench:
    """The undisturbed study, and where others are run."""

    place: Path
    cache: Path
    wanted: Any
    duration_s: float
    rng: np.random.Generator

    def run(self, folder: Path) -> tuple[int, str]:
        """Run the study in a folder, or go on with it, in this process, which has its libraries loaded."""
        os.environ["SPILLOVER_CACHE"] = str(self.cache)
        heard = io.StringIO()
        with contextlib.redirect_stdout(heard), contextlib.redirect_stderr(heard):
            code = run_command(["run", str(self._write(folder))])
        return code, heard.getvalue()

    def _write(self, folder: Path, **settings: Any) -> Path:
        file = self.place / f"{folder.name}.yaml"
        file.write_text(yaml.safe_dump(STUDY | {"name": "damaged", "output": str(folder)} | settings))
        return file

    def begin(self, folder: Path, limit_bytes: int | None = None, **settings: Any) -> subprocess.Popen[str]:
        """Begin to run it in a process of its own, which may write files of so many bytes at most."""
        limit = None
        if limit_bytes is not None:
            limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))  # noqa: E731
        return subprocess.Popen(
            [sys.executable, "-m", "spillover", "run", str(self._write(folder, **settings))],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | {"SPILLOVER_CACHE": str(self.cache), "COLUMNS": "1000"},
            preexec_fn=limit,  # noqa: PLW1509 (this process has no threads)
            start_new_session=True,
        )

    def judge(
        self, figures: Figures, folder: Path, code: int, said: str, make_room: Callable[[], object] | None = None
    ) -> None:
        """Count how a disturbed run ended, and take it to its end by what it advises and nothing else."""
        came = {0: "recovered", 2: "refused"}.get(code, "internal") if "Traceback" not in said else "internal"
        if came == "recovered" and (lost := tell_lost(folder)):
            came, said = "told", lost
        if came in ("told", "refused"):
            self._follow(folder, said)
            if make_room:
                make_room()
            code, _ = self.run(folder)
        figures.add(came, said, same=code == 0 and findings(folder) == self.wanted)

    def _follow(self, folder: Path, said: str) -> None:
        for name in " ".join(REMOVE.findall(said)).split():
            place = folder / name
            shutil.rmtree(place) if place.is_dir() else place.unlink()
        for name in COPY.findall(said):
            Path(name).unlink(missing_ok=True)  # where a link stands for what cannot be read
            shutil.copy(self.place / f"{folder.name}.yaml", name)


def tell_lost(folder: Path) -> str:
    """What the findings say is lost, a line each."""
    warnings = [each for model in findings(folder)["models"] for each in model["warnings"]]
    lost = [f"lost: {each['text']}" for each in warnings if each["kind"].startswith("damaged_")]
    return "\n".join(dict.fromkeys(lost))  # each protocol's findings tell it


def truncate(data: bytes, rng: np.random.Generator) -> bytes:
    """Cut a file short."""
    return data[: int(rng.integers(1, max(2, len(data))))]


def flip(data: bytes, rng: np.random.Generator) -> bytes:
    """Turn one bit round."""
    changed = bytearray(data)
    changed[int(rng.integers(len(data)))] ^= 1 << int(rng.integers(8))
    return bytes(changed)


HARMS: dict[str, Callable[[bytes, np.random.Generator], bytes | None]] = {
    "truncated": truncate,
    "a bit flipped": flip,
    "emptied": lambda *_: b"",
    "unreadable": lambda *_: None,
}


def harm(file: Path, name: str, rng: np.random.Generator) -> None:
    """Damage a file."""
    data = HARMS[name](file.read_bytes(), rng)
    file.unlink()
    if data is None:
        file.symlink_to(file.name)  # whoever opens it meets an error, root too
    else:
        file.write_bytes(data)


def damage(bench: Bench, whole: Path, most: int) -> Iterator[tuple[str, Figures]]:
    """Damage files of a finished study, and adapters also where they are to be asked again."""
    cases = [(pattern, False) for pattern in KINDS]
    cases += [(pattern, True) for pattern in KINDS if pattern.startswith("adapters")]
    for pattern, is_asked in cases:
        figures = Figures()
        for name in list(HARMS)[:most]:
            folder = bench.place / "damaged"
            shutil.copytree(whole, folder)
            file = bench.rng.choice(np.array(sorted(folder.glob(pattern)), dtype=object))
            if is_asked:
                _forget_scores(folder)
            harm(file, name, bench.rng)
            code, said = bench.run(folder)
            bench.judge(figures, folder, code, said)
            shutil.rmtree(folder)
        yield f"damaged {pattern}{', to be asked' if is_asked else ''}", figures


def damage_features(bench: Bench, whole: Path, most: int) -> Iterator[tuple[str, Figures]]:
    """Damage every file of the feature cache, with scores that need them again."""
    figures = Figures()
    for name in list(HARMS)[:most]:
        folder = bench.place / "damaged"
        shutil.copytree(whole, folder)
        _forget_scores(folder)
        for file in sorted(bench.cache.rglob("*.safetensors")):
            harm(file, name, bench.rng)
        code, said = bench.run(folder)
        bench.judge(figures, folder, code, said)
        shutil.rmtree(folder)
        for file in [file for file in bench.cache.rglob("*.safetensors") if file.is_symlink()]:
            file.unlink()
    yield "damaged feature cache", figures


def _forget_scores(folder: Path) -> None:
    for file in (folder / "scores").iterdir():
        file.unlink()


def two_drivers(bench: Bench, times: int) -> Iterator[tuple[str, Figures]]:
    """Run the study twice at once in one folder; the second begins after a while, at most as long as a run takes."""
    figures = Figures()
    for number in range(times):
        folder = bench.place / "shared"
        first = bench.begin(folder)
        time.sleep(0 if number == 0 else bench.rng.uniform(0, bench.duration_s))
        second = bench.begin(folder)
        ended = [(process.communicate()[0], process.returncode) for process in (first, second)]
        for said, code in ended:
            bench.judge(figures, folder, code, said)
        shutil.rmtree(folder)
    yield "two drivers", figures


def full_disk(bench: Bench, size: int, times: int) -> Iterator[tuple[str, Figures]]:
    """Run the study on disks from a few kilobytes up to what it takes, then make room."""
    figures, limited = Figures(), Figures()
    for share in np.linspace(0.02, 0.9, times):
        small = int(share * size)
        with _mounted(bench.place / "disk", small) as disk:
            if disk is not None:
                folder = disk / "study"
                code, said = bench.run(folder)
                bench.judge(figures, folder, code, said, lambda disk=disk: _mount(disk, 4 * size, remount=True))
        folder = bench.place / "limited"
        with bench.begin(folder, int(share * size / 10)) as process:
            said, _ = process.communicate()
        bench.judge(limited, folder, process.returncode, said)
        shutil.rmtree(folder)
    if figures.tried:
        yield "full disk (tmpfs)", figures
    yield "full disk (RLIMIT_FSIZE)", limited


@contextmanager
def _mounted(disk: Path, size: int) -> Generator[Path | None]:
    disk.mkdir(exist_ok=True)
    if not _mount(disk, size):
        yield None
        return
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)  # noqa: S607 (the system's own)


def _mount(disk: Path, size: int, *, remount: bool = False) -> bool:
    options = f"{'remount,' if remount else ''}size={size}"
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(disk)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def killed_workers(bench: Bench, executor: str, times: int) -> Iterator[tuple[str, Figures]]:
    """Kill a worker at a moment of the run."""
    figures = Figures()
    settings: dict[str, Any] = {} if executor == "local" else {"kind": "ray", "gpus_per_worker": 0, "workers": 2}
    name = "spawn_main" if executor == "local" else f"ray::{RayWorker.__name__}"
    while figures.tried < times:
        folder = bench.place / "worker"
        with bench.begin(folder, executor=STUDY["executor"] | settings) as process, ThreadPoolExecutor(1) as beside:
            killed = beside.submit(_kill_worker, process, name, bench)
            said, _ = process.communicate()  # read meanwhile: a full pipe would hold it up
        if killed.result():
            bench.judge(figures, folder, process.returncode, said)
        shutil.rmtree(folder, ignore_errors=True)
    yield f"killed worker ({executor})", figures


def _kill_worker(process: subprocess.Popen[str], name: str, bench: Bench) -> bool:
    """Wait for workers, and a while longer, and kill one; False where the run was over before."""
    after = time.monotonic() + bench.rng.uniform(0.2, 0.8) * bench.duration_s
    while process.poll() is None:
        found = sorted(_descendants(process.pid, name))
        if found and time.monotonic() > after:
            with suppress(ProcessLookupError):
                os.kill(int(bench.rng.choice(found)), signal.SIGKILL)
                return True
        time.sleep(0.05)
    return False


def _descendants(pid: int, name: str) -> Iterator[int]:
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in map(int, children.read_text().split()):
                if name in Path(f"/proc/{child}/cmdline").read_text().replace("\0", " "):
                    yield child
                yield from _descendants(child, name)


def run_undisturbed(place: Path, rng: np.random.Generator) -> Bench:
    """Run the study as it should go, in `whole` of a folder."""
    bench = Bench(place, place / "cache", None, 0.0, rng)
    started = time.perf_counter()
    code, said = bench.run(place / "whole")
    if code != 0:
        sys.exit(f"the study fails undisturbed:\n{said}")
    return replace(bench, wanted=findings(place / "whole"), duration_s=time.perf_counter() - started)


def main() -> None:
    """Do every kind, and print a table or one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("damage", "features", "drivers", "disk", "local", "ray"), action="append")
    parser.add_argument("--times", type=int, default=4, help="each fault")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        bench = run_undisturbed(Path(name), np.random.default_rng(asked.seed))
        whole = bench.place / "whole"
        size = sum(file.stat().st_size for file in whole.rglob("*") if file.is_file())
        every = {
            "damage": lambda: damage(bench, whole, asked.times),
            "features": lambda: damage_features(bench, whole, asked.times),
            "drivers": lambda: two_drivers(bench, asked.times),
            "disk": lambda: full_disk(bench, size, asked.times),
            "local": lambda: killed_workers(bench, "local", asked.times),
            "ray": lambda: killed_workers(bench, "ray", asked.times),
        }
        counted: dict[str, Figures] = {}
        for kind in asked.only or every:
            for label, figures in every[kind]():
                counted[label] = figures
                print(f"{label}: {asdict(figures)}", file=sys.stderr, flush=True)
    report(counted, as_json=asked.json)


def report(counted: dict[str, Figures], *, as_json: bool) -> None:
    """Print the figures, and exit with 1 where one is not as it should be."""
    if as_json:
        print(json.dumps({label: asdict(figures) for label, figures in counted.items()}, indent=1))
    else:
        columns = ("tried", "recovered", "told", "refused", "different", "internal")
        print(f"{'':56}" + "".join(f"{column:>11}" for column in columns))
        for label, figures in counted.items():
            print(f"{label:56}" + "".join(f"{getattr(figures, column):>11}" for column in columns))
    if any(figures.different or figures.internal for figures in counted.values()):
        sys.exit(1)


if __name__ == "__main__":
    main()
