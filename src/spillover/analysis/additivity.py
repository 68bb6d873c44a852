"""Do effects add up? What mixtures were predicted to do, `Σ share · PGF`, against what they did when they were run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from spillover.analysis.context import Context
from spillover.analysis.cube import ScoreCube
from spillover.analysis.paired import Estimate, Paired, infer_effect
from spillover.tasks.settings import Recipe


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
    """Of observed on predicted, through 0: 1 where effects add up, below 1 where predictions are too large; NaN where
    nothing was predicted."""
    miss: float
    """Root mean square of observed − predicted, PGF."""
    miss_of_no_change: float
    """The same of whoever predicts that nothing changes: what the prediction must beat to be worth anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Additivity:
    """What came of the mixtures that a study ran."""

    cells: tuple[PredictedCell, ...]
    overall: Agreement
    without: dict[str, Agreement]
    """By part: the agreement of the mixtures that hold none of it, so that no one part decides alone. Parts that all
    mixtures hold are left out."""


def check_additivity(
    cubes: Mapping[str, ScoreCube | None], recipes: Mapping[str, Recipe], context: Context
) -> Additivity | None:
    """Hold every mixture's predictions against its scores.

    Args:
        cubes: by measure, `raw` and `calibrated`; a mixture is read in the one that it was predicted in.
        recipes: by source: what is in it, and what it was predicted to do.
        context: ceilings and confidence.

    Returns:
        None where nothing was predicted that is in the cubes.

    Complexity: O(seeds · mixtures · examples) a target.
    """
    cells = [
        cell
        for source, recipe in recipes.items()
        if (cube := cubes.get(recipe.measure)) is not None and source in cube.sources
        for cell in _cells(cube, source, recipe, context)
    ]
    if not cells:
        return None
    parts = dict.fromkeys(part for source in recipes for part in recipes[source].parts)
    left = {part: [cell for cell in cells if part not in recipes[cell.source].parts] for part in parts}
    return Additivity(
        cells=tuple(cells),
        overall=_agree(cells),
        without={part: _agree(kept) for part, kept in left.items() if kept},
    )


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
    observed = np.array([cell.observed.pgf for cell in cells])
    square = float(predicted @ predicted)
    return Agreement(
        cells=len(cells),
        slope=float(predicted @ observed) / square if square > 0 else float("nan"),
        miss=float(np.sqrt(np.square(observed - predicted).mean())),
        miss_of_no_change=float(np.sqrt(np.square(observed).mean())),
    )
