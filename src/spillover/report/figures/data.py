"""All figures of the page as one JSON value, small enough to stand in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from math import isinf, isnan
from typing import Any

import numpy as np

from spillover.analysis import Findings, ModelFindings
from spillover.analysis.shapes import Transfers
from spillover.report.figures.graph import TransferGraph, graph_of
from spillover.report.figures.lines import progress_of, scale_of
from spillover.report.figures.matrix import Layer, layers_of, orders_of
from spillover.report.figures.mixture import MixturePanel
from spillover.report.figures.profiles import profiles_of
from spillover.report.figures.weights import weights_of
from spillover.report.tables import MOST_TABULATED
from spillover.report.words import flagged_targets

Json = Any
MOST_DETAILED = 200
"""Tasks beyond which a page holds the values and q of the raw and the calibrated matrix alone, and no pairs of updates:
it would be too large to open."""
EXACT = 9
"""Decimals of what may stand in words as well: rounded further it could read differently from those."""
SEEN, TESTED = 4, 6
"""Decimals of values and of q in a matrix that is too large to be read as numbers."""


def page_data(findings: Findings, mixtures: Sequence[MixturePanel] = ()) -> dict[str, Json]:
    """Collect the numbers that the page's scripts draw.

    Args:
        findings: of one or more models.
        mixtures: panels of some of them.

    Returns:
        Plain values. Numbers that are not known are None; ends of unbounded intervals are "inf" and "-inf".

    Complexity: O(cells), and what the figures take.
    """
    panels = {(panel.model, panel.protocol): panel for panel in mixtures}
    return {
        "rate": findings.settings.false_discovery_rate,
        "confidence": findings.settings.confidence,
        "models": [_model(model, panels.get((model.model, model.protocol))) for model in findings.models],
        "scale": [_short(asdict(lines)) for lines in scale_of(findings)],
    }


def _model(model: ModelFindings, panel: MixturePanel | None) -> dict[str, Json]:
    progress, weights = progress_of(model), None if is_reduced(model) else weights_of(model)
    names = tuple(dict.fromkeys((*model.matrix.sources, *model.matrix.targets)))
    return {
        "title": model.title,
        "short": {name: model.matrix.abbreviations.get(name, name) for name in names},
        "flags": flagged_targets(model),
        "orders": orders_of(model),
        "undefined": {f"{cell.source}→{cell.target}": cell.reason for cell in model.matrix.undefined},
        "base": {name: _number(record.accuracy) for name, record in model.base.items()},
        "calibrated_base": {name: _number(record.calibrated) for name, record in model.base.items()},
        "accuracy": [] if is_reduced(model) else rows(model.cells.accuracy),
        "layers": [_layer(layer) for layer in _held(model)],
        "graph": _graph(graph_of(model)),
        "profiles": _short(asdict(profiles_of(model))),
        "mixture": None if panel is None or model.is_about_mixtures else panel.to_json(),
        "progress": None if progress is None else _short(asdict(progress)),
        "weights": None if weights is None else _short(asdict(weights)),
    }


def is_reduced(model: ModelFindings) -> bool:
    """Whether a model has so many tasks that its page leaves numbers out."""
    return max(len(model.matrix.sources), len(model.matrix.targets)) > MOST_DETAILED


def _held(model: ModelFindings) -> list[Layer]:
    layers = layers_of(model)
    if not is_reduced(model):
        return layers
    return [replace(layer, low=None, high=None, p=None) for layer in layers if layer.name in ("raw", "calibrated")]


def _layer(layer: Layer) -> dict[str, Json]:
    large = max(layer.values.shape) > MOST_TABULATED
    return {
        "name": layer.name,
        "title": layer.title,
        "note": layer.note,
        "unit": layer.unit,
        "limit": layer.limit,
        "sources": list(layer.sources),
        "targets": list(layer.targets),
        "values": rows(layer.values),
        **{name: _known(getattr(layer, name)) for name in ("low", "high")},
        "p": None if large else _known(layer.p),
        "q": _known(layer.q, TESTED if large else EXACT),
    }


def _known(values: Transfers | None, decimals: int | None = None) -> list[list[Json]] | None:
    return None if values is None or np.isnan(values).all() else rows(values, decimals)


def rows(values: Transfers, decimals: int | None = None) -> list[list[Json]]:
    """Write a matrix as nested lists of numbers; without `decimals`, a large one is rounded to what can be seen."""
    kept = decimals or (EXACT if max(values.shape) <= MOST_TABULATED else SEEN)
    return [[_number(value, kept) for value in row] for row in values.tolist()]


def _graph(graph: TransferGraph) -> dict[str, Json]:
    places = {node.name: place for place, node in enumerate(graph.nodes)}
    edges = [[places[edge.source], places[edge.target], _number(edge.pgf), _number(edge.q)] for edge in graph.edges]
    return {**_short(asdict(graph)), "edges": edges}


def _number(value: float | None, decimals: int = EXACT) -> float | str | None:
    """Round a number.

    >>> _number(0.123456, 4), _number(float("-inf")), _number(float("nan"))
    (0.1235, '-inf', None)
    """
    if value is None or isnan(value):
        return None
    if isinf(value):
        return "inf" if value > 0 else "-inf"
    return round(value, decimals)


def _short(value: Json) -> Json:
    """Round every number in nested values, and turn arrays into lists."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, dict):
        return {name: _short(each) for name, each in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [_short(each) for each in value]
    return _number(value) if isinstance(value, float) else value
