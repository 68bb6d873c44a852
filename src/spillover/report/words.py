"""What a page says first, for a reader who knows nothing of transfer: plain words, each backed by a figure."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan

import numpy as np

from spillover.analysis import Findings, ModelFindings
from spillover.analysis.leaders import Leader


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A figure that stands out, what it is, and how far it can be relied on."""

    label: str
    figure: str
    note: str
    sign: str = ""
    """`gain` or `harm` where the figure is one."""


def headline(model: ModelFindings) -> str:
    """Answer the page's question in one sentence."""
    summary = model.summary
    if summary.mean is None:
        return "No transfer from one task to another could be measured."
    change = "hurts" if summary.mean < 0 else "helps"
    if summary.spread is None:
        return f"On average, finetuning on one task {change} the others; how sure that is cannot be told."
    if float(summary.spread.low.mean) <= 0 <= float(summary.spread.high.mean):
        helped, harmed = summary.positive_cells, summary.negative_cells
        return f"It depends on the pair: {helped} transfers help, {harmed} harm, and no change of the average is shown."
    return f"On average, finetuning on one task {change} the others."


def example(model: ModelFindings, rate: float) -> str:
    """Tell the transfer that is surest, in right answers; empty where none can be told from none."""
    q, accuracy = model.cells.q, model.cells.accuracy
    before = np.array([_base(model, target) for target in model.matrix.targets])
    found = model.summary.frame.transfer & (np.nan_to_num(q, nan=1.0) <= rate)
    found &= np.isfinite(accuracy) & np.isfinite(before)
    if not found.any():
        return ""
    moved = np.where(found, np.abs(accuracy - before), -1.0)
    row, column = np.unravel_index(int(moved.argmax()), moved.shape)
    source, target = readable(model.matrix.sources[row]), readable(model.matrix.targets[column])
    verb = "rises" if accuracy[row, column] > before[column] else "falls"
    share = f"from {before[column]:.0%} to {accuracy[row, column]:.0%}"
    return f"Finetuned on {source}, the model’s share of right answers on {target} {verb} {share}."


def _base(model: ModelFindings, target: str) -> float:
    known = model.base[target].accuracy if target in model.base else None
    return np.nan if known is None else known


def facts(model: ModelFindings, rate: float) -> list[Fact]:
    """Choose the figures that stand out: mean, signs, who gives most, who is harmed most."""
    summary = model.summary
    found: list[Fact] = []
    if summary.mean is not None:
        spread = summary.spread
        ends = f"{signed(float(spread.low.mean))} to {signed(float(spread.high.mean))}" if spread else "no interval"
        found.append(
            Fact(label="mean PGF on other tasks", figure=signed(summary.mean), note=ends, sign=sign_of(summary.mean))
        )
        sure = int((summary.frame.reference & (np.nan_to_num(model.cells.q, nan=1.0) <= rate)).sum())
        signs = f"{summary.positive_cells} / {summary.negative_cells}"
        note = f"of {summary.cells}; {sure} stand a test"
        found.append(Fact(label="transfers that help / harm", figure=signs, note=note))
    for label, leader in (("gives most", model.strongest_donor), ("is harmed most", model.most_harmed)):
        if leader is not None:
            figure = readable(leader.task)
            found.append(Fact(label=label, figure=figure, note=_beyond(leader), sign=sign_of(leader.value)))
    return found


def _beyond(leader: Leader) -> str:
    noise = {True: "beyond noise", False: "no more than noise gives", None: "noise not known"}[leader.beyond_noise]
    return f"{signed(leader.value)}, {noise}"


def signed(value: float) -> str:
    """Write a number with its sign and three decimals, and a dash where there is none.

    >>> signed(-0.05), signed(float("nan"))
    ('−0.050', '–')
    """
    if isnan(value):
        return "–"
    text = f"{value:+z.3f}"
    return "0.000" if text == "+0.000" else text.replace("-", "−")


def sign_of(value: float) -> str:
    """Name the colour of a value.

    >>> sign_of(0.2), sign_of(-0.2), sign_of(0.0)
    ('gain', 'harm', '')
    """
    return "gain" if value > 0 else "harm" if value < 0 else ""


def readable(name: str) -> str:
    """Write a task's name as words.

    >>> readable("Multi-view_Reasoning")
    'Multi-view Reasoning'
    """
    return name.replace("_", " ")


def said_of(findings: Findings, model: ModelFindings) -> list[str]:
    """Pick the sentences about one model."""
    prefix = f"{model.title}: "
    said = [text.removeprefix(prefix) for text in findings.sentences if text.startswith(prefix)]
    return [text[:1].upper() + text[1:] for text in said]


def said_across(findings: Findings) -> list[str]:
    """Pick the sentences about several models."""
    prefixes = tuple(f"{model.title}: " for model in findings.models)
    return [text for text in findings.sentences if not text.startswith(prefixes)]
