"""lmms-eval: `{model}/{date}_results.json` and `{model}/{date}_samples_{task}.jsonl`.

Until 2026-08-18 lmms-eval read the *first letter* of a reply to BLINK ("The answer is (B)" became T), so replies are
read again here from `pred`; the file's own score stays beside.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spillover.core.errors import ImportFileError
from spillover.core.published import PGFTable
from spillover.interop.found import Answer, FoundRun, ReadingOptions
from spillover.interop.harness import Layout, find_runs, is_results, target_text, written_by
from spillover.interop.harness_results import pick_metric
from spillover.interop.json_text import Record, clean_text, read_head
from spillover.interop.option_lines import find_options, right_letter
from spillover.interop.task_names import is_same_word, options_of

KNOWN_FIELDS = frozenset(
    {"doc_id", "doc", "target", "filtered_resps", "resps", "doc_hash", "input", "arguments", "token_counts"}
)


class LmmsEval:
    """Reader of lmms-eval's output folders."""

    name = "lmms-eval"

    def claims(self, path: Path) -> bool:
        """Samples, or results, named as lmms-eval names them; or samples of another name without lm-eval's fields."""
        if path.suffix == ".json":
            return path.stem.endswith("_results") and is_results(read_head(path))
        if path.suffix != ".jsonl":
            return False
        line = read_head(path).partition("\n")[0]
        if '"doc_id"' not in line or '"filtered_resps"' not in line:
            return False
        named = written_by(path)
        return named == self.name or (named is None and '"arguments"' not in line and '"prompt_hash"' not in line)

    def find(self, files: Sequence[Path], options: ReadingOptions) -> list[FoundRun | PGFTable]:
        """One run a folder."""
        return [*find_runs(Layout(format=self.name, parse=_parse, metrics=_metrics), files, options)]


def _metrics(row: Record) -> list[str]:
    """What a sample holds beside what every sample holds: its scores, each by its metric."""
    return [key for key in row.fields if key not in KNOWN_FIELDS]


def _parse(row: Record, task: str, options: ReadingOptions) -> Answer:
    measured = {key: row.fields[key] for key in _metrics(row)}
    details = [Record.of(value, f"{row.where}, {key}") for key, value in measured.items() if isinstance(value, dict)]
    for detail in details:
        if "sub_task" in detail and "gt_content" in detail:
            return _blink(row, task, detail)
        if "question_type" in detail and "ground_truth" in detail:
            return _vsi_bench(row, detail)
    return _other(row, task, measured, details, options)


def _blink(row: Record, task: str, detail: Record) -> Answer:
    """An answer to a task of BLINK's, which is called as the file is, unless that holds several."""
    part = detail.required_text("sub_task")
    task = task if is_same_word(task, part) else part
    prompt = row.text("input") or ""
    letters, texts = find_options(prompt)
    letters = letters or options_of(task)
    return Answer(
        task=task,
        example=detail.text("id") or row.required_text("doc_id"),
        right=right_letter(detail.required_text("gt_content"), letters, texts),
        reply=detail.required_text("pred"),
        options=letters,
        choices=texts,
        own_answer=detail.text("pred_parsed"),
        own_score=detail.number("is_correct"),
        question=prompt or row.text("doc_hash") or "",
        where=row.where,
    )


def _vsi_bench(row: Record, detail: Record) -> Answer:
    listed = [str(text) for text in detail.items("options")]
    texts = tuple(clean_text(re.sub(r"^[A-Z][.)]\s*", "", text)) for text in listed)
    letters = tuple(f"({chr(ord('A') + index)})" for index in range(min(len(listed), 26)))
    score = detail.number("accuracy")
    if score is None:
        relative = [key for key in detail.fields if key.startswith("MRA")]
        score = detail.number(relative[0]) if relative else None
    return Answer(
        task=detail.required_text("question_type"),
        example=detail.text("id") or row.required_text("doc_id"),
        right=right_letter(detail.required_text("ground_truth"), letters, texts),
        reply=detail.text("prediction"),
        options=letters,
        choices=texts,
        own_score=score,
        question=detail.text("question") or "",
        where=row.where,
    )


def _other(row: Record, task: str, measured: dict[str, Any], details: list[Record], options: ReadingOptions) -> Answer:
    prompt = row.text("input") or ""
    letters, texts = find_options(prompt)
    numbers = {key: float(value) for key, value in measured.items() if isinstance(value, int | float)}
    for detail in details:
        for key in ("is_correct", "correct", "score"):
            if key in detail and isinstance(detail.fields[key], int | float):
                numbers[detail.where.rpartition(", ")[2]] = detail.as_number(key, detail.fields[key])
    right = right_letter(target_text(row), letters, texts)
    raw, filtered = first_text(row.fields.get("resps")), first_text(row.fields.get("filtered_resps"))
    reply = filtered if raw is None else raw
    key, fault = pick_metric(list(numbers), task, options, row.where)
    if not key and reply is None and fault is None:
        hint = f"the sample has: {row.listing()}"
        raise ImportFileError("there is neither a reply nor a score that can be read", where=row.where, hint=hint)
    return Answer(
        task=task,
        example=row.required_text("doc_id"),
        right=right,
        reply=reply,
        options=letters,
        choices=texts,
        own_answer=None if filtered == reply else filtered,
        own_score=numbers.get(key),
        fault=fault,
        question=prompt or row.text("doc_hash") or "",
        where=row.where,
    )


def first_text(value: Any) -> str | None:
    """The first text in nested lists, as harnesses keep replies."""
    for _ in range(4):
        if not isinstance(value, list):
            break
        value = value[0] if value else None
    return clean_text(value) if isinstance(value, str) else None
