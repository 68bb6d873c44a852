"""What was asked: whether all runs answered the same examples, with the same labels and prompts."""

from __future__ import annotations

from dataclasses import dataclass, field
from zlib import crc32

from spillover.core.errors import ImportFileError
from spillover.interop.found import Answer

LISTED = 20
NAMED = 3


@dataclass(slots=True)
class _Asked:
    """The examples of one task, as the first run had them. One small integer an example, for files of millions."""

    first: str
    """The run."""
    examples: dict[str, int] = field(default_factory=dict[str, int])
    """The number of the right answer, and a checksum of what was asked."""


@dataclass(slots=True)
class _Reading:
    """What was seen of one task in one place of the study."""

    run: str
    where: str
    """Of the first answer."""
    seen: set[str] = field(default_factory=set[str])
    metrics: set[str] = field(default_factory=set[str])
    unknown: list[str] = field(default_factory=list[str])
    relabelled: list[str] = field(default_factory=list[str])
    reworded: list[str] = field(default_factory=list[str])


class Questions:
    """Compares the examples of every run with those of the first that had them."""

    def __init__(self) -> None:
        self._asked: dict[str, _Asked] = {}
        self._labels: dict[str, int] = {}
        self._label_names: list[str] = []
        self._open: dict[str, _Reading] = {}
        self._place = ""
        self._seen_tasks: dict[str, set[str]] = {}
        self.faults: list[str] = []
        self.warnings: list[str] = []

    def begin(self, place: str) -> None:
        """Begin to read a run of one place (the base, or a source and seed); runs of one place follow each other."""
        if place == self._place:
            return
        self._settle()
        self._place = place
        self._seen_tasks.setdefault(place, set())

    def right_answer(self, task: str, example: str) -> str | None:
        """The right answer as a run read before had it."""
        asked = self._asked.get(task)
        code = asked.examples.get(example) if asked else None
        return None if code is None else self._label_names[code >> 32]

    def note(self, run: str, answer: Answer, called: str) -> None:
        """Note one answer, its task settled and its right answer known.

        Args:
            run: its name.
            answer: to one example.
            called: the task, as the file names it.

        Raises:
            ImportFileError: the example was answered before in this place.
        """
        task, example = answer.task, answer.example
        reading = self._open.setdefault(task, _Reading(run, answer.where))
        reading.metrics.add(answer.metric)
        if example in reading.seen:
            raise self._twice(reading, run, answer, called)
        reading.seen.add(example)
        code = self._code(answer.right or "", answer.question)
        asked = self._asked.get(task)
        if asked is None or asked.first == self._place:
            self._asked.setdefault(task, _Asked(self._place)).examples[example] = code
            return
        known = asked.examples.get(example)
        if known is None:
            reading.unknown.append(example)
        elif known >> 32 != code >> 32:
            reading.relabelled.append(example)
        elif known != code and known & 0xFFFFFFFF and code & 0xFFFFFFFF:
            reading.reworded.append(example)

    def _twice(self, reading: _Reading, run: str, answer: Answer, called: str) -> ImportFileError:
        here = f"{self._place} → {answer.task}"
        if len(reading.metrics) > 1:
            metrics = sorted(reading.metrics)
            hint = f"choose one: --metric {called}={metrics[0]}"
            return ImportFileError(
                f"{here}: every example is there once for each of {', '.join(metrics)}", where=answer.where, hint=hint
            )
        if reading.run != run:
            twice = f"is there twice, in {reading.run} and in {run}"
            hint = f"--map '{run}=' leaves it out"
        else:
            twice = f"is there twice: the answers begin at {reading.where}, and come again here"
            hint = "where a run was evaluated twice, --latest reads the newest evaluation of each run and task"
        return ImportFileError(f"{here}: the example {answer.example[:80]!r} {twice}", where=answer.where, hint=hint)

    def finish(self, tasks_without_examples: bool = False) -> None:
        """See that every place answered every task.

        Raises:
            ImportFileError: places differ in their tasks, examples or labels; all are listed.
        """
        self._settle()
        every = set().union(*self._seen_tasks.values()) if self._seen_tasks else set[str]()
        if not tasks_without_examples:
            for place, tasks in self._seen_tasks.items():
                if missing := sorted(every - tasks):
                    self.faults.append(f"{place} was not evaluated on {', '.join(missing)}")
        if self.faults:
            raise unequal(self.faults)

    def _code(self, right: str, question: str) -> int:
        label = self._labels.setdefault(right, len(self._labels))
        if label == len(self._label_names):
            self._label_names.append(right)
        checksum = crc32(question.encode("utf-8", "replace")) or 1 if question else 0
        return label << 32 | checksum

    def _settle(self) -> None:
        for task, reading in self._open.items():
            self._seen_tasks[self._place].add(task)
            asked = self._asked[task]
            if asked.first == self._place:
                continue
            here = f"{self._place} → {task}"
            missing = len(asked.examples) - len(reading.seen) + len(reading.unknown)
            if missing or reading.unknown:
                lacking = [name for name in asked.examples if name not in reading.seen][:NAMED]
                self.faults.append(
                    f"{here}: {missing} of {asked.first}'s {len(asked.examples)} examples are missing"
                    f"{_such(lacking)}, {len(reading.unknown)} are others{_such(reading.unknown)}"
                )
            if reading.relabelled:
                self.faults.append(
                    f"{here}: {len(reading.relabelled)} examples have another right answer than for {asked.first}"
                    f"{_such(reading.relabelled)}: another version of the labels"
                )
            if reading.reworded:
                self.warnings.append(
                    f"{here}: {len(reading.reworded)} examples were asked otherwise than of {asked.first}"
                    f"{_such(reading.reworded)}: another prompt or version of the data"
                )
        self._open = {}


def unequal(faults: list[str]) -> ImportFileError:
    """Say in what the runs differ."""
    more = [f"… and {len(faults) - LISTED} more"] if len(faults) > LISTED else []
    return ImportFileError(
        "the runs were not asked the same:\n  - " + "\n  - ".join(faults[:LISTED] + more),
        hint="evaluate what is missing, leave a run out (--map RUN=), or keep shared tasks alone (--targets)",
    )


def _such(names: list[str]) -> str:
    return f" (such as {', '.join(name[:80] for name in names[:NAMED])})" if names else ""
