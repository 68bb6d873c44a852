"""How the loss fell in training: a line a source, and of many sources a band with those at its edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spillover.analysis import ModelFindings
from spillover.analysis.training import TrainingCurve
from spillover.core.numbers import number
from spillover.report.words import readable

MOST_LINES = 20
"""Sources beyond which lines could not be told apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LossLine:
    """One source's loss by step, the mean over its seeds."""

    name: str
    steps: tuple[int, ...]
    loss: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingFigure:
    """What is drawn of a model's training."""

    sources: int
    lines: tuple[LossLine, ...]
    """Every source; of more than `MOST_LINES` the median, and the sources that end lowest and highest."""
    band: tuple[LossLine, LossLine] | None = None
    """The least and the greatest loss of any source at each step; None where every source has its line."""

    @property
    def caption(self) -> str:
        """What the figure shows, in words."""
        shown = f"{len(self.lines)} sources"
        if self.band is not None:
            shown = f"the median of {self.sources} sources, the two that end lowest and highest, and the range of all"
        ends = [line.loss[-1] for line in self.band or self.lines]
        return f"loss by optimiser step, {shown}; it ends between {number(min(ends), 2)} and {number(max(ends), 2)}"


def training_of(model: ModelFindings) -> TrainingFigure | None:
    """Gather the curves of a model's finetunes; None where no log of any is at hand.

    Complexity: O(finetunes · points).
    """
    curves = [curve for curve in model.training if curve.steps]
    if not curves:
        return None
    named: dict[str, list[TrainingCurve]] = {}
    for curve in curves:
        named.setdefault(_title(curve), []).append(curve)
    lines = [_average(name, group) for name, group in named.items()]
    if len(lines) <= MOST_LINES:
        return TrainingFigure(sources=len(lines), lines=tuple(lines))
    lowest, *_, highest = sorted(lines, key=lambda line: line.loss[-1])
    edges = [_across(lines, name, share) for name, share in (("least", 0), ("median", 50), ("greatest", 100))]
    return TrainingFigure(sources=len(lines), lines=(edges[1], lowest, highest), band=(edges[0], edges[2]))


def _title(curve: TrainingCurve) -> str:
    return readable(curve.source) if curve.control is None else f"{readable(curve.source)} ({curve.control})"


def _average(name: str, curves: Sequence[TrainingCurve]) -> LossLine:
    """Average over seeds; seeds that were trained for other steps than the first are left out of it."""
    steps = curves[0].steps
    alike = [curve.loss for curve in curves if curve.steps == steps]
    return LossLine(name=name, steps=steps, loss=tuple(np.mean(alike, axis=0).tolist()))


def _across(lines: Sequence[LossLine], name: str, percentile: float) -> LossLine:
    steps = lines[0].steps
    alike = [line.loss for line in lines if line.steps == steps]
    return LossLine(name=name, steps=steps, loss=tuple(np.percentile(alike, percentile, axis=0).tolist()))
