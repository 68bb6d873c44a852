"""Mixtures of tasks, kept apart from the matrix: a mixture is no task, so it is nobody's donor, pirate or neighbour."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from spillover.analysis.context import Context
from spillover.analysis.crossed import infer_cube
from spillover.analysis.cube import ScoreCube
from spillover.analysis.fieller import CellInference
from spillover.analysis.matrix import TransferMatrix
from spillover.analysis.paired import Estimate
from spillover.analysis.pgf import transfers_of_cube
from spillover.analysis.restrict import take_sources
from spillover.tasks.settings import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class MixtureCell:
    """One mixture on one target: raw PGF with its interval, as of a single cell; NaN where it is not defined."""

    mixture: str
    target: str
    observed: Estimate
    calibrated: float
    """PGF with the answer prior taken out; NaN where that is not known."""
    predicted: Estimate | None
    """What its recipe says, in the measure of its recipe; None where it says nothing of this target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MixtureFindings:
    """What a model's mixtures did to every target."""

    recipes: dict[str, Recipe]
    """By mixture, in the order of the matrix: what is in it, and what was predicted."""
    matrix: TransferMatrix
    """Mean PGF over seeds, mixture × target."""
    inference: CellInference
    calibrated: TransferMatrix | None
    """With the answer prior taken out; None where log-probabilities are not known."""

    def cells(self) -> Iterator[MixtureCell]:
        """Every mixture on every target."""
        for row, mixture in enumerate(self.matrix.sources):
            for column, target in enumerate(self.matrix.targets):
                ends = (self.matrix.values, self.inference.low, self.inference.high)
                pgf, low, high = (float(values[row, column]) for values in ends)
                said = self.recipes[mixture].predicted.get(target)
                yield MixtureCell(
                    mixture=mixture,
                    target=target,
                    observed=Estimate(pgf=pgf, low=low, high=high),
                    calibrated=float("nan") if self.calibrated is None else float(self.calibrated.values[row, column]),
                    predicted=None if said is None else Estimate(pgf=said[0], low=said[1], high=said[2]),
                )


def leave_out_mixtures(cube: ScoreCube) -> ScoreCube:
    """Cut a cube down to the sources that are single tasks; none may be left.

    Complexity: O(seeds · sources · examples) a target.

    >>> from dataclasses import replace
    >>> from spillover.analysis.cube import example_cube
    >>> leave_out_mixtures(replace(example_cube(), mixtures={"Jigsaw": Recipe(parts={"Counting": 1})})).sources
    ('Counting',)
    """
    if not any(name in cube.mixtures for name in cube.sources):
        return cube
    return take_sources(cube, [name for name in cube.sources if name not in cube.mixtures])


def describe_mixtures(cube: ScoreCube, calibrated: ScoreCube | None, context: Context) -> MixtureFindings | None:
    """Lay out what mixtures did.

    Args:
        cube: with all its sources.
        calibrated: the same with the answer prior taken out; None where log-probabilities are not known.
        context: ceilings and confidence, and what tasks are called.

    Returns:
        None where no source is a mixture.

    Complexity: O(seeds · mixtures · examples) a target.
    """
    recipes = {name: cube.mixtures[name] for name in cube.sources if name in cube.mixtures}
    if not recipes:
        return None
    ceiling = context.ceiling(cube.targets)

    def show(title: str, scores: ScoreCube) -> TransferMatrix:
        transfers = transfers_of_cube(scores, ceiling)
        shown = context.show(title, transfers, transfers.mean)
        return replace(shown, abbreviations={**shown.abbreviations, **{name: name for name in recipes}})

    mixed = take_sources(cube, list(recipes))
    return MixtureFindings(
        recipes=recipes,
        matrix=show("PGF of mixtures", mixed),
        inference=infer_cube(mixed, ceiling, context.settings.confidence),
        calibrated=None if calibrated is None else show("calibrated PGF", take_sources(calibrated, list(recipes))),
    )
