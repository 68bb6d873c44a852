"""Turns of phrase that several sentences share."""

from __future__ import annotations

import numpy as np

from spillover.analysis.frame import Frame
from spillover.analysis.settings import AnalysisSettings
from spillover.core.numbers import number


def interval_in_words(low: float, high: float, settings: AnalysisSettings) -> str:
    """Write an interval.

    Complexity: O(1).

    >>> interval_in_words(-0.05, 0.1, AnalysisSettings())
    '95% interval −0.050 to 0.100'
    """
    return f"{settings.confidence:.0%} interval {number(low)} to {number(high)}"


def among_in_words(frame: Frame) -> str:
    """Say what a figure is about where it leaves out sources that are no targets, or the reverse.

    Complexity: O(cells).
    """
    if np.array_equal(frame.transfer, frame.reference):
        return ""
    return f" among the {frame.common} tasks that are both source and target"
