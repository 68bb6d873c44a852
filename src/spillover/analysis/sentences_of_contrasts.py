"""In words: transfer against the answer prior, against controls, under another protocol, and along the training."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spillover.analysis.contrasts import ControlContrast
from spillover.analysis.findings import ModelFindings
from spillover.analysis.settings import AnalysisSettings
from spillover.analysis.wording import interval_in_words
from spillover.core.numbers import number, signed

MOST_NAMED = 3
"""Sources with a control that are named one by one."""


def say_contrasts(model: ModelFindings, settings: AnalysisSettings) -> Iterator[str]:
    """Say what is left of transfer against what else may have moved the answers, and how it came about.

    Complexity: O(cells).

    >>> from spillover.analysis import analyze
    >>> from spillover.analysis.cube import example_cube
    >>> settings = AnalysisSettings(replicates=0)
    >>> model = analyze(example_cube(), settings).models[0]
    >>> list(say_contrasts(model, settings))
    []
    """
    sayings = (_say_calibrated, _say_controls, _say_protocols, _say_progress)
    for say in sayings:
        yield from say(model, settings)


def _say_calibrated(model: ModelFindings, settings: AnalysisSettings) -> Iterator[str]:
    calibrated = model.calibrated
    if calibrated is None or calibrated.prior_part is None or calibrated.summary.mean is None:
        return
    part = calibrated.prior_part
    text = f"with the letter prior taken out the mean transfer is {number(calibrated.summary.mean, 4)}"
    if np.isfinite(part.mean):
        text += f"; {number(part.mean, 4)} is owed to the prior"
    if np.isfinite(part.mean_low):
        text += f" ({interval_in_words(part.mean_low, part.mean_high, settings)})"
    yield text + "."


def _say_controls(model: ModelFindings, settings: AnalysisSettings) -> Iterator[str]:
    for control in model.controls:
        difference = control.difference
        if np.isnan(difference.mean):
            continue
        added = f"{_who_adds(control, model)} {number(difference.mean, 4)} PGF on other tasks"
        text = f"against the {control.kind} control {added}"
        if np.isfinite(difference.mean_low):
            open_sign = ", so perception may add nothing" if difference.mean_low <= 0 <= difference.mean_high else ""
            text += f" ({interval_in_words(difference.mean_low, difference.mean_high, settings)}{open_sign})"
        yield text + "."


def _who_adds(control: ControlContrast, model: ModelFindings) -> str:
    """Name the sources that have the control, or count them where they are many."""
    sources, all_sources = control.control.sources, model.matrix.sources
    if len(sources) <= MOST_NAMED:
        return f"{', '.join(sources)} {'adds' if len(sources) == 1 else 'add'}"
    return (
        "all sources add" if len(sources) == len(all_sources) else f"{len(sources)} of {len(all_sources)} sources add"
    )


def _say_protocols(model: ModelFindings, _: AnalysisSettings) -> Iterator[str]:
    for contrast in model.protocols:
        if np.isfinite(contrast.difference.mean):
            mean = signed(contrast.difference.mean, 4)
            yield f"the mean transfer differs by {mean} PGF from that under {contrast.other}: owed to format."


def _say_progress(model: ModelFindings, _: AnalysisSettings) -> Iterator[str]:
    steps = [(step.fraction, step.summary.mean) for step in model.progress if step.summary.mean is not None]
    if len(steps) > 1:
        yield (
            "mean transfer by training progress: "
            + ", ".join(f"{number(mean, 4)} at {part:.0%}" for part, mean in steps)
            + "."
        )
