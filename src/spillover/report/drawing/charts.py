"""The other figures: profiles, variance shares, lines along an axis, training, weights against transfer."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from spillover.core.numbers import percent
from spillover.report.drawing.canvas import INK, QUIET, colour_of_sign, new_figure, shorten
from spillover.report.drawing.labels import name_points
from spillover.report.figures.lines import Lines
from spillover.report.figures.profiles import ProfilePoint, Profiles
from spillover.report.figures.tasks import Amount
from spillover.report.figures.training import TrainingFigure
from spillover.report.figures.variance import PARTS, ShareBar
from spillover.report.figures.weights import WeightPairs

SHARE_COLOURS = {
    "target": "#c9903a",
    "source_given_target": "#3f7f78",
    "interaction": "#3d4f74",
    "seed_noise": "#d4d2cc",
}
LINES = [("#1b1d22", "-"), ("#2166ac", "-"), ("#b2182b", "-"), ("#5b8fc4", "--"), ("#d0707c", "--")]
MOST_NAMED = 60


def draw_profiles(profiles: Profiles, confidence: float) -> Figure:
    """Draw what tasks give against what they take, help and harm beside each other.

    Args:
        profiles: of all tasks.
        confidence: of their intervals, 0–1.
    """
    figure, (left, right) = new_figure(7.2, 3.6, columns=2)
    _profile(left, profiles.positive, "help", "+")
    _profile(right, profiles.negative, "harm", "−")
    _explain_profiles(figure, profiles, confidence)
    for axes, points in ((left, profiles.positive), (right, profiles.negative)):
        if 0 < len(points) <= MOST_NAMED:  # last, when all axes are as they will be
            places = [(point.gives.value, point.takes.value) for point in points]
            name_points(figure, axes, [point.short for point in points], places)
    return figure


def _explain_profiles(figure: Figure, profiles: Profiles, confidence: float) -> None:
    """Say what bars and the box mean, where there are any."""
    amounts = [side for point in (*profiles.positive, *profiles.negative) for side in (point.gives, point.takes)]
    keys: list[tuple[Artist, str]] = []
    if not all(isnan(amount.low) for amount in amounts):
        keys.append((Line2D([], [], color=QUIET, linewidth=0.6), f"{percent(confidence)} interval"))
    if not all(isnan(amount.floor) for amount in amounts):
        box = Rectangle((0, 0), 1, 1, color=QUIET, alpha=0.16, linewidth=0)
        keys.append((box, "what noise alone gives, on average"))
    if keys:
        handles, texts = zip(*keys, strict=True)
        figure.legend(handles, texts, loc="outside lower center", ncols=2, fontsize=7)


def _profile(axes: Axes, points: Sequence[ProfilePoint], title: str, mark: str) -> None:
    sign = 1 if mark == "+" else -1
    colour = colour_of_sign(sign)
    floors = [[getattr(point, side).floor for point in points] for side in ("gives", "takes")]
    known = [np.array(side)[~np.isnan(side)] for side in floors]
    if all(side.size for side in known):
        axes.add_patch(Rectangle((0, 0), known[0].mean(), known[1].mean(), color=QUIET, alpha=0.16, linewidth=0))
    for point in points:
        x, y = point.gives.value, point.takes.value
        axes.errorbar(
            x, y, xerr=_errors(point.gives), yerr=_errors(point.takes), color=colour, alpha=0.25, linewidth=0.6
        )
        axes.plot(x, y, "o", markersize=3.5, color=colour)
    axes.set_xlim(*_from_zero([point.gives for point in points], sign))
    axes.set_ylim(*_from_zero([point.takes for point in points], sign))
    axes.locator_params(nbins=5)
    axes.set_title(title)
    axes.set_xlabel(f"gives: transferability {mark}")
    axes.set_ylabel(f"takes: malleability {mark}")


def _from_zero(amounts: Sequence[Amount], sign: int) -> tuple[float, float]:
    """Room for the points, what noise gives, and the whole intervals: one that is cut would look like a shorter one."""
    ends = [end for each in amounts for end in (each.value, each.floor, each.low, each.high)]
    far = 1.06 * max([0.005, *(abs(end) for end in ends if not isnan(end))])
    return (-0.04 * far, far) if sign > 0 else (-far, 0.04 * far)


def _errors(amount: Amount) -> list[list[float]] | None:
    if isnan(amount.low) or isnan(amount.high):
        return None
    return [[max(amount.value - amount.low, 0.0)], [max(amount.high - amount.value, 0.0)]]


def draw_variance(bars: Sequence[ShareBar]) -> Figure:
    """Draw whose the spread of transfers is, one bar a measure."""
    figure, (axes,) = new_figure(6.4, 0.9 + 0.45 * len(bars))
    for place, bar in enumerate(bars):
        start = 0.0
        for share in bar.shares:
            axes.barh(place, share.share, left=start, height=0.62, color=SHARE_COLOURS[share.part])
            if share.share >= 0.05:
                ink = INK if share.part in ("seed_noise", "target") else "white"
                text = percent(share.share)
                axes.text(start + share.share / 2, place, text, ha="center", va="center", fontsize=7, color=ink)
            start += share.share
    axes.set_yticks(range(len(bars)), [bar.title for bar in bars])
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xticks([])
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    handles = [Rectangle((0, 0), 1, 1, color=SHARE_COLOURS[part]) for part in PARTS]
    figure.legend(handles, list(PARTS.values()), loc="outside lower center", ncols=2, fontsize=7)
    return figure


def draw_lines(lines: Lines) -> Figure:
    """Draw quantities along an axis, with their intervals."""
    figure, (axes,) = new_figure(5.2, 3.2)
    axes.axhline(0, color=QUIET, linewidth=0.6)
    places = np.arange(len(lines.ticks))
    for number, (line, (colour, style)) in enumerate(zip(lines.lines, LINES, strict=False)):
        x = places + (number - (len(lines.lines) - 1) / 2) * 0.03
        axes.plot(x, line.values, style, marker="o", markersize=3.5, color=colour, linewidth=1.2, label=line.name)
        axes.vlines(x, line.low, line.high, color=colour, alpha=0.5, linewidth=0.8)
    axes.set_xticks(places, lines.ticks)
    axes.set_xlabel(lines.axis)
    axes.set_title(lines.title)
    axes.legend(fontsize=7)
    return figure


def draw_training(training: TrainingFigure) -> Figure:
    """Draw the loss by step, a line a source; of many the median and the ends, in the band of all."""
    figure, (axes,) = new_figure(6.4, 3.4)
    if training.band is not None:
        least, greatest = training.band
        axes.fill_between(least.steps, least.loss, greatest.loss, color=QUIET, alpha=0.2, linewidth=0)
    for place, line in enumerate(training.lines):
        colour = mpl.colormaps["tab20"](place % 20)
        axes.plot(line.steps, line.loss, color=colour, linewidth=1.0, label=shorten(line.name))
    axes.set_ylim(bottom=0)
    axes.set_xlabel("optimiser step")
    axes.set_ylabel("loss")
    figure.legend(loc="outside right upper", fontsize=6.5)
    return figure


def draw_weights(weights: WeightPairs) -> Figure:
    """Draw the similarity of two tasks' weight updates against the PGF from one to the other."""
    figure, (axes,) = new_figure(4.4, 3.2)
    axes.axhline(0, color=QUIET, linewidth=0.6)
    axes.scatter(
        [pair.cosine for pair in weights.pairs],
        [pair.pgf for pair in weights.pairs],
        s=10,
        alpha=0.6,
        linewidths=0,
        c=[colour_of_sign(pair.pgf) for pair in weights.pairs],
    )
    axes.set_xlabel("cosine between the two weight updates")
    axes.set_ylabel("PGF")
    axes.set_title(weights.correlation.in_words.replace(", ", ",\n"))  # on one line it would leave the figure
    return figure
