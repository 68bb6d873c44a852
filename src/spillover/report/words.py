"""What the page says of findings in plain words: its answer, the figures that stand out, sentences by model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan

import numpy as np

from spillover.analysis import Findings, ModelFindings
from spillover.analysis.leaders import Leader
from spillover.analysis.warned import flags_of
from spillover.analysis.wording import among_in_words
from spillover.core.numbers import interval, percent, signed

ASKED = {
    "letters": "asked for a letter",
    "generate": "asked for a free reply",
    "published": "from published PGFs",
    "accuracies": "from accuracies",
}
"""Protocols in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A figure that stands out, what it is, and how far it can be relied on."""

    label: str
    figure: str
    note: str
    sign: str = ""
    """`gain` or `harm` where the figure is one beyond noise."""


def headline(model: ModelFindings) -> str:
    """Answer the page's question: what is sure of single transfers and of their average, and how much is not."""
    if model.summary.mean is None:
        return "No transfer from one task to another could be measured."
    found, average = model.discoveries, _average(model)
    if not found.tested:
        return f"{average} No single transfer could be tested."
    if found.undecided == found.tested:
        return f"{average} None of the {found.tested:,} single transfers can be told from none."
    helps, harms = (
        _verb(count, f"{word}s", word) if count else f"none {word}s"
        for count, word in ((found.helps, "help"), (found.harms, "harm"))
    )
    singles = f"Of {found.tested:,} single transfers {helps} and {harms} beyond noise"
    rest = f"; {_verb(found.undecided, 'is', 'are')} undecided" if found.undecided else ""
    return f"{average} {singles}{rest}."


def _verb(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def _average(model: ModelFindings) -> str:
    summary = model.summary
    change = "hurts" if (summary.mean or 0.0) < 0 else "helps"
    if summary.spread is None:
        return f"On average, finetuning on one task {change} the others; how sure that is cannot be told."
    if _mean_sign(model):
        return f"On average, finetuning on one task {change} the others."
    return "On average, finetuning on one task is not shown to help or to hurt the others."


def _mean_sign(model: ModelFindings) -> str:
    """The colour of the mean; none where its interval holds 0, or there is none."""
    spread, mean = model.summary.spread, model.summary.mean
    if spread is None or mean is None or float(spread.low.mean) <= 0 <= float(spread.high.mean):
        return ""
    return sign_of(mean)


def example(model: ModelFindings) -> str:
    """Tell the largest of the transfers that stand a test, in right answers; empty where none does."""
    accuracy = model.cells.accuracy
    before = np.array([_base(model, target) for target in model.matrix.targets])
    found = model.discovered & np.isfinite(accuracy) & np.isfinite(before)
    if not found.any():
        return ""
    moved = np.where(found, np.abs(accuracy - before), -1.0)
    row, column = np.unravel_index(int(moved.argmax()), moved.shape)
    source, target = readable(model.matrix.sources[row]), readable(model.matrix.targets[column])
    verb = "rises" if accuracy[row, column] > before[column] else "falls"
    share = f"from {percent(before[column])} to {percent(accuracy[row, column])}"
    flag = flagged_targets(model).get(model.matrix.targets[column])
    doubt = f" ({target} is flagged: {flag})" if flag else ""
    return f"Finetuned on {source}, the model’s share of right answers on {target} {verb} {share}{doubt}."


def _base(model: ModelFindings, target: str) -> float:
    known = model.base[target].accuracy if target in model.base else None
    return np.nan if known is None else known


def facts(model: ModelFindings) -> list[Fact]:
    """Choose the figures that stand out: what stands a test, the mean, who gives most, who is harmed most."""
    summary, found = model.summary, model.discoveries
    chosen: list[Fact] = []
    if summary.mean is not None:
        signs = f"{summary.positive_cells:,} / {summary.negative_cells:,} by sign alone{among_in_words(summary.frame)}"
        note = f"{found.undecided:,} of {found.tested:,} undecided; {signs}" if found.tested else f"untested; {signs}"
        figure = f"{found.helps:,} / {found.harms:,}" if found.tested else "–"
        chosen.append(Fact(label="transfers that help / harm beyond noise", figure=figure, note=note))
        spread = summary.spread
        ends = interval(float(spread.low.mean), float(spread.high.mean)) if spread else ""
        label, mean = "mean PGF on other tasks", signed(summary.mean)
        chosen.append(Fact(label=label, figure=mean, note=ends or "no interval", sign=_mean_sign(model)))
    for label, leader in (("gives most", model.strongest_donor), ("is harmed most", model.most_harmed)):
        if leader is not None:
            sign = sign_of(leader.value) if leader.beyond_noise else ""
            flag = flagged_targets(model).get(leader.task, "") if label == "is harmed most" else ""
            note = _beyond(leader) + (f"; flagged: {flag}" if flag else "")
            chosen.append(Fact(label=label, figure=readable(leader.task), note=note, sign=sign))
    return chosen


def flagged_targets(model: ModelFindings) -> dict[str, str]:
    """Say of every target that is flagged why what is found on it may be no transfer.

    Returns:
        Target → what its warnings say, in short.
    """
    flags = {target: flags_of(model.warnings, target) for target in model.matrix.targets}
    return {target: "; ".join(reasons) for target, reasons in flags.items() if reasons}


def _beyond(leader: Leader) -> str:
    noise = {True: "beyond noise", False: "no more than noise gives", None: "noise not known"}[leader.beyond_noise]
    return f"{signed(leader.value)}, {noise}"


def sign_of(value: float) -> str:
    """Name the colour of a value.

    >>> sign_of(0.2), sign_of(-0.2), sign_of(0.0), sign_of(float("nan"))
    ('gain', 'harm', '', 'none')
    """
    return "none" if isnan(value) else "gain" if value > 0 else "harm" if value < 0 else ""


def readable(name: str) -> str:
    """Write a task's name as words.

    >>> readable("Multi-view_Reasoning")
    'Multi-view Reasoning'
    """
    return name.replace("_", " ")


def left_out_prefix(short: Mapping[str, str]) -> str:
    """Find what short names leave out where they are the ends of names that begin alike; else empty.

    Args:
        short: short name by name.

    >>> left_out_prefix({"our_vqa_00": "00", "our_vqa_01": "01", "Jigsaw": "JG"})
    'our_vqa_'
    """
    left_out = Counter(name.removesuffix(end) for name, end in short.items() if name.endswith(end) and name != end)
    prefix, names = left_out.most_common(1)[0] if left_out else ("", 0)
    return prefix if names > 1 else ""


def said_of(findings: Findings, model: ModelFindings) -> list[str]:
    """Pick the sentences about one model, its name taken off."""
    prefix = f"{model.title}: "
    return [text.removeprefix(prefix) for text in findings.sentences if text.startswith(prefix)]


def said_across(findings: Findings) -> list[str]:
    """Pick the sentences about several models."""
    prefixes = tuple(f"{model.title}: " for model in findings.models)
    return [text for text in findings.sentences if not text.startswith(prefixes)]
