"""Captions of the drawn figures: what each shows, of which model, and what its marks and intervals mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from spillover.analysis import ModelFindings, TransferMatrix
from spillover.analysis.dose_curve import DoseCurve
from spillover.analysis.verdict import Verdict
from spillover.core.numbers import counted, fixed, percent
from spillover.report.drawing.heatmap import MOST_WRITTEN, harmed_cells, number_in_cell
from spillover.report.figures.graph import TransferGraph
from spillover.report.figures.lines import Lines
from spillover.report.figures.matrix import Layer, over_seeds
from spillover.report.figures.profiles import Profiles
from spillover.report.figures.training import TrainingFigure
from spillover.report.figures.variance import PARTS
from spillover.report.words import ASKED, flagged_targets, left_out_prefix, readable


def of_whom(model: ModelFindings) -> str:
    """Say of which model and on what a figure is: protocol, seeds, tasks, examples."""
    tasks = f"{counted(len(model.transfers.sources), 'task')} finetuned on, {len(model.transfers.targets)} evaluated"
    known = [record.examples for record in model.base.values() if record.examples is not None]
    examples = ""
    if known:
        least, most = min(known), max(known)
        examples = f" on {counted(most, 'example')} each" if least == most else f" on {least} to {most} examples each"
    asked = ASKED.get(model.protocol, model.protocol)
    return f"Model: {model.model}, {asked}; {counted(len(model.transfers.seeds), 'seed')}; {tasks}{examples}."


def heatmap_caption(layer: Layer, matrix: TransferMatrix, model: ModelFindings) -> str:
    """Explain a matrix: its colours, frames, hatching, first row and abbreviations."""
    limit = number_in_cell(layer.limit, layer)
    said = [
        f"{_capital(layer.title)}: {layer.note}.",
        f"Rows: what was finetuned on; columns: the task evaluated. Colours are saturated from ±{limit.lstrip('+')}.",
    ]
    if len(layer.targets) <= MOST_WRITTEN:
        if harmed_cells(layer).any():
            said.append("Hatched: harm, below 0 once rounded to the digits of a cell.")
        said += _framed(layer, model.settings.false_discovery_rate)
        if any(layer.base.get(name) is not None for name in layer.targets):
            said.append("First row: the share of right answers right before finetuning.")
    flags = flagged_targets(model)
    if flagged := [f"{readable(name)} ({flags[name]})" for name in layer.targets if name in flags]:
        said.append(f"Flagged targets, on which a change may be no transfer: {', '.join(flagged)}.")
    return _join(*said, of_whom(model), _abbreviations([*layer.sources, *layer.targets], matrix.abbreviations))


def _framed(layer: Layer, rate: float) -> list[str]:
    if layer.q is None or not np.isfinite(layer.q).any():
        return ["No cell was tested."] if layer.name == "raw" else []
    family = f"the false discovery rate over {np.isfinite(layer.q).sum():,} transfers (Benjamini-Hochberg)"
    if (layer.q <= rate).any():
        return [f"Framed: stands a test at q ≤ {percent(rate)}, {family}."]
    return [f"No cell stands a test at q ≤ {percent(rate)}, {family}."]


def graph_caption(graph: TransferGraph, model: ModelFindings) -> str:
    """Explain the transfer graph: which arrows there are, and what their look means."""
    shown = sum(abs(edge.pgf) >= graph.threshold for edge in graph.edges)
    return _join(
        f"The transfers of at least {fixed(graph.threshold, 2)} PGF in magnitude, {shown} of "
        f"{len(graph.edges) + graph.left_out}: an arrow goes from the task that was finetuned on to the task that it "
        "moved.",
        "Solid blue helps, dashed red harms; the wider, the larger the magnitude.",
        "Tasks that transfer alike stand beside each other.",
        of_whom(model),
        _abbreviations([node.name for node in graph.nodes], model.matrix.abbreviations),
    )


def profiles_caption(profiles: Profiles, model: ModelFindings) -> str:
    """Explain givers and takers: the two panels, bars, and what noise gives."""
    points = [*profiles.positive, *profiles.negative]
    amounts = [amount for point in points for amount in (point.gives, point.takes)]
    bars = f"Bars: {percent(model.settings.confidence)} intervals." if _any([each.low for each in amounts]) else ""
    box = "Grey box: what noise alone gives, on average over the tasks, where nothing transfers."
    return _join(
        "What a task gives to the others when it is finetuned on (transferability) against what it takes from them "
        "(malleability): damped sums of its positive PGFs on the left, of its negative ones on the right.",
        bars,
        box if _any([each.floor for each in amounts]) else "",
        of_whom(model),
        _abbreviations([point.name for point in profiles.positive], model.matrix.abbreviations),
    )


def variance_caption(model: ModelFindings) -> str:
    """Explain the bars of variance shares."""
    parts = "; ".join(PARTS.values())
    return _join(
        f"Whose the spread of the transfers is, a bar a measure, as shares of it, which belong to: {parts}.",
        of_whom(model),
    )


def lines_caption(lines: Lines, confidence: float, whose: str) -> str:
    """Explain averages along an axis."""
    ends = [low for line in lines.lines for low in line.low]
    names = "; ".join(line.name for line in lines.lines)
    said = f"{_capital(lines.title)}, by {lines.axis}: {names}."
    return _join(said, _upright(confidence) if _any(ends) else "", whose)


def training_caption(training: TrainingFigure, model: ModelFindings) -> str:
    """Explain the curves of the loss."""
    return _join(f"{_capital(training.caption)}; {over_seeds(model)}.", of_whom(model))


def weights_caption(model: ModelFindings) -> str:
    """Explain the points of weight updates against transfer."""
    shown = "The cosine between the weight updates of two tasks against the PGF from one to the other; each point is an"
    return _join(f"{shown} ordered pair of tasks, blue helps, red harms.", of_whom(model))


def verdict_caption(verdict: Verdict, model: ModelFindings) -> str:
    """Explain the bars of a verified mixture and its rivals."""
    targets = ", ".join(map(readable, verdict.settings.targets))
    several = "; of several targets first their mean" if len(verdict.settings.targets) > 1 else ""
    shown = f"PGF of the mixture chosen for {targets} beside what it must beat{several}."
    return _join(shown, _upright(model.settings.confidence), of_whom(model))


def doses_caption(curve: DoseCurve, model: ModelFindings) -> str:
    """Explain the points of the best single source by dose."""
    shown = (
        f"PGF of the best single source, {readable(curve.source)}, by the share of its examples that was trained on; "
        "on the dashed line it is linear."
    )
    return _join(shown, _upright(model.settings.confidence), of_whom(model))


def additivity_caption(model: ModelFindings) -> str:
    """Explain the points of predicted against observed."""
    shown = "Observed PGF of every mixture against the sum of its parts’ effects; on the dashed line the two are equal."
    return _join(shown, f"Thin lines: {percent(model.settings.confidence)} intervals.", of_whom(model))


def _upright(confidence: float) -> str:
    return f"Upright lines: {percent(confidence)} intervals."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _abbreviations(names: Sequence[str], short: Mapping[str, str]) -> str:
    meanings = {name: short.get(name, name) for name in names}
    prefix = left_out_prefix(meanings)
    told = [f"{called}, {readable(name)}" for name, called in meanings.items() if called != name != prefix + called]
    without = f"Short names: without {prefix}." if prefix else ""
    return _join(without, f"Abbreviations: {'; '.join(told)}." if told else "")


def _any(values: Sequence[float]) -> bool:
    return bool(np.isfinite(values).any())


def _join(*sentences: str) -> str:
    return " ".join(filter(None, sentences))
