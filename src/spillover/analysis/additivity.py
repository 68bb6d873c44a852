"""Do effects add up? What mixtures were predicted to do, `Σ share · PGF`, against what they did when they were run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from spillover.analysis.context import Context
from spillover.analysis.cube import ScoreCube
from spillover.analysis.paired import Estimate, Paired, infer_effect
from spillover.tasks.settings import Recipe

FEWEST = 3
"""Predictions other than 0 that a slope is taken through: through fewer, any line fits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictedCell:
    """One mixture on one target."""

    source: str
    target: str
    predicted: Estimate
    observed: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How predictions and observations go together, over mixtures and targets."""

    cells: int
    slope: float
    """Of observed on predicted, through 0: 1 where effects add up, above 1 where a share of a source does more than
    that share of its effect (it saturates); NaN where fewer than three predictions are other than 0."""
    low: float
    """End of the slope's interval, predictions taken as they are, and observations as if they all erred alike, since
    they share a base: too wide rather than too narrow."""
    high: float
    miss: float
    """Root mean square of observed − predicted, PGF."""
    miss_of_no_change: float
    """The same of whoever predicts that nothing changes: what the prediction must beat to be worth anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dose:
    """That mixtures were trained on another number of examples than the sources that their predictions come from."""

    measured_with: int
    """Training examples of each source, there."""
    trained_on: int
    """Training examples of the mixture, here."""


def other_dose(recipe: Recipe) -> Dose | None:
    """Compare the dose that was predicted from with the one that was given; None where they are equal, or not known.

    Complexity: O(parts).

    >>> other_dose(Recipe(parts={"Jigsaw": 300, "Counting": 700}, measured_with=2000))
    Dose(measured_with=2000, trained_on=1000)
    """
    trained_on = sum(recipe.parts.values())
    if recipe.measured_with in (None, trained_on):
        return None
    return Dose(measured_with=recipe.measured_with, trained_on=trained_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Additivity:
    """What came of the mixtures that a study ran."""

    cells: tuple[PredictedCell, ...]
    overall: Agreement
    on_targets: Agreement | None
    """On the targets that a mixture was chosen for; None where none was, or where all are such."""
    other_doses: tuple[Dose, ...]
    """Each once. A prediction is linear in the dose too, so what misses there tells of both assumptions."""
    without: dict[str, Agreement]
    """By part: the agreement of the mixtures that hold none of it, so that no one part decides alone. Parts that all
    mixtures hold are left out."""


def check_additivity(cube: ScoreCube, calibrated: ScoreCube | None, context: Context) -> Additivity | None:
    """Hold every mixture's predictions against its scores.

    Args:
        cube: scores; it knows its mixtures, and what they were chosen for.
        calibrated: the same with the answer prior taken out: a mixture is read as it was predicted.
        context: ceilings and confidence.

    Returns:
        None where nothing was predicted of a mixture that is in the cube.

    Complexity: O(seeds · mixtures · examples) a target.
    """
    recipes = {source: recipe for source, recipe in cube.mixtures.items() if source in cube.sources}
    cells = [
        cell
        for source, recipe in recipes.items()
        if (measured := cube if recipe.measure == "raw" else calibrated) is not None
        for cell in _cells(measured, source, recipe, context)
    ]
    if not cells:
        return None
    targets = {target for asked in cube.verifications for target in asked.targets}
    meant = [cell for cell in cells if cell.target in targets]
    told = {cell.source: other_dose(recipes[cell.source]) for cell in cells}
    return Additivity(
        cells=tuple(cells),
        overall=_agree(cells),
        on_targets=_agree(meant) if 0 < len(meant) < len(cells) else None,
        other_doses=tuple(dict.fromkeys(dose for dose in told.values() if dose is not None)),
        without=_leave_out([(cell, recipes[cell.source].parts) for cell in cells]),
    )


def pool_additivity(
    studies: Sequence[tuple[Additivity, Mapping[str, Recipe]]],
) -> tuple[Agreement, dict[str, Agreement]]:
    """Hold the mixtures of several studies together against what was predicted of them: one alone has few.

    Args:
        studies: what came of each, and its mixtures by name, which may be called alike in several.

    Returns:
        Over all pairs; and by part, without the mixtures of all studies that hold it.

    Complexity: O(parts · cells).
    """
    cells = [(cell, recipes[cell.source].parts) for found, recipes in studies for cell in found.cells]
    return _agree([cell for cell, _ in cells]), _leave_out(cells)


def _leave_out(cells: Sequence[tuple[PredictedCell, Mapping[str, int]]]) -> dict[str, Agreement]:
    """Agree without each part in turn; parts that all mixtures hold are left out."""
    known = dict.fromkeys(part for _, parts in cells for part in parts)
    left = {part: [cell for cell, parts in cells if part not in parts] for part in known}
    return {part: _agree(kept) for part, kept in left.items() if kept}


def _cells(cube: ScoreCube, source: str, recipe: Recipe, context: Context) -> Sequence[PredictedCell]:
    place = cube.sources.index(source)
    found: list[PredictedCell] = []
    for block, ceiling in zip(cube.blocks, context.ceiling(cube.targets).tolist(), strict=True):
        base = block.base.mean(axis=0)
        paired = Paired(difference=block.scores[:, place] - base, gap=ceiling - base)
        observed = infer_effect([paired], context.settings.confidence)
        if block.target in recipe.predicted and np.isfinite(observed.pgf):
            pgf, low, high = recipe.predicted[block.target]
            predicted = Estimate(pgf=pgf, low=low, high=high)
            found.append(PredictedCell(source=source, target=block.target, predicted=predicted, observed=observed))
    return found


def _agree(cells: Sequence[PredictedCell]) -> Agreement:
    predicted = np.array([cell.predicted.pgf for cell in cells])
    observed, low, high = (np.array([getattr(cell.observed, end) for cell in cells]) for end in ("pgf", "low", "high"))
    slope = [float("nan")] * 3
    if np.count_nonzero(predicted) >= FEWEST:
        ends = (observed, np.where(predicted > 0, low, high), np.where(predicted > 0, high, low))
        slope = [float(predicted @ values / (predicted @ predicted)) for values in ends]
    return Agreement(
        cells=len(cells),
        slope=slope[0],
        low=slope[1],
        high=slope[2],
        miss=float(np.sqrt(np.square(observed - predicted).mean())),
        miss_of_no_change=float(np.sqrt(np.square(observed).mean())),
    )
