"""VLMEvalKit: `{work_dir}/{model}/T{date}/{model}_{dataset}.xlsx` (or tsv, json), `…_result.xlsx`, `…_acc.csv`.

A dataset is a task. Only BLINK's categories are tasks, as BLINK is a set of tasks; those of another dataset say no more
than which part of it a question belongs to, and may be called alike in several.

Predictions hold every reply; a result file adds `hit`, the kit's own score: it guesses at random where it cannot parse
a reply, so replies are read again here. `_acc.csv` is read only where no answers are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from string import ascii_uppercase

from spillover.core.errors import ImportFileError
from spillover.core.published import PGFTable
from spillover.interop.found import (
    Aggregate,
    Answer,
    FoundRun,
    Metric,
    ReadingOptions,
    describe_scale,
    group_by_folder,
    metric_of_examples,
)
from spillover.interop.json_text import WRITE_OR_LEAVE, read_head
from spillover.interop.option_lines import right_letter
from spillover.interop.table_rows import Row, read_header, read_table

DATED = re.compile(r"T\d{8}.*")
ANSWERS = (".xlsx", ".tsv", ".json")
NEEDED = frozenset({"index", "prediction", "answer"})
OVERALL = "Overall"
JUDGED = re.compile(r"_(?:exact_matching|openai|gpt-?4[^_]*|chatgpt-[^_]+)$")
"""What a file of scores adds to its dataset's name: who read the replies."""
SUITE = re.compile(r"BLINK(_.*)?")
"""Datasets whose categories are tasks."""
HITS = "1 is right, 0 wrong, example by example"


class VLMEvalKit:
    """Reader of VLMEvalKit's working folders."""

    name = "vlmevalkit"

    def claims(self, path: Path) -> bool:
        """A table with `index`, `prediction` and `answer`, or accuracies named `…_acc.csv`."""
        if path.suffix == ".csv":
            header = set(read_header(path)) if path.stem.endswith("_acc") else set[str]()
            return bool({"Overall", "split"} <= header or {"Category", "Accuracy"} <= header)
        if path.suffix == ".json":
            return bool(re.match(r"\s*\[\s*\{", head := read_head(path))) and all(
                f'"{name}"' in head for name in NEEDED
            )
        return path.suffix in ANSWERS and set(read_header(path)) >= NEEDED

    def find(self, files: Sequence[Path], options: ReadingOptions) -> list[FoundRun | PGFTable]:
        """One run a model's folder; dated folders in it are the model's."""
        return [self._run(name, mine, options) for name, mine in group_by_folder(files, _folder).items()]

    def _run(self, name: str, files: list[Path], options: ReadingOptions) -> FoundRun:
        answers = _prefer_results([file for file in files if file.suffix != ".csv"])
        if answers:
            metric = metric_of_examples(options, HITS, name="hit")
            read = partial(_read, tuple(answers))
            tasks = tuple(dict.fromkeys(task for file in answers for task in _tasks(file)))
            return FoundRun(name=name, format=self.name, files=tuple(answers), metric=metric, tasks=tasks, read=read)
        rows = [row for file in files for row in _accuracies(file)]
        if not rows:
            raise ImportFileError(
                "the table holds no task's accuracy",
                where=str(files[0]),
                hint="give the file with the answers too, MODEL_DATASET.xlsx",
            )
        maximum, evidence = describe_scale([row.value for row in rows], options)
        return FoundRun(
            name=name,
            format=self.name,
            files=tuple(files),
            metric=Metric(name="accuracy", maximum=maximum, direction=options.direction or "higher", evidence=evidence),
            aggregates=tuple(rows),
            tasks=tuple(row.task for row in rows),
        )


def _folder(file: Path) -> Path:
    return file.parent.parent if DATED.fullmatch(file.parent.name) else file.parent


def _prefer_results(files: list[Path]) -> list[Path]:
    """Leave predictions out where a result file, which adds `hit`, was made of them."""
    scored = [file for file in files if file.stem.endswith("_result")]

    def covered(file: Path) -> bool:
        return any(other.stem.startswith(f"{file.stem}_") and other.parent == file.parent for other in scored)

    return [file for file in files if file in scored or not covered(file)]


def _read(files: tuple[Path, ...]) -> Iterator[Answer]:
    for file in files:
        empty = True
        for row in read_table(file):
            empty = False
            yield _answer(row, _task(row, _dataset(file)))
        if empty:
            raise ImportFileError("the table has no rows", where=str(file), hint=WRITE_OR_LEAVE)


def _dataset(file: Path) -> str:
    """The dataset that a file's name says.

    >>> _dataset(Path("/out/Qwen/T20250907/Qwen_MMStar_exact_matching_result.xlsx"))
    'MMStar'
    """
    stem = file.stem.removeprefix(f"{_folder(file).name}_")
    bare = stem.removesuffix("_result").removesuffix("_acc")
    return bare if bare == stem else JUDGED.sub("", bare)


def _tasks(file: Path) -> Iterator[str]:
    dataset = _dataset(file)
    yield from (_task(row, dataset) for row in read_table(file)) if SUITE.fullmatch(dataset) else (dataset,)


def _task(row: Row, dataset: str) -> str:
    category = row.cells.get("category", "").strip()
    return category if category and SUITE.fullmatch(dataset) else dataset


def _answer(row: Row, task: str) -> Answer:
    cells = row.cells
    texts: list[str] = []
    for letter in ascii_uppercase:
        if not cells.get(letter, "").strip() or cells[letter] == "nan":
            break
        texts.append(cells[letter])
    letters = tuple(f"({letter})" for letter in ascii_uppercase[: len(texts)])
    index, right = cells["index"].strip().removesuffix(".0"), cells.get("answer", "").strip()
    if not index or not right:
        raise ImportFileError(
            "a row has no index or no answer",
            where=row.where,
            hint="splits without answers cannot be scored: leave the file out",
        )
    own = cells.get("hit", "").strip()
    return Answer(
        task=task,
        example=index,
        right=right_letter(right, letters, tuple(texts)),
        reply=cells["prediction"],
        options=letters,
        choices=tuple(texts),
        own_score=row.number("hit") if own else None,
        question="\n".join([cells.get("question", ""), *texts]),
        where=row.where,
    )


def _accuracies(file: Path) -> Iterator[Aggregate]:
    """The accuracies of a suite's tasks, or that of the whole dataset."""
    dataset = _dataset(file)
    is_suite = SUITE.fullmatch(dataset) is not None
    for row in read_table(file):
        for name, value, total in _stated(row):
            if value is not None and is_suite != (name == OVERALL):
                count = int(total) if total else None
                yield Aggregate(task=name if is_suite else dataset, value=value, examples=count, where=row.where)


def _stated(row: Row) -> Iterator[tuple[str, float | None, float | None]]:
    """Each category of a row of accuracies, with its accuracy and, where it is stated, its number of examples."""
    if "Category" in row.cells:
        yield row.cells["Category"], row.number("Accuracy"), row.number("Total")
        return
    if row.cells.get("split", "none") not in ("none", "val", "validation", "test", ""):
        raise ImportFileError(
            f"unknown split {row.cells['split'][:40]!r}",
            where=row.where,
            hint="known: none, val, validation, test; leave the other rows out",
        )
    yield from ((name, row.number(name), None) for name in row.cells if name not in ("", "split"))
