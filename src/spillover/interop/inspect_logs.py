"""inspect_ai: `.eval` archives (`header.json`, `samples/{id}_epoch_{n}.json`) and `.json` logs.

Both are read here without inspect_ai: an archive member by member, so that its size does not matter. Newer archives are
compressed with Zstandard, which `archive` unpacks. One file is one task of one model.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from spillover.core.errors import ImportFileError, nearest
from spillover.core.published import PGFTable
from spillover.interop.archive import Archive
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
from spillover.interop.json_text import Record, clean_text, parse_json, read_document, read_head
from spillover.interop.option_lines import right_letter
from spillover.tasks.task import option_letters

HEADER = "header.json"
SAMPLE = re.compile(r"samples/[^\x00]+\.json")
LOG = re.compile(r'\s*\{\s*"version"\s*:\s*\d+\s*,\s*"status"\s*:')
EVALUATE_AGAIN = "evaluate again, or leave the log out"
LETTER_SCORES = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0}
"""Correct, incorrect, partly, no answer: inspect_ai's own values of them."""
COUNTED = "C is 1, P 0.5, I and N 0, as inspect_ai counts them"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Log:
    """One file, its header read."""

    file: Path
    header: Record
    task: str
    model: str


class InspectLogs:
    """Reader of inspect_ai's logs."""

    name = "inspect"

    def claims(self, path: Path) -> bool:
        """An archive that ends in `.eval`, or a JSON that begins with version and status."""
        return path.suffix == ".eval" or (path.suffix == ".json" and LOG.match(read_head(path)) is not None)

    def find(self, files: Sequence[Path], options: ReadingOptions) -> list[FoundRun | PGFTable]:
        """One run a model, as its logs name it; see `_sort_by_run` for models of one name."""
        runs = _sort_by_run([_open(file) for file in files])
        return [self._run(name, mine, options) for name, mine in runs.items()]

    def _run(self, name: str, logs: list[_Log], options: ReadingOptions) -> FoundRun:
        detailed = [log for log in logs if _has_samples(log)]
        bare = [_aggregate(log, options) for log in logs if log not in detailed]
        metric, aggregate_metric = metric_of_examples(options, COUNTED), None
        if bare:
            maximum, evidence = describe_scale([row.value for row in bare], options)
            direction = options.direction or "higher"
            aggregate_metric = Metric(name="accuracy", maximum=maximum, direction=direction, evidence=evidence)
        return FoundRun(
            name=name,
            format=self.name,
            files=tuple(log.file for log in logs),
            metric=metric if detailed or aggregate_metric is None else aggregate_metric,
            aggregate_metric=aggregate_metric if detailed else None,
            read=partial(_read, tuple(detailed), options) if detailed else None,
            aggregates=tuple(bare),
            tasks=tuple(log.task for log in logs),
            versions={log.task: f"version {log.header.record('eval').text('task_version')}" for log in logs},
        )


def _sort_by_run(logs: Sequence[_Log]) -> dict[str, list[_Log]]:
    """Sort logs by model. Where one model has a task in several folders, each folder is a run, `FOLDER/MODEL`.

    inspect_ai calls every local model `hf/local`, whatever its weights; only where its logs lie can tell them apart.
    """
    models: dict[str, list[_Log]] = {}
    for log in logs:
        models.setdefault(log.model, []).append(log)
    runs: dict[str, list[_Log]] = {}
    for model, mine in models.items():
        held = {(log.task, log.file.parent) for log in mine}
        if len(held) == len({log.task for log in mine}):
            runs[model] = mine
            continue
        by_file = {log.file.resolve(): log for log in mine}
        for folder, files in group_by_folder(list(by_file)).items():
            runs[f"{folder}/{model}"] = [by_file[file] for file in files]
    return runs


def _open(file: Path) -> _Log:
    if file.suffix == ".eval":
        archive = Archive(file)
        if HEADER not in archive:
            hint = "the evaluation did not end; use inspect_ai to recover it (inspect log recover)"
            raise ImportFileError("the archive has no header.json", where=str(file), hint=hint)
        header = Record.of(parse_json(archive.read(HEADER), f"{file}, {HEADER}"), f"{file}, {HEADER}")
    else:
        header = read_document(file)
    status = header.required_text("status")
    if status != "success":
        raise ImportFileError(
            f"the evaluation's status is {status[:40]!r}: not every example was scored",
            where=str(file),
            hint="finish it (inspect eval-retry), or leave this log out",
        )
    about = header.record("eval")
    header = Record({key: value for key, value in header.fields.items() if key != "samples"}, header.where)
    task = about.required_text("task").rpartition("/")[2]
    return _Log(file=file, header=header, task=task, model=about.required_text("model"))


def _has_samples(log: _Log) -> bool:
    if log.file.suffix == ".eval":
        return any(SAMPLE.fullmatch(name) for name in Archive(log.file).names)
    return bool(read_document(log.file).items("samples"))


def _read(logs: tuple[_Log, ...], options: ReadingOptions) -> Iterator[Answer]:
    for log in logs:
        epochs = log.header.record("eval").record("config").number("epochs") or 1
        for sample in _samples(log.file):
            yield _answer(sample, log.task, options, with_epoch=epochs > 1)


def _samples(file: Path) -> Iterator[Record]:
    if file.suffix != ".eval":
        document = read_document(file)
        for number, sample in enumerate(document.items("samples")):
            yield Record.of(sample, f"{file}, samples[{number}]")
        return
    archive = Archive(file)
    for name in archive.names:
        if SAMPLE.fullmatch(name):
            where = f"{file}, {clean_text(name)[:200]}"
            yield Record.of(parse_json(archive.read(name), where), where)


def _answer(sample: Record, task: str, options: ReadingOptions, *, with_epoch: bool) -> Answer:
    texts = tuple(clean_text(str(text)) for text in sample.items("choices"))
    letters = option_letters(len(texts)) if len(texts) <= 26 else ()
    example = sample.required_text("id")
    if with_epoch:
        example = f"{example}, epoch {sample.required_text('epoch')}"
    scorer, fault = _scorer(sample, options)
    score, own_answer = _score(sample.record("scores").record(scorer)) if scorer else (None, None)
    reply = _reply(sample.record("output"))
    if reply is None and score is None and fault is None:
        raise ImportFileError("the sample has neither a reply nor a score", where=sample.where, hint=EVALUATE_AGAIN)
    return Answer(
        task=task,
        example=example,
        right=right_letter(_target(sample), letters, texts),
        reply=reply,
        options=letters,
        choices=texts,
        own_answer=own_answer,
        own_score=score,
        question="\n".join([str(sample.fields.get("input"))[:100_000], *texts]),
        where=sample.where,
        fault=fault,
    )


def _target(sample: Record) -> str:
    target = sample.fields.get("target")
    if isinstance(target, list):
        target = target[0] if len(target) == 1 else None
    if not isinstance(target, str):
        raise ImportFileError(
            "a sample's target should be one text",
            where=sample.where,
            hint="a task with several targets a sample cannot be read by examples: leave the log out",
        )
    return clean_text(target)


def _reply(output: Record) -> str | None:
    if "completion" in output:
        return output.text("completion")
    for choice in output.items("choices"):
        content = Record.of(choice, output.where).record("message").fields.get("content")
        return clean_text(content) if isinstance(content, str) else None
    return None


def _scorer(sample: Record, options: ReadingOptions) -> tuple[str, ImportFileError | None]:
    """The scorer to read, "" where there is none; and what is wrong where it is not clear which."""
    names = list(sample.record("scores").fields)
    if options.metric is not None and names and options.metric not in names:
        message = f"there is no scorer {options.metric!r}; {nearest(options.metric, names)}"
        return "", ImportFileError(message, where=sample.where)
    if options.metric is None and len(names) > 1:
        hint = f"choose one: --metric {clean_text(names[0])[:80]}"
        message = f"several scorers: {clean_text(', '.join(names))[:200]}"
        return "", ImportFileError(message, where=sample.where, hint=hint)
    return (options.metric or names[0] if names else ""), None


def _score(score: Record) -> tuple[float, str | None]:
    """The file's score, and what it read from the reply."""
    answer = score.fields.get("answer")
    return _value(score), clean_text(answer) if isinstance(answer, str) else None


def _value(score: Record) -> float:
    value: Any = score.fields.get("value")
    if isinstance(value, str):
        if value not in LETTER_SCORES:
            raise ImportFileError(
                f"the score {clean_text(value)[:40]!r} is no C, I, P, N or number",
                where=score.where,
                hint="choose another scorer with --metric, or leave the log out",
            )
        return LETTER_SCORES[value]
    return score.as_number("value", value)


def _aggregate(log: _Log, options: ReadingOptions) -> Aggregate:
    results = log.header.record("results")
    scores = [Record.of(each, results.where) for each in results.items("scores")]
    chosen = [score for score in scores if options.metric in (None, score.text("name"))]
    if len(chosen) != 1:
        named = ", ".join(str(score.text("name")) for score in scores) or "none"
        hint = "choose a scorer with --metric"
        raise ImportFileError(f"one scorer's results are needed, there are: {named}", where=results.where, hint=hint)
    value = chosen[0].record("metrics").record("accuracy").number("value")
    if value is None:
        raise ImportFileError("the log has no samples and no accuracy", where=str(log.file), hint=EVALUATE_AGAIN)
    count = chosen[0].number("scored_samples") or results.number("completed_samples")
    return Aggregate(task=log.task, value=value, examples=int(count) if count else None, where=str(log.file))
