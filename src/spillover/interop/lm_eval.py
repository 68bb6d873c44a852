"""lm-eval: `{model}/results_{date}.json` and `{model}/samples_{task}_{date}.jsonl`.

Multiple choice is scored by the options' log-likelihoods, which samples keep: they become log-probabilities here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from spillover.core.errors import ImportFileError
from spillover.core.published import PGFTable
from spillover.interop.found import Answer, FoundRun, ReadingOptions
from spillover.interop.harness import Layout, find_runs, is_results, target_text, written_by
from spillover.interop.harness_results import pick_metric
from spillover.interop.json_text import Record, clean_text, read_head
from spillover.interop.lmms_eval import first_text
from spillover.interop.option_lines import find_options, right_letter
from spillover.tasks.task import option_letters

LENGTHS = {"acc_norm": len, "acc_bytes": lambda text: len(text.encode("utf-8", "replace"))}
"""By metric: the length of an option's text that divides its log-likelihood."""
NO_ANSWER = "[invalid]"
"""What its filters write where they found no answer."""


class LmEval:
    """Reader of lm-eval's output folders."""

    name = "lm-eval"

    def claims(self, path: Path) -> bool:
        """Samples, or results, named as lm-eval names them; or samples of another name with lm-eval's fields."""
        if path.suffix == ".json":
            return path.stem.startswith("results_") and is_results(read_head(path))
        if path.suffix != ".jsonl":
            return False
        line = read_head(path).partition("\n")[0]
        if '"doc_id"' not in line:
            return False
        named = written_by(path)
        return named == self.name or (named is None and ('"arguments"' in line or '"prompt_hash"' in line))

    def find(self, files: Sequence[Path], options: ReadingOptions) -> list[FoundRun | PGFTable]:
        """One run a folder."""
        return [*find_runs(Layout(format=self.name, parse=_parse, metrics=_metrics), files, options)]


def _metrics(row: Record) -> list[str]:
    """The metrics of a sample; a reply stands there once for every filter that read it."""
    read_by = row.text("filter") or "none"
    return [f"{clean_text(str(name))},{read_by}" for name in row.items("metrics") if str(name) in row]


def _parse(row: Record, task: str, options: ReadingOptions) -> Answer:
    key, fault = pick_metric(_metrics(row), task, options, row.where)
    score = row.number(key.partition(",")[0]) if key else None
    doc = row.record("doc")
    likelihoods = _likelihoods(row)
    prompt = _prompt(row)
    if likelihoods:
        letters, texts = option_letters(len(likelihoods)), _choices(doc)
    else:
        letters, texts = find_options(prompt)
    target = target_text(row)
    answer = Answer(
        task=task,
        example=row.required_text("doc_id"),
        right=right_letter(target, letters, texts),
        options=letters,
        choices=texts,
        own_score=score,
        metric=key,
        fault=fault,
        question=row.text("prompt_hash") or row.text("doc_hash") or prompt,
        where=row.where,
    )
    if likelihoods:
        answer = replace(answer, right=_indexed(target, letters, texts))
        return _by_likelihood(answer, likelihoods, _continuations(row))
    reply = first_text(row.fields.get("resps"))
    if score is None and reply is None and fault is None:
        raise ImportFileError(
            "there is neither a reply nor a score", where=row.where, hint=f"there are: {row.listing()}"
        )
    filtered = first_text(row.fields.get("filtered_resps"))
    own_answer = {reply: None, NO_ANSWER: ""}.get(filtered, filtered)
    return replace(answer, reply=reply, own_answer=own_answer)


def _by_likelihood(answer: Answer, likelihoods: tuple[float, ...], continuations: list[str]) -> Answer:
    """The option that the metric counts as given: the likeliest, or the likeliest for its length.

    Where that does not come to the file's own score (the metric is another, or the lengths are not known), the answer
    given is not known, and the likelihoods do not tell it.
    """
    metric = answer.metric.partition(",")[0]
    if metric in LENGTHS and len(continuations) == len(likelihoods):
        lengths = [LENGTHS[metric](text) for text in continuations]
        likelihoods = tuple(value / max(length, 1) for value, length in zip(likelihoods, lengths, strict=True))
    best = answer.options[likelihoods.index(max(likelihoods))]
    if answer.own_score is not None and (best == answer.right) != (answer.own_score == 1):
        return answer
    return replace(answer, own_answer=best, log_probabilities=likelihoods)


def _continuations(row: Record) -> list[str]:
    """The text of every option as its likelihood was asked for, without the space that parts it from the question."""
    arguments = row.fields.get("arguments")
    requests = list(arguments.values()) if isinstance(arguments, dict) else []
    texts = [request.get("arg_1") if isinstance(request, dict) else None for request in requests]
    return [text.removeprefix(" ") for text in texts if isinstance(text, str)]


def _likelihoods(row: Record) -> tuple[float, ...]:
    """One log-likelihood an option, where the sample was scored by them; they may be kept as texts."""
    responses = row.fields.get("filtered_resps")
    if not isinstance(responses, list) or not 2 <= len(responses) <= 26:
        return ()
    values: list[float] = []
    for response in responses:
        pair = response[0] if isinstance(response, list) and len(response) == 1 else response
        if not isinstance(pair, list) or len(pair) != 2:
            return ()
        try:
            values.append(float(pair[0]))
        except (TypeError, ValueError, OverflowError):
            return ()
    return tuple(values) if not any(math.isnan(value) or value == math.inf for value in values) else ()


def _prompt(row: Record) -> str:
    """What the model was shown: the first argument of the first request."""
    arguments: Any = row.fields.get("arguments")
    if isinstance(arguments, dict):
        arguments = arguments.get("gen_args_0")
        arguments = arguments.get("arg_0") if isinstance(arguments, dict) else None
    return first_text(arguments) or (clean_text(arguments) if isinstance(arguments, str) else "")


def _choices(doc: Record) -> tuple[str, ...]:
    listed = doc.fields.get("choices")
    if isinstance(listed, dict):
        listed = listed.get("text")
    return tuple(clean_text(str(text)) for text in listed) if isinstance(listed, list) else ()


def _indexed(target: str, letters: tuple[str, ...], texts: tuple[str, ...]) -> str:
    """The right option: lm-eval's targets of multiple choice are its number, its letter or its text."""
    if target.isdecimal() and len(target) < 3 and int(target) < len(letters):
        return letters[int(target)]
    return right_letter(target, letters, texts)
