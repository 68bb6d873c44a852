"""Verified mixtures: the choice beside its rivals, predicted against observed, and the best single source by dose."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spillover.analysis.additivity import PredictedCell
from spillover.analysis.dose_curve import DoseCurve
from spillover.analysis.verdict import ArmName
from spillover.analysis.verdict_words import CALLED
from spillover.core.numbers import percent
from spillover.report.drawing.canvas import INK, QUIET, new_figure, shorten
from spillover.report.figures.verdicts import COLOURS, MOST_NAMED, ArmEffect
from spillover.report.scales import spread_apart

LINE = 0.045
"""From one name to the next, at least, as a share of the axis."""


def draw_verdict(effects: Sequence[ArmEffect]) -> Figure:
    """Draw a group of bars for each target, and before them one for their mean where they are several."""
    groups = list(dict.fromkeys(effect.on for effect in effects))
    arms: list[ArmName] = [arm for arm in CALLED if any(effect.arm == arm for effect in effects)]
    figure, (axes,) = new_figure(min(1.6 + 0.35 * (len(arms) + 1) * len(groups), 12), 3.2)
    wide = 1 / (len(arms) + 1)
    for place, arm in enumerate(arms):
        shown = [effect for effect in effects if effect.arm == arm and isfinite(effect.effect.pgf)]
        x = [groups.index(effect.on) + (place - (len(arms) - 1) / 2) * wide for effect in shown]
        axes.bar(x, [effect.effect.pgf for effect in shown], wide * 0.9, color=COLOURS[arm], label=CALLED[arm])
        axes.vlines(
            x, [each.effect.low for each in shown], [each.effect.high for each in shown], color=INK, linewidth=0.8
        )
    axes.axhline(0, color=INK, linewidth=0.6)
    axes.set_xticks(range(len(groups)), [shorten(name) for name in groups], rotation=90 if len(groups) > 4 else 0)
    axes.set_ylabel("PGF")
    figure.legend(loc="outside lower center", ncols=2, fontsize=7)
    return figure


def draw_doses(curve: DoseCurve) -> Figure:
    """Draw the PGF of the best single source by dose; on the dashed line it is linear."""
    figure, (axes,) = new_figure(3.4, 2.8)
    doses = [*((point.dose, point.effect) for point in curve.points), (1.0, curve.whole)]
    axes.plot((0, 1), (0, curve.whole.pgf), color=QUIET, linewidth=0.8, linestyle="--")
    axes.axhline(0, color=QUIET, linewidth=0.4)
    for dose, effect in doses:
        axes.vlines(dose, effect.low, effect.high, color=INK, linewidth=0.8)
        axes.plot(dose, effect.pgf, "o", markersize=3.5, color=COLOURS["best single"])
    axes.set_xticks([dose for dose, _ in doses], [percent(dose) for dose, _ in doses])
    axes.set_xlabel(f"share of the examples of {shorten(curve.source)}")
    axes.set_ylabel("PGF")
    return figure


def draw_additivity(cells: Sequence[PredictedCell]) -> Figure:
    """Draw every mixture's observed PGF against the sum of its parts' effects; on the line the two are equal."""
    figure, (axes,) = new_figure(4.4, 3.8)
    for cell in cells:
        _draw_point(axes, cell)
    axes.axline((0, 0), slope=1, color=QUIET, linewidth=0.8, linestyle="--")
    axes.axhline(0, color=QUIET, linewidth=0.4)
    axes.axvline(0, color=QUIET, linewidth=0.4)
    axes.set_xlabel("predicted PGF: the effects of the parts added up")
    axes.set_ylabel("observed PGF")
    if len(cells) <= MOST_NAMED:  # last, when the axis is as long as it will be
        _name_points(axes, cells)
    return figure


def _draw_point(axes: Axes, cell: PredictedCell) -> None:
    x, y = cell.predicted, cell.observed
    axes.hlines(y.pgf, x.low, x.high, color=INK, alpha=0.3, linewidth=0.6)
    axes.vlines(x.pgf, y.low, y.high, color=INK, alpha=0.3, linewidth=0.6)
    axes.plot(x.pgf, y.pgf, "o", markersize=3.5, color=COLOURS["chosen"])


def _name_points(axes: Axes, cells: Sequence[PredictedCell]) -> None:
    """Name every point above its line, up or down until no two names overlap."""
    bottom, top = axes.get_ylim()
    places = spread_apart([cell.observed.pgf for cell in cells], LINE * (top - bottom))
    for cell, place in zip(cells, places, strict=True):
        axes.annotate(
            shorten(cell.source),
            (cell.predicted.pgf, place),
            xytext=(4, 1.5),
            textcoords="offset points",
            fontsize=6.5,
        )
