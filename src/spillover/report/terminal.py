"""Findings as tables in a terminal: what was found, in words, under the matrix that it was read from."""

from __future__ import annotations

from collections.abc import Iterator
from math import isnan, nan

import numpy as np
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from spillover.analysis import Findings, ModelFindings
from spillover.analysis.summary import Summary
from spillover.analysis.warned import flags_of
from spillover.core.numbers import counted, interval, probability, signed
from spillover.report.breaking import Breakable
from spillover.report.colours import saturation
from spillover.report.matrix_in_terminal import (
    CELL,
    WIDEST,
    ColourScale,
    explain_names,
    label_rows,
    matrix_table,
    paint_cell,
)
from spillover.report.verdicts_in_terminal import verdicts_in_terminal
from spillover.report.words import said_across, said_of

PROFILE = 17
"""Characters of an amount with its noise floor, and the space before it."""
LISTED_CELLS = 12
FLAG = "†"
"""Marks a target that a warning flags."""
MOST_TABULATED = 50
"""Tasks beyond which no matrix is printed: it would be wider than any terminal."""
LEGEND = (
    "PGF: the share of the gap between the base and perfection that finetuning closes. 1 closes it, 0 changes nothing, "
    "below 0 is harm. Rows: what was finetuned on. Columns: the task evaluated."
)
PROFILE_LEGEND = (
    "How much a task gives to the others when finetuned on (transferability), and takes from them (malleability): the "
    "damped sums of its positive and negative PGFs."
)


def findings_in_terminal(findings: Findings, width: int) -> RenderableType:
    """Lay findings out: every model's matrices, what they mean, and what a reviewer would ask.

    Args:
        findings: of one or more models.
        width: characters of a line; where full names do not fit, abbreviations stand alone.
    """
    parts: list[RenderableType] = [Text(LEGEND, style="dim")]
    for model in findings.models:
        said = said_of(findings, model)
        says, verdicts = _sentences(f"what it says · {model.title}", said), list(verdicts_in_terminal(model))
        if model.is_about_mixtures:
            parts += [*([says] if said else []), *verdicts, *_matrices(model, width), *_warnings(model)]
            continue
        parts += [*_matrices(model, width), says, *verdicts]
        parts += [*_discoveries(model), _profiles(model, width), *_groups(model), *_warnings(model)]
    if across := said_across(findings):
        parts.append(_sentences("across models", across))
    return Group(*(Padding(part, (0, 0, 1, 0)) for part in parts))


def _sentences(title: str, sentences: list[str]) -> RenderableType:
    table = Table.grid(padding=(0, 1, 0, 0))
    for sentence in sentences:
        table.add_row("•", Text(sentence))
    return Group(Text(title, style="bold"), table)


def _matrices(model: ModelFindings, width: int) -> Iterator[RenderableType]:
    sources, targets = len(model.matrix.sources), len(model.matrix.targets)
    if max(sources, targets) > MOST_TABULATED:
        yield Text(f"PGF · {model.title} · {sources} × {targets}: too many to print; spillover report draws them")
        return
    base = {name: record.accuracy for name, record in model.base.items()}
    calibrated_base = {name: record.calibrated for name, record in model.base.items()}
    if unnamed := explain_names(model.matrix, width):
        yield Text(", ".join(unnamed), style="dim")
    limit = saturation(np.concatenate([matrix.values.ravel() for matrix in model.shown_matrices]))
    title = f"PGF · {model.model} · {model.protocol} · {counted(len(model.transfers.seeds), 'seed')}"
    pairs = [(title, model.matrix, model.calibrated.matrix if model.calibrated else None)]
    if model.mixtures is not None:
        pairs.append((f"{title} · mixtures", model.mixtures.matrix, model.mixtures.calibrated))
    tables: list[RenderableType] = []
    for name, matrix, calibrated in pairs:
        if matrix.sources:
            tables.append(matrix_table(matrix, name, base, width, limit))
        if matrix.sources and calibrated is not None:
            tables.append(matrix_table(calibrated, f"{name} · answer prior taken out", calibrated_base, width, limit))
    for control in model.controls:
        name = f"{title} · control: {control.kind} answers"
        tables.append(matrix_table(control.control, name, base, width, limit))
    yield from tables[:-1]
    yield Group(*tables[-1:], ColourScale(limit))


def _discoveries(model: ModelFindings) -> Iterator[RenderableType]:
    """Transfers that a test tells from none, surest first."""
    q, frame, inference = model.cells.q, model.summary.frame, model.cells.inference
    found = np.argwhere(model.discovered).tolist()
    found.sort(key=lambda place: q[tuple(place)])
    if not found:
        return
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for head in ("on", "to", "PGF", "interval", "q"):
        is_name = head in ("on", "to")
        table.add_column(head, justify="left" if is_name else "right", no_wrap=not is_name)
    flagged: dict[str, list[str]] = {}
    for row, column in found[:LISTED_CELLS]:
        ends = interval(inference.low[row, column], inference.high[row, column], 2)
        value = signed(model.matrix.values[row, column], 2)
        target = frame.targets[column]
        if reasons := flags_of(model.warnings, target):
            flagged.setdefault("; ".join(reasons), []).append(target)
            target = f"{target} {FLAG}"
        names = Breakable(frame.sources[row]), Breakable(target)
        table.add_row(*names, value, ends, probability(q[row, column]))
    more = f" (the first {LISTED_CELLS} of {len(found)})" if len(found) > LISTED_CELLS else ""
    notes = [
        Text(f"{FLAG} {', '.join(dict.fromkeys(targets))}: {reasons}", style="yellow")
        for reasons, targets in flagged.items()
    ]
    yield Group(Text(f"single transfers that can be told from none{more}", style="bold"), table, *notes)


def _profiles(model: ModelFindings, width: int) -> RenderableType:
    summary, short = model.summary, model.matrix.abbreviations
    names = tuple(dict.fromkeys((*summary.frame.sources, *summary.frame.targets)))
    floor = summary.spread.floor if summary.spread else None
    labels = label_rows(names, short, width - 4 * PROFILE)
    apart = " " if 4 * PROFILE + min(max(map(len, labels.values())), WIDEST) <= width else "\n"
    sides: list[dict[str, str]] = []
    for side, places in (("transferability", summary.frame.sources), ("malleability", summary.frame.targets)):
        for sign in ("positive", "negative"):
            known = getattr(getattr(summary, side), sign)
            noise = dict(zip(places, getattr(getattr(floor, side), sign), strict=True)) if floor else {}
            sides.append(
                {
                    name: signed(value) + ("" if isnan(noise.get(name, nan)) else f"{apart}({signed(noise[name])})")
                    for name, value in known.items()
                }
            )
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for head in ("task", "gives +", "gives −", "takes +", "takes −"):
        table.add_column(head, justify="left" if head == "task" else "right", no_wrap=head != "task")
    for name in names:
        table.add_row(Breakable(labels[name]), *(side.get(name, "") for side in sides))
    legend = Text(f"{PROFILE_LEGEND}{_brackets(summary)}", style="dim")
    return Group(Text("givers and takers", style="bold"), legend, table)


def _brackets(summary: Summary) -> str:
    if summary.spread is None:
        return ""
    unsampled = len(summary.spread.unsampled)
    only = f", but for the examples of {counted(unsampled, 'target')} whose right answers cannot be counted"
    return f" In brackets what noise alone would give{only if unsampled else ''}."


def _groups(model: ModelFindings) -> Iterator[RenderableType]:
    """Mean PGF from group to group, where there are groups to tell apart."""
    for grouping in model.groups:
        if len(grouping.groups) < 2 or np.isnan(grouping.pgf).all():
            continue
        limit = saturation(grouping.pgf)
        table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
        table.add_column("on ↓  to →")
        for group in grouping.groups:
            table.add_column(Text(group), justify="right", min_width=CELL)
        for group, row in zip(grouping.groups, grouping.pgf.tolist(), strict=True):
            table.add_row(
                Text(f"{group} ({len(grouping.members[group])})"), *(paint_cell(value, limit) for value in row)
            )
        yield Group(Text(f"mean PGF by {grouping.attribute} (number of tasks)", style="bold"), table)


def _warnings(model: ModelFindings) -> Iterator[RenderableType]:
    if model.warnings:
        table = Table.grid(padding=(0, 1, 0, 0))
        for warning in model.warnings:
            table.add_row("!", Text(warning.text), style="yellow")
        yield Group(Text(f"what a reviewer would ask · {model.title}", style="bold"), table)
