"""BLINK's own answer files: one JSON a task and model.

Either `{"val": [{"idx", "answer", "full_prediction", "prediction"}], "test": […]}`, or flat, as BLINK takes
submissions: `{"val_Counting_1": "(A)"}`. The test split's answers are hidden, so it is left out. Flat files hold no
right answers: these are taken from the other runs of the same import.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from spillover.core.errors import ImportFileError
from spillover.core.published import PGFTable
from spillover.interop.found import Answer, FoundRun, Metric, ReadingOptions, group_by_folder
from spillover.interop.json_text import Record, clean_text, read_document, read_head
from spillover.interop.task_names import options_of
from spillover.tasks.catalogue import BLINK, IQ_TEST

NO_ANSWER = "(Z)"
"""What BLINK's own parser writes where it found no answer."""
HIDDEN = "hidden"
SPLITS = re.compile(r'\s*\{\s*"(?:val|test)"\s*:\s*\[')
FLAT = re.compile(r'\s*\{\s*"(?:val|test)_[\w-]+_\d+"\s*:\s*"')
INDEX = re.compile(r"(val|test)_([\w-]+)_(\d+)")
METRIC = Metric(name="accuracy", maximum=1.0, direction="higher", evidence="right or wrong, example by example")
TEXTS: dict[str, tuple[str, ...]] = {
    "Art_Style": ("the second image", "the third image"),
    "Forensic_Detection": ("the first image", "the second image", "the third image", "the fourth image"),
    "Functional_Correspondence": ("Point A", "Point B", "Point C", "Point D"),
    "IQ_Test": ("picture A", "picture B", "picture C", "picture D"),
    "Jigsaw": ("the second image", "the third image"),
    "Multi-view_Reasoning": ("left", "right"),
    "Object_Localization": ("Box A", "Box B"),
    "Relative_Depth": ("A is closer", "B is closer"),
    "Relative_Reflectance": ("A is darker", "B is darker", "About the same"),
    "Semantic_Correspondence": ("Point A", "Point B", "Point C", "Point D"),
    "Spatial_Relation": ("yes", "no"),
    "Visual_Correspondence": ("Point A", "Point B", "Point C", "Point D"),
    "Visual_Similarity": ("the second image", "the third image"),
}
"""The options' own words of each task of BLINK, which its answer files leave out; Counting's differ by example."""


class BlinkAnswers:
    """Reader of BLINK's own answer files."""

    name = "blink"

    def claims(self, path: Path) -> bool:
        """A JSON file that begins with a split, or with BLINK's ids."""
        if path.suffix != ".json":
            return False
        head = read_head(path)
        return bool(SPLITS.match(head) or FLAT.match(head))

    def find(self, files: Sequence[Path], options: ReadingOptions) -> list[FoundRun | PGFTable]:  # noqa: ARG002
        """One run a folder: BLINK's code writes a folder a model."""
        return [self._run(name, mine) for name, mine in group_by_folder(files).items()]

    def _run(self, name: str, files: list[Path]) -> FoundRun:
        flat = {file for file in files if FLAT.match(read_head(file))}
        tested = any(read_document(file).items("test") for file in files if file not in flat)
        known = {entry.task.name for entry in BLINK} | {IQ_TEST.name}
        return FoundRun(
            name=name,
            format=self.name,
            files=tuple(files),
            metric=METRIC,
            read=partial(_read, tuple(files)),
            tasks=tuple(file.stem for file in files if file.stem in known),
            labelled=not flat,
            notes=("the test split is left out: its answers are hidden",) if tested else (),
        )


def _read(files: tuple[Path, ...]) -> Iterator[Answer]:
    for file in files:
        document = read_document(file)
        if FLAT.match(read_head(file)):
            yield from _flat(document)
            continue
        rows = document.items("val")
        if not rows:
            raise ImportFileError(
                "there are no answers to the val split",
                where=document.where,
                hint="leave the file out, or answer the val split, whose labels are published",
            )
        for number, row in enumerate(rows):
            yield _answer(Record.of(row, f"{document.where}, val[{number}]"), file.stem)


def _answer(row: Record, stem: str) -> Answer:
    example = row.required_text("idx")
    index = INDEX.fullmatch(example)
    task = index[2] if index else stem
    right = row.required_text("answer")
    if right == HIDDEN:
        raise ImportFileError("the right answer is hidden", where=row.where, hint="only the val split can be scored")
    given = row.text("prediction")
    given = "" if given == NO_ANSWER else given
    return Answer(
        task=task,
        example=example,
        right=right,
        reply=row.text("full_prediction"),
        options=options_of(task),
        choices=TEXTS.get(task, ()),
        own_answer=given,
        own_score=None if given is None else float(given == right),
        where=row.where,
    )


def _flat(document: Record) -> Iterator[Answer]:
    for key, value in document.fields.items():
        index = INDEX.fullmatch(key)
        if index is None or not isinstance(value, str):
            raise ImportFileError(
                f"{clean_text(key)[:60]!r} is no answer to an example of BLINK",
                where=document.where,
                hint='a flat file reads {"val_Counting_1": "(A)", …}',
            )
        if index[1] == "val":
            given = "" if value == NO_ANSWER else clean_text(value)
            yield Answer(
                task=index[2], example=key, right=None, options=options_of(index[2]), own_answer=given,
                where=f"{document.where}, {key}",
            )  # fmt: skip
