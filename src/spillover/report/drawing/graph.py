"""The transfer graph: tasks on a circle, arrows that help in blue, those that harm dashed in red."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch

from spillover.core.numbers import fixed
from spillover.report.drawing.canvas import INK, colour_of_sign, new_figure, shorten
from spillover.report.figures.graph import TransferGraph
from spillover.report.words import left_out_prefix

MOST_NAMED = 80
MOST_EXPLAINED = 30
"""Tasks beyond which there is no room to say what their abbreviations mean."""
BENDS = 0.25, -0.05
"""Of arrows with the circle's middle on their right, and on their left; both bend to that side (matplotlib's `rad`)."""


def draw_graph(graph: TransferGraph, threshold: float | None = None) -> Figure:
    """Draw the transfers of at least a magnitude.

    Args:
        graph: where the tasks stand, and all transfers.
        threshold: of |PGF|; None takes the one at which a graph is readable.
    """
    least = graph.threshold if threshold is None else threshold
    figure, (axes,) = new_figure(7.0 if _abbreviations(graph) else 5.2, 5.5)
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.set_xlim(-0.08, 1.08)
    axes.set_ylim(1.08, -0.08)
    places = {node.name: (node.x, node.y) for node in graph.nodes}
    size = min(13.0, 300 / len(graph.nodes))
    for edge in reversed([edge for edge in graph.edges if abs(edge.pgf) >= least]):
        arrow = axes.add_patch(
            FancyArrowPatch(
                places[edge.source],
                places[edge.target],
                connectionstyle=f"arc3,rad={_bend(places[edge.source], places[edge.target])}",
                arrowstyle="-|>,head_length=4,head_width=2",
                shrinkA=size,
                shrinkB=size,
                linewidth=0.4 + 2.6 * min(abs(edge.pgf) / (graph.strongest or 1), 1),
                linestyle=_dashes(edge.pgf),
                color=colour_of_sign(edge.pgf),
                alpha=0.75,
            )
        )
        arrow.set_in_layout(False)
    for node in graph.nodes:
        axes.plot(node.x, node.y, "o", markersize=size * 1.7, color="white", markeredgecolor=INK, markeredgewidth=0.8)
        if len(graph.nodes) <= MOST_NAMED:
            axes.text(node.x, node.y, node.short[:4], ha="center", va="center", fontsize=min(8, size * 0.6))
    _explain(figure, graph, least)
    return figure


def _explain(figure: Figure, graph: TransferGraph, least: float) -> None:
    """Say what arrows and short names mean."""
    widest = fixed(graph.strongest, 2)
    keys = [Line2D([], [], color=colour_of_sign(sign), linestyle=_dashes(sign), linewidth=1.4) for sign in (1, -1)]
    texts = ["helps", "harms"]
    prefix = left_out_prefix({node.name: node.short for node in graph.nodes})
    without = f"\nnames without {prefix}" if prefix else ""
    title = f"|PGF| of at least {fixed(least, 2)}; the widest {widest}{without}"
    figure.legend(keys, texts, title=title, loc="outside lower center", ncols=2, fontsize=7, title_fontsize=7)
    told = _abbreviations(graph)
    if told:
        nothing = [Line2D([], [], linestyle="none")] * len(told)
        figure.legend(nothing, told, loc="outside right upper", fontsize=7, handlelength=0, handletextpad=0)


def _abbreviations(graph: TransferGraph) -> list[str]:
    """What short names mean that are not the ends of names; none where there is no room for all."""
    named = sorted((node.short[:4], shorten(node.name)) for node in graph.nodes if not node.name.endswith(node.short))
    return [f"{short}  {name}" for short, name in named] if len(named) <= MOST_EXPLAINED else []


def _dashes(sign: float) -> Any:
    return "-" if sign > 0 else (0, (4, 2))


def _bend(source: tuple[float, float], target: tuple[float, float]) -> float:
    """Bend an arrow towards the middle, away from the tasks between its ends, and its way back less, beside it.

    Of two through the middle itself each bends to its own right.
    """
    (x, y), (x_end, y_end) = source, target
    turn = (x_end - x) * (0.5 - y) - (y_end - y) * (0.5 - x)
    right, left = BENDS
    return right if turn > -1e-9 else left
