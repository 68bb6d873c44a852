"""Errors that a user can act on.

A known error says what is wrong, where, what is allowed and what to do. It reaches the terminal without a traceback
and ends the command with exit code 2, or 75 where the same command goes on. Everything else is a fault of ours and
exits with 70.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any


class SpilloverError(Exception):
    """The base of every error that spillover raises on purpose.

    Args:
        message: what is wrong, with the offending value.
        where: the place: a YAML path, a file and line, a job key.
        hint: what is allowed, or what to do.
    """

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        self.message = message
        self.where = where
        self.hint = hint
        super().__init__(message, where, hint)

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f"\n  {self.hint}" if self.hint else ""
        return f"{place}{self.message}{advice}"

    def __reduce__(self) -> tuple[Any, ...]:  # keyword-only fields must survive the trip out of a worker process
        return (_rebuild, (type(self), self.message, self.where, self.hint))


def _rebuild(kind: type[SpilloverError], message: str, where: str | None, hint: str | None) -> SpilloverError:
    error = kind.__new__(kind)
    SpilloverError.__init__(error, message, where=where, hint=hint)
    return error


class TaskError(SpilloverError):
    """A task, an example or its data is not what it should be."""


class ModelError(SpilloverError):
    """A model, an adapter or a training run is not what it should be."""


class HubError(SpilloverError):
    """The Hugging Face hub cannot be reached, or lacks what was asked of it."""


class StoreError(SpilloverError):
    """A study folder cannot be read, written, or belongs to something else."""


class InterruptedRunError(SpilloverError):
    """Something outside was lost in the middle of a run: what was finished is kept, and the same command goes on."""


class AnalysisError(SpilloverError):
    """Scores from which no honest analysis can be made."""


class ImportFileError(SpilloverError):
    """Somebody's result file cannot be read as what it claims to be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong with a study file."""

    where: str
    """The place, for example `study.yaml:7 training.lora.rank`."""
    message: str
    """What is wrong and what is allowed."""


class StudyError(SpilloverError):
    """A study that cannot be run as it is written: every fault at once.

    Args:
        faults: all of them, in the order of the file.
        of: what has them, where it is a part of a study.
        hint: what to do, where all of them have one remedy.
    """

    def __init__(self, faults: Sequence[Fault], of: str = "the study", hint: str | None = None) -> None:
        self.faults = tuple(faults)
        self.of = of
        lines = [f"{fault.where}: {fault.message}".replace("\n", "\n  ") for fault in self.faults]
        title = f"{of} has a fault" if len(lines) == 1 else f"{of} has {len(lines)} faults"
        super().__init__("\n  ".join([f"{title}:", *lines]), hint=hint)

    def __reduce__(self) -> tuple[Any, ...]:
        return (StudyError, (self.faults, self.of, self.hint))


def shortened(value: object) -> str:
    """Write a value as Python would, cut where it is too long for an error message.

    >>> shortened("x" * 100)
    "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…"
    """
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def closest(name: str, allowed: Iterable[str]) -> str | None:
    """Find the allowed name that is most like one, whatever its case; None where none is like it.

    >>> closest("chartqa", ["ChartQA", "docvqa"]), closest("chartqa", ["Jigsaw"])
    ('ChartQA', None)
    """
    folded = {candidate.casefold(): candidate for candidate in allowed}
    close = get_close_matches(name.casefold(), folded, n=1, cutoff=0.5)
    return folded[close[0]] if close else None


def nearest(name: str, allowed: Iterable[str]) -> str:
    """Say which allowed name is closest, for the end of an error message.

    Args:
        name: the name that is not allowed.
        allowed: the names that are.

    Returns:
        "did you mean X?" where something is close, and the allowed names where they are few; never nothing.

    >>> nearest("Jigsw", ["Jigsaw", "Counting"]), nearest("x", ["Jigsaw", "Counting"])
    ('did you mean Jigsaw? (allowed: Jigsaw, Counting)', 'allowed: Jigsaw, Counting')
    """
    names = list(allowed)
    listing = ", ".join(names) if names else "nothing"
    few = len(names) <= 20
    if close := closest(name, names):
        return f"did you mean {close}?" + (f" (allowed: {listing})" if few else "")
    return f"allowed: {listing}" if few else f"none of the {len(names)} names that are allowed is like it"
