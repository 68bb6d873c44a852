"""All figures of the page as one JSON value, small enough to stand in it: numbers rounded to what can be seen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from math import floor, isinf, isnan, log10
from typing import Any

from spillover.analysis import Findings, ModelFindings
from spillover.analysis.shapes import Transfers
from spillover.report.figures.graph import TransferGraph, graph_of
from spillover.report.figures.lines import progress_of, scale_of
from spillover.report.figures.matrix import Layer, layers_of, orders_of
from spillover.report.figures.mixture import MixturePanel
from spillover.report.figures.profiles import profiles_of
from spillover.report.figures.weights import weights_of

Json = Any
DECIMALS = 4
MOST_DETAILED = 200
"""Tasks beyond which a page holds the values and q of the raw and the calibrated matrix alone, and no pairs of updates:
it would be too large to open."""


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
        "rate": findings.provenance.get("settings", {}).get("false_discovery_rate", 0.05),
        "confidence": findings.provenance.get("settings", {}).get("confidence", 0.95),
        "models": [_model(model, panels.get((model.model, model.protocol))) for model in findings.models],
        "scale": [_short(asdict(lines)) for lines in scale_of(findings)],
    }


def _model(model: ModelFindings, panel: MixturePanel | None) -> dict[str, Json]:
    progress, weights = progress_of(model), None if is_reduced(model) else weights_of(model)
    names = tuple(dict.fromkeys((*model.matrix.sources, *model.matrix.targets)))
    return {
        "title": model.title,
        "short": {name: model.matrix.abbreviations.get(name, name) for name in names},
        "orders": orders_of(model),
        "undefined": {f"{cell.source}→{cell.target}": cell.reason for cell in model.matrix.undefined},
        "base": {name: _number(record.accuracy) for name, record in model.base.items()},
        "calibrated_base": {name: _number(record.calibrated) for name, record in model.base.items()},
        "accuracy": [] if is_reduced(model) else rows(model.cells.accuracy),
        "layers": [_layer(layer) for layer in _held(model)],
        "graph": _graph(graph_of(model)),
        "profiles": _short(asdict(profiles_of(model))),
        "mixture": None if panel is None else panel.to_json(),
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
    return {
        "name": layer.name,
        "title": layer.title,
        "note": layer.note,
        "unit": layer.unit,
        "limit": layer.limit,
        "sources": list(layer.sources),
        "targets": list(layer.targets),
        "values": rows(layer.values),
        **{name: _known(getattr(layer, name)) for name in ("low", "high", "p", "q")},
    }


def _known(values: Transfers | None) -> list[list[Json]] | None:
    found = None if values is None else rows(values)
    return found if found and any(value is not None for row in found for value in row) else None


def rows(values: Transfers) -> list[list[Json]]:
    """Write a matrix as nested lists of rounded numbers."""
    return [[_number(value) for value in row] for row in values.tolist()]


def _graph(graph: TransferGraph) -> dict[str, Json]:
    places = {node.name: place for place, node in enumerate(graph.nodes)}
    edges = [[places[edge.source], places[edge.target], _number(edge.pgf), _number(edge.q)] for edge in graph.edges]
    return {**_short(asdict(graph)), "threshold": graph.threshold, "edges": edges}


def _number(value: float | None) -> float | str | None:
    """Round to four decimals, small numbers to three digits.

    >>> _number(0.123456), _number(0.0000123456), _number(float("-inf")), _number(float("nan"))
    (0.1235, 1.23e-05, '-inf', None)
    """
    if value is None or isnan(value):
        return None
    if isinf(value):
        return "inf" if value > 0 else "-inf"
    if 0 < abs(value) < 0.01:
        return round(value, 2 - floor(log10(abs(value))))
    return round(value, DECIMALS)


def _short(value: Json) -> Json:
    """Round every number in nested values, and turn arrays into lists."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, dict):
        return {name: _short(each) for name, each in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [_short(each) for each in value]
    return _number(value) if isinstance(value, float) else value
