"""Which figures and tables there are of findings, each with its numbers and its caption."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from matplotlib.figure import Figure

from spillover.analysis import Findings, ModelFindings, TransferMatrix
from spillover.analysis.differences import differences_of
from spillover.report.drawing.captions import (
    additivity_caption,
    doses_caption,
    graph_caption,
    heatmap_caption,
    lines_caption,
    of_whom,
    profiles_caption,
    training_caption,
    variance_caption,
    verdict_caption,
    weights_caption,
)
from spillover.report.drawing.charts import draw_lines, draw_profiles, draw_training, draw_variance, draw_weights
from spillover.report.drawing.graph import draw_graph
from spillover.report.drawing.heatmap import draw_heatmap
from spillover.report.drawing.verdicts import draw_additivity, draw_doses, draw_verdict
from spillover.report.figures.graph import graph_of
from spillover.report.figures.lines import progress_of, scale_of
from spillover.report.figures.matrix import Layer, layers_of
from spillover.report.figures.profiles import profiles_of
from spillover.report.figures.rows import (
    Rows,
    clique_rows,
    difference_rows,
    dose_rows,
    graph_rows,
    group_rows,
    layer_rows,
    line_rows,
    prediction_rows,
    profile_rows,
    training_rows,
    variance_rows,
    verdict_rows,
    weight_rows,
)
from spillover.report.figures.training import training_of
from spillover.report.figures.variance import variance_of
from spillover.report.figures.verdicts import arm_effects, mixture_layers
from spillover.report.figures.weights import weights_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A figure, or a table, that is to be written."""

    name: str
    rows: Rows
    draw: Callable[[], Figure] | None = None
    """None where the numbers stand as a table alone."""
    caption: str = ""
    """Of a figure that is drawn."""


def drawings_of(model: ModelFindings) -> Iterator[Drawing]:
    """List the figures of one model: verdicts of mixtures, then the matrices and what they are made of."""
    yield from _of_mixtures(model)
    confidence = model.settings.confidence
    if (training := training_of(model)) is not None:
        yield Drawing(
            name="training",
            rows=training_rows(model.training),
            draw=lambda: draw_training(training),
            caption=training_caption(training, model),
        )
    if model.is_about_mixtures:
        return
    yield from _heatmaps(model, layers_of(model), model.matrix)
    graph, profiles, bars = graph_of(model), profiles_of(model), variance_of(model)
    yield Drawing(
        name="graph", rows=graph_rows(graph), draw=lambda: draw_graph(graph), caption=graph_caption(graph, model)
    )
    cliques = clique_rows(model.positive_cliques.cliques, model.negative_cliques.cliques)
    yield Drawing(name="cliques", rows=cliques)
    yield Drawing(name="groups", rows=group_rows(model.groups))
    yield Drawing(
        name="profiles",
        rows=profile_rows(profiles),
        draw=lambda: draw_profiles(profiles, confidence),
        caption=profiles_caption(profiles, model),
    )
    if bars:
        yield Drawing(
            name="variance", rows=variance_rows(bars), draw=lambda: draw_variance(bars), caption=variance_caption(model)
        )
    if (progress := progress_of(model)) is not None:
        yield Drawing(
            name="progress",
            rows=line_rows(progress),
            draw=lambda: draw_lines(progress),
            caption=lines_caption(progress, confidence, of_whom(model)),
        )
    if (weights := weights_of(model)) is not None:
        yield Drawing(
            name="weights",
            rows=weight_rows(weights),
            draw=lambda: draw_weights(weights),
            caption=weights_caption(model),
        )


def _of_mixtures(model: ModelFindings) -> Iterator[Drawing]:
    for place, verdict in enumerate(model.verdicts, 1):
        effects = arm_effects(verdict)
        name = "verdict" if place == 1 else f"verdict_{place}"
        yield Drawing(
            name=name,
            rows=verdict_rows(effects),
            draw=lambda of=effects: draw_verdict(of),
            caption=verdict_caption(verdict, model),
        )
        if (curve := verdict.dose_curve) is not None:
            name = name.replace("verdict", "doses")
            yield Drawing(
                name=name,
                rows=dose_rows(curve),
                draw=lambda of=curve: draw_doses(of),
                caption=doses_caption(curve, model),
            )
    if model.additivity is not None:
        cells = model.additivity.cells
        yield Drawing(
            name="additivity",
            rows=prediction_rows(cells),
            draw=lambda: draw_additivity(cells),
            caption=additivity_caption(model),
        )
    if model.mixtures is not None:
        yield from _heatmaps(model, mixture_layers(model), model.mixtures.matrix)


def _heatmaps(model: ModelFindings, layers: Iterable[Layer], matrix: TransferMatrix) -> Iterator[Drawing]:
    """Draw layers in the order, and under the names, that a matrix has."""
    order, short = list(dict.fromkeys((*matrix.sources, *matrix.targets))), matrix.abbreviations
    rate = model.settings.false_discovery_rate
    for layer in layers:
        name = "heatmap" if layer.name == "raw" else f"heatmap_{layer.name.replace(' ', '_')}"
        yield Drawing(
            name=name,
            rows=layer_rows(layer),
            draw=lambda of=layer: draw_heatmap(of, order, short, rate),
            caption=heatmap_caption(layer, matrix, model),
        )


def drawings_across(findings: Findings) -> Iterator[Drawing]:
    """List the figures of several models, and the table of what changes from one to the next."""
    for place, lines in enumerate(scale_of(findings)):
        yield Drawing(
            name="scale" if place == 0 else f"scale_{place + 1}",
            rows=line_rows(lines),
            draw=lambda of=lines: draw_lines(of),
            caption=lines_caption(lines, findings.settings.confidence, f"Models: {', '.join(lines.ticks)}."),
        )
    yield Drawing(name="differences", rows=difference_rows(differences_of(findings)))
