"""Breaks the miniatures of `input_files.py`, by chance and in ways that were thought of, and looks what commands do.

An input is refused, with exit code 2 and a fault that names it; or it is read, and then as what it says.
"""

from __future__ import annotations

import contextlib
import io
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tests.contracts import input_files, input_oracles
from tests.contracts.mutations import exchange_plainly, mutate
from tests.contracts.thought import Thought

from spillover.cli.main import run_command

Came = Literal["refused", "as_before", "as_it_says", "misread", "internal"]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of input."""

    write: Callable[[Path], None]
    """Writes a miniature into an empty folder."""
    files: str
    """A pattern of what is broken of it."""
    command: tuple[str, ...]
    """What reads it, in its folder."""
    check: Callable[[Path], None]
    """Asserts that what was accepted is what it says."""


WAS_RUN = "was-run"
"""A file that payloads in inputs would write."""
CHECK = ("tasks", "check")
PLAN = ("plan", "study.yaml")
KINDS = {
    "study file": Kind(write=input_files.write_study, files="study.yaml", command=PLAN, check=input_oracles.study),
    "questions, .jsonl": Kind(
        write=input_files.write_questions,
        files="own.jsonl",
        command=(*CHECK, "own.jsonl"),
        check=input_oracles.questions,
    ),
    "questions, .json": Kind(
        write=input_files.write_list, files="own.json", command=(*CHECK, "own.json"), check=input_oracles.questions
    ),
    "questions, .parquet": Kind(
        write=input_files.write_parquet,
        files="own.parquet",
        command=(*CHECK, "own.parquet"),
        check=input_oracles.questions,
    ),
    "conversations": Kind(
        write=input_files.write_conversations,
        files="own.jsonl",
        command=(*CHECK, "own.jsonl"),
        check=input_oracles.questions,
    ),
    "exports": Kind(
        write=input_files.write_export,
        files="own.parquet",
        command=(*CHECK, "own.parquet"),
        check=input_oracles.questions,
    ),
    "images": Kind(
        write=input_files.write_photographs, files="?.png", command=(*CHECK, "own.jsonl"), check=input_oracles.questions
    ),
    "adapters": Kind(write=input_files.write_adapter, files="adapter/*", command=PLAN, check=input_oracles.adapter),
    "mixtures": Kind(write=input_files.write_mixture, files="mixture.json", command=PLAN, check=input_oracles.mixture),
    "model folders": Kind(write=input_files.write_model, files="model/*", command=PLAN, check=input_oracles.model),
    "model folders, run": Kind(
        write=input_files.write_model, files="model/*", command=("run", "study.yaml"), check=input_oracles.model
    ),
    "study folders": Kind(
        write=input_files.write_results,
        files="results/**/*.*",
        command=("analyze", "results", "--json"),
        check=input_oracles.results,
    ),
}


@dataclass(kw_only=True)
class Counts:
    """What came of broken inputs of one kind."""

    tried: int = 0
    refused: int = 0
    as_it_says: int = 0
    """Read as what the broken input says by another reader: it is a valid input of other content."""
    as_before: int = 0
    """The same, and the command said nothing else than of the unbroken input."""
    misread: int = 0
    internal: int = 0
    """Ended with a traceback, or another exit code than is documented."""
    slowest_s: float = 0.0
    faults: list[str] = field(default_factory=list[str])
    """Of those misread or internal."""

    def add(self, came: Came, seconds: float, what: str) -> None:
        """Count one."""
        self.tried += 1
        setattr(self, came, getattr(self, came) + 1)
        self.slowest_s = round(max(self.slowest_s, seconds), 2)
        if came in ("misread", "internal"):
            self.faults.append(what)


def break_by_chance(kind: Kind, turns: int, seed: int, keep: Path | None = None) -> Counts:
    """Break one file of a miniature after the other, and give it to its command.

    Args:
        kind: of input.
        turns: how many are broken.
        seed: of the breaking.
        keep: a folder for files that were misread or ended in a traceback.
    """
    rng = random.Random(seed)  # noqa: S311 (mutations need no secrets)
    counts = Counts()
    with tempfile.TemporaryDirectory() as place, _at(Path(place)) as folder:
        kind.write(folder)
        code, unbroken = _run(kind.command)
        assert code == 0, unbroken
        files = sorted(file for file in folder.glob(kind.files) if file.is_file())
        for turn in range(turns):
            file = rng.choice(files)
            original = file.read_bytes()
            broken = rng.choice((mutate, exchange_plainly))(original, rng)
            file.write_bytes(broken)
            started = time.perf_counter()
            came, said = give(kind, folder, unbroken)
            counts.add(came, time.perf_counter() - started, f"turn {turn} {file.name}: {said[-300:]}")
            if keep and came in ("misread", "internal"):
                (keep / f"{seed}-{turn}-{file.name}").write_bytes(broken)
            file.write_bytes(original)
    return counts


def break_as_thought(thought: Thought) -> tuple[Came, str]:
    """Break an input in a way that was thought of.

    Returns:
        What came of it, and what was said; `misread` also where another fault was told than was meant, where it was
        accepted and should not be, or the reverse, and where something in it was run.
    """
    kind = KINDS[thought.kind]
    with tempfile.TemporaryDirectory() as place, _at(Path(place)) as folder:
        kind.write(folder)
        thought.harm(folder)
        came, said = give(kind, folder)
        if Path(WAS_RUN).exists():
            return "misread", "code of the input was run"
    wanted: tuple[Came, ...] = ("refused",) if thought.says else ("as_it_says", "as_before")
    if came != "internal" and (came not in wanted or thought.says not in said):
        return "misread", f"{came}: {said}"
    return came, said


def give(kind: Kind, folder: Path, unbroken: str | None = None) -> tuple[Came, str]:
    """Give a miniature to its command.

    Args:
        kind: of input.
        folder: its own, and the working directory.
        unbroken: what the command says of an unbroken one.

    Returns:
        What came of it, and what was said.
    """
    code, said = _run(kind.command)
    if code == 2 and "Traceback" not in said and "error: " in said:
        return "refused", said
    if code != 0 or "Traceback" in said:
        return "internal", f"exit code {code}: {said}"
    try:
        kind.check(folder)
    except Exception as error:  # noqa: BLE001 (whatever the other reader says, the two differ)
        return "misread", f"{type(error).__name__}: {error}"
    return ("as_before" if said == unbroken else "as_it_says"), said


def _run(command: tuple[str, ...]) -> tuple[int, str]:
    heard = io.StringIO()
    with contextlib.redirect_stdout(heard), contextlib.redirect_stderr(heard):
        code = run_command(list(command))
    return code, heard.getvalue()


@contextlib.contextmanager
def _at(folder: Path) -> Iterator[Path]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield folder
    finally:
        os.chdir(before)
