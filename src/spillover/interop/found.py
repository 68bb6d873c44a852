"""What a reader finds in somebody's files: runs of models, with every answer where the files hold them.

A *run* is one model, evaluated: the base, or one finetune. Which of them it is, the files rarely say; see `mapping`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from spillover.core.errors import ImportFileError
from spillover.core.published import PGFTable
from spillover.interop.task_names import settle_name

Scale = Literal["fraction", "percent"]
Direction = Literal["higher", "lower"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How one model answered one example, as a file says it."""

    task: str
    """As the file names it."""
    example: str
    """Unique within its task and run."""
    right: str | None
    """The right answer: "(A)" for multiple choice, else the text; None where the file does not hold it."""
    reply: str | None = None
    """The raw reply, where the file keeps it."""
    options: tuple[str, ...] = ()
    """The letters to choose from, "(A)", "(B)", …; empty where they are not known or the question is open."""
    choices: tuple[str, ...] = ()
    """Their texts, where they are known."""
    own_answer: str | None = None
    """What the file itself read from the reply; "" where it found no answer, None where it does not say."""
    own_score: float | None = None
    """The file's own score, in the unit of the run's metric."""
    log_probabilities: tuple[float, ...] | None = None
    """Of each option, not normalised."""
    metric: str = ""
    """What the score is, where a file may hold an example once for each of several metrics."""
    question: str = ""
    """A hash of what was asked, or the text itself: equal for runs that were asked the same; "" where not given."""
    where: str = ""
    """File and line, for errors."""
    fault: ImportFileError | None = None
    """Why the answer cannot be scored as it is; raised where its task is wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A task that is not read, as the metric that the user asked for is none of its own."""

    task: str
    """As the file names it."""
    metric: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """How one model did on one task as a whole, where the file holds no more."""

    task: str
    value: float
    """In the unit of the run's metric."""
    examples: int | None
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """What a number of a file means."""

    name: str
    maximum: float | None
    """1 for fractions, 100 for percent; None where nothing settles it."""
    direction: Direction
    evidence: str
    """Why it is taken to be so, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a run is in a study."""

    source: str
    """The task that was finetuned on, or `core.scores.BASE_SOURCE`."""
    seed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRun:
    """One model's results."""

    name: str
    format: str
    files: tuple[Path, ...]
    metric: Metric
    """Of the answers' own scores; where there are no answers, of the aggregates."""
    aggregate_metric: Metric | None = None
    """Of the aggregates, where there are answers too."""
    read: Callable[[], Iterator[Answer | LeftOut]] | None = None
    """Reads the answers one by one, and says which tasks it leaves out; None where there are none."""
    aggregates: tuple[Aggregate, ...] = ()
    """Of tasks without answers."""
    tasks: tuple[str, ...] = ()
    """Tasks that the run is known to hold before it is read; a reader may not know them all."""
    place: Place | None = None
    """Where the file itself says what the run is."""
    row: str = ""
    """Of a table: what its rows call the run, without a seed that another column gives."""
    versions: Mapping[str, str] = field(default_factory=dict[str, str])
    """By task: the version of task or data, where the file gives it."""
    labelled: bool = True
    """Whether the file holds the right answers."""
    notes: tuple[str, ...] = ()
    """What a user should know of how the file was read."""
    earlier: tuple[Path, ...] = ()
    """Files of earlier evaluations, which are not read."""

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """What the file's numbers mean."""
        return (self.metric,) if self.aggregate_metric is None else (self.metric, self.aggregate_metric)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingOptions:
    """What a user may say about files that do not say it themselves."""

    metric: str | None = None
    """Which metric (or scorer) to take, where a file has several; tasks without it are left out."""
    metrics: Mapping[str, str] = field(default_factory=dict[str, str])
    """The same for single tasks, by the files' name or BLINK's."""
    scale: Scale | None = None
    direction: Direction | None = None
    model: str | None = None
    """What to call the base model."""
    latest: bool = False
    """Whether only the newest evaluation of each run and task is read, where there are several."""
    bases: tuple[str, ...] = ()
    """Names of the base, in tables."""

    def metric_of(self, task: str) -> str | None:
        """The metric that is asked for of a task, as the file names it.

        >>> ReadingOptions(metric="acc", metrics={"gsm8k": "exact_match"}).metric_of("gsm8k")
        'exact_match'
        """
        return self.own_metric_of(task) or self.metric

    def own_metric_of(self, task: str) -> str | None:
        """The metric that is asked for of this task alone."""
        return self.metrics.get(task) or self.metrics.get(settle_name(task))


class Reader(Protocol):
    """One format."""

    @property
    def name(self) -> str:
        """As `--format` has it."""
        ...

    def claims(self, path: Path) -> bool:
        """Whether a file is surely of this format, judged by its beginning.

        Raises:
            ImportFileError: the file cannot be read at all.
        """
        ...

    def find(self, files: Sequence[Path], options: ReadingOptions) -> list[FoundRun | PGFTable]:
        """Sort files of this format into runs.

        Raises:
            ImportFileError: a file is not what it claims to be.
        """
        ...


def own_folder(file: Path) -> Path:
    """The folder that a file lies in."""
    return file.parent


def group_by_folder(files: Sequence[Path], home: Callable[[Path], Path] = own_folder) -> dict[str, list[Path]]:
    """Sort files by the folder that is their run's.

    Args:
        files: of one format.
        home: from a file, its path absolute, to its run's folder.

    Returns:
        By run: the folder's name, with as many of the folders above it as tell it from the others.

    >>> sorted(group_by_folder([Path("/x/a/model/1"), Path("/x/b/model/1"), Path("/x/c/1")]))
    ['a/model', 'b/model', 'c']
    """
    groups: dict[tuple[str, ...], list[Path]] = {}
    for file in dict.fromkeys(file.resolve() for file in files):
        groups.setdefault(home(file).parts, []).append(file)
    named: dict[str, list[Path]] = {}
    left = groups
    for count in range(1, max(map(len, groups), default=0) + 1):
        ends = Counter(parts[-count:] for parts in left)
        settled = {parts for parts in left if ends[parts[-count:]] == 1 or count >= len(parts)}
        named |= {"/".join(parts[-count:]): left[parts] for parts in left if parts in settled}
        left = {parts: mine for parts, mine in left.items() if parts not in settled}
    return named


def metric_of_examples(
    options: ReadingOptions, evidence: str, *, name: str = "score", direction: Direction = "higher"
) -> Metric:
    """What scores of single examples mean: fractions, unless the user says otherwise."""
    if options.scale is not None:
        evidence = f"{options.scale}: as --scale says"
    maximum = 100.0 if options.scale == "percent" else 1.0
    return Metric(name=name, maximum=maximum, direction=options.direction or direction, evidence=evidence)


def describe_scale(values: Sequence[float], options: ReadingOptions) -> tuple[float | None, str]:
    """Tell fractions from percent by the values themselves.

    Returns:
        The maximum, 1 or 100, or None where the values do not settle it; and why.

    >>> describe_scale([0.5, 0.83], ReadingOptions())
    (1.0, 'fraction: the values lie between 0.5 and 0.83')
    >>> describe_scale([0.9, 61.0], ReadingOptions())[0] is None
    True
    """
    if options.scale is not None:
        return (1.0 if options.scale == "fraction" else 100.0), f"{options.scale}: as --scale says"
    low, high = min(values, default=0.0), max(values, default=0.0)
    seen = f"the values lie between {low:g} and {high:g}"
    if low >= 0 and 0.02 < high <= 1:
        return 1.0, f"fraction: {seen}"
    inside = [value for value in values if 0 < value < 1]
    if low >= 0 and 1 < high <= 100 and not inside:
        return 100.0, f"percent: {seen}"
    return None, seen
