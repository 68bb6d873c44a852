"""Figures of findings, for notebooks and papers: `spillover.plot_heatmap(findings)` and the rest."""

from __future__ import annotations

from matplotlib.figure import Figure

from spillover.analysis import Findings, ModelFindings
from spillover.core.errors import AnalysisError, nearest
from spillover.report.drawing.canvas import paper_style
from spillover.report.drawing.charts import draw_lines, draw_profiles, draw_training, draw_variance, draw_weights
from spillover.report.drawing.graph import draw_graph
from spillover.report.drawing.heatmap import draw_heatmap
from spillover.report.drawing.verdicts import draw_additivity, draw_verdict
from spillover.report.figures.graph import graph_of
from spillover.report.figures.lines import progress_of, scale_of
from spillover.report.figures.matrix import layers_of, orders_of
from spillover.report.figures.profiles import profiles_of
from spillover.report.figures.training import training_of
from spillover.report.figures.variance import variance_of
from spillover.report.figures.verdicts import arm_effects
from spillover.report.figures.weights import weights_of

MOST_INCHES = 40
"""Of a figure's width: that of a poster."""


def plot_heatmap(
    findings: Findings | ModelFindings,
    layer: str = "raw",
    order: str = "as studied",
    rate: float | None = None,
    *,
    title: str | None = None,
    width: float | None = None,
) -> Figure:
    """Draw a matrix of transfers; harms are hatched, what stands a test is framed.

    Args:
        findings: of one model.
        layer: `raw`, `calibrated`, `prior`, `specific`, `points`, or of a control (`control shuffled`,
            `against shuffled`) or another protocol (`format`), where the findings have them.
        order: `as studied`, `by name`, `by level`, `by similarity`.
        rate: the false discovery rate of what is framed; None takes the one that was analysed with.
        title: above the matrix; None says which matrix it is and of which model, and "" leaves it out, as for a paper.
        width: of the figure in inches, at least 1; None takes what the cells need, at most 10.

    Raises:
        AnalysisError: the findings are of several models, or have no such layer or order, or `width` is out of range.
    """
    model = only_model(findings)
    layers, orders = {each.name: each for each in layers_of(model)}, orders_of(model)
    if layer not in layers:
        raise AnalysisError(f"there is no layer {layer!r}; {nearest(layer, layers)}")
    if order not in orders:
        raise AnalysisError(f"there is no order {order!r}; {nearest(order, orders)}")
    if width is not None and not 1 <= width <= MOST_INCHES:
        raise AnalysisError(f"width is {width}, which must be from 1 to {MOST_INCHES} inches")
    shown = layers[layer]
    title = f"{shown.title} · {shown.model}" if title is None else title
    rate = model.settings.false_discovery_rate if rate is None else rate
    with paper_style():
        return draw_heatmap(shown, orders[order], model.matrix.abbreviations, rate, title=title, width=width)


def plot_graph(findings: Findings | ModelFindings, threshold: float | None = None) -> Figure:
    """Draw the transfer graph.

    Args:
        findings: of one model.
        threshold: the least |PGF| that is drawn; None takes one at which the graph is readable.

    Raises:
        AnalysisError: the findings are of several models.
    """
    with paper_style():
        return draw_graph(graph_of(only_model(findings)), threshold)


def plot_profiles(findings: Findings | ModelFindings) -> Figure:
    """Draw transferability against malleability, with intervals and what noise alone would give.

    Raises:
        AnalysisError: the findings are of several models, or no task is both source and target.
    """
    model = only_model(findings)
    profiles = profiles_of(model)
    if not profiles.positive:
        raise AnalysisError("no task is both source and target, so none has both a transferability and a malleability")
    with paper_style():
        return draw_profiles(profiles, model.settings.confidence)


def plot_variance(findings: Findings | ModelFindings) -> Figure:
    """Draw whose the spread of transfers is: the target's, the source's, the pair's.

    Raises:
        AnalysisError: the findings are of several models, or too few tasks take part.
    """
    bars = variance_of(only_model(findings))
    if not bars:
        raise AnalysisError("there are no variance shares: fewer than two sources or targets, or nothing varies")
    with paper_style():
        return draw_variance(bars)


def plot_scale(findings: Findings) -> Figure:
    """Draw averages by model, from the smallest to the largest, of the first protocol that several models share.

    Raises:
        AnalysisError: the findings are one of `findings.models`, or no two models share a protocol.
    """
    if isinstance(findings, ModelFindings):  # pyright: ignore[reportUnnecessaryIsInstance] (what others take)
        raise AnalysisError(
            f"plot_scale takes findings of several models, and {findings.title} is one of them",
            hint="give the findings themselves, not one of findings.models",
        )
    scale = scale_of(findings)
    if not scale:
        raise AnalysisError("there is one model, or no two share a protocol", hint="analyze several models together")
    with paper_style():
        return draw_lines(scale[0])


def plot_progress(findings: Findings | ModelFindings) -> Figure:
    """Draw averages along the training.

    Raises:
        AnalysisError: the findings are of several models, or only the end of training was scored.
    """
    progress = progress_of(only_model(findings))
    if progress is None:
        hint = "give a study checkpoints, such as training: {checkpoints: [0.5, 1.0]}"
        raise AnalysisError("only the end of training was scored", hint=hint)
    with paper_style():
        return draw_lines(progress)


def plot_training(findings: Findings | ModelFindings) -> Figure:
    """Draw the loss of every source by optimiser step, the mean over its seeds; of more than 20 sources a band.

    Raises:
        AnalysisError: the findings are of several models, or no log of a finetune was at hand.
    """
    training = training_of(only_model(findings))
    if training is None:
        raise AnalysisError("no log of a finetune is at hand", hint="use analyze_study on the folder of a study")
    with paper_style():
        return draw_training(training)


def plot_weights(findings: Findings | ModelFindings) -> Figure:
    """Draw the similarity of weight updates against transfer.

    Raises:
        AnalysisError: the findings are of several models, or the adapters were not at hand.
    """
    weights = weights_of(only_model(findings))
    if weights is None:
        raise AnalysisError(
            "the adapters are not at hand", hint="analyze the folder of a study that keeps its adapters"
        )
    with paper_style():
        return draw_weights(weights)


def plot_verdict(findings: Findings | ModelFindings) -> Figure:
    """Draw the PGF of a verified mixture beside its rivals', by target; of several the first.

    Raises:
        AnalysisError: the findings are of several models, or no mixture is verified.
    """
    verdicts = only_model(findings).verdicts
    if not verdicts:
        raise AnalysisError(
            "no mixture is verified here", hint="write a study that does: spillover mix PATH --study FILE"
        )
    with paper_style():
        return draw_verdict(arm_effects(verdicts[0]))


def plot_additivity(findings: Findings | ModelFindings) -> Figure:
    """Draw what mixtures did against the sum of their parts' effects.

    Raises:
        AnalysisError: the findings are of several models, or nothing was predicted of a mixture.
    """
    additivity = only_model(findings).additivity
    if additivity is None:
        raise AnalysisError("nothing was predicted of a mixture here", hint="train on one that spillover mix wrote")
    with paper_style():
        return draw_additivity(additivity.cells)


def only_model(findings: Findings | ModelFindings) -> ModelFindings:
    """Take the one model of findings.

    Raises:
        AnalysisError: there are several.
    """
    if isinstance(findings, ModelFindings):
        return findings
    if len(findings.models) != 1:
        names = ", ".join(model.title for model in findings.models)
        raise AnalysisError(f"the findings are of several models: {names}", hint="give one of findings.models")
    return findings.models[0]
