"""What a verified mixture and its rivals came to, and what every mixture did: the numbers, not yet drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from spillover.analysis import ModelFindings
from spillover.analysis.additivity import Additivity, PredictedCell
from spillover.analysis.paired import Estimate
from spillover.analysis.verdict import Arm, ArmContrast, ArmName, Verdict
from spillover.report.colours import saturation
from spillover.report.figures.matrix import Layer, describe_layer, over_seeds

MEAN = "mean"
MOST_NAMED = 12
"""Mixtures beyond which points are not named."""
COLOURS: dict[ArmName, str] = {"chosen": "#2166ac", "random": "#8c8c8c", "best single": "#e08214", "direct": "#1b7837"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmEffect:
    """One way to choose training data, on one target or on the mean of several."""

    on: str
    arm: ArmName
    sources: tuple[str, ...]
    effect: Estimate
    """PGF against the base."""
    difference: Estimate | None
    """The chosen mixture minus this; None for itself, and where both are one source."""
    outcome: str
    """Whether the chosen mixture is better or worse; only on the mean of all targets, where the verdict is given."""


def arm_effects(verdict: Verdict) -> list[ArmEffect]:
    """List the mean of the targets, then each where they are several; the chosen mixture first.

    Complexity: O(rivals · targets).
    """
    contrasts = {contrast.rival: contrast for contrast in verdict.contrasts}
    targets = list(verdict.settings.targets)
    first, *_ = groups = [MEAN, *targets] if len(targets) > 1 else targets
    effects: list[ArmEffect] = []
    for on in groups:
        for arm in verdict.arms:
            contrast = contrasts.get(arm.name)
            compared = contrast is not None and contrast.outcome != "same"
            effects.append(
                ArmEffect(
                    on=on,
                    arm=arm.name,
                    sources=arm.sources,
                    effect=_on(arm, on),
                    difference=_on(contrast, on) if contrast and compared else None,
                    outcome=contrast.outcome if contrast and on == first else "",
                )
            )
    return effects


def _on(found: Arm | ArmContrast, group: str) -> Estimate:
    return found.overall if group == MEAN else found.by_target[group]


def predicted_cells(additivity: Additivity, verdicts: Sequence[Verdict]) -> list[PredictedCell]:
    """Pick the predictions on what mixtures were chosen for; of a study that verifies none, all of them."""
    targets = {target for verdict in verdicts for target in verdict.settings.targets}
    return [cell for cell in additivity.cells if cell.target in targets or not targets]


def mixture_layers(model: ModelFindings) -> list[Layer]:
    """Lay out what mixtures did to every target, raw and with the answer prior taken out, on one scale of colours.

    Complexity: O(cells).
    """
    found = model.mixtures
    if found is None:
        return []
    layer = Layer(
        name="mixtures",
        title="PGF of mixtures",
        note=f"rows are mixtures of tasks; {over_seeds(model)}",
        sources=found.matrix.sources,
        targets=found.matrix.targets,
        values=found.matrix.values,
        low=found.inference.low,
        high=found.inference.high,
        limit=saturation(found.matrix.values.ravel()),
    )
    if found.calibrated is None:
        return [describe_layer(layer, model)]
    calibrated = Layer(
        name="mixtures calibrated",
        title="PGF of mixtures, answer prior taken out",
        note="what is left once the answers that a model prefers anyway are taken out",
        sources=layer.sources,
        targets=layer.targets,
        values=found.calibrated.values,
        limit=layer.limit,
    )
    return [describe_layer(layer, model), describe_layer(calibrated, model)]
