"""Whether a chosen mixture beats its rivals (random mixtures, the best single source, own data) and keeps its word.

Every comparison is paired: the same examples, the same base, and, against one source, the same seeds. The random
mixtures that were run stand for all that might have been drawn (a random effect), so they are the units there, and the
seeds of the chosen mixture, which all of them are compared with, are added.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from spillover.analysis.additivity import Dose, other_dose
from spillover.analysis.context import Context
from spillover.analysis.cube import ScoreCube
from spillover.analysis.dose_curve import DoseCurve, trace_doses
from spillover.analysis.paired import Estimate, Kept, Paired, infer_effect, judge_miss, share_seeds, subtract
from spillover.analysis.settings import VerificationSettings
from spillover.tasks.settings import Recipe

ArmName = Literal["chosen", "random", "best single", "direct"]
Outcome = Literal["better", "worse", "open", "same"]
Guarded = Literal["held", "harmed", "undecided"]
NO_DIFFERENCE = Estimate(pgf=0.0, low=0.0, high=0.0)
"""Of a source from itself: known, not estimated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One way to choose training data, and what came of it."""

    name: ArmName
    sources: tuple[str, ...]
    """Several for random mixtures, else one."""
    overall: Estimate
    """Mean PGF on the targets."""
    by_target: dict[str, Estimate]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmContrast:
    """The chosen mixture minus a rival."""

    rival: ArmName
    overall: Estimate
    by_target: dict[str, Estimate]
    outcome: Outcome
    """By the interval of the overall difference: above 0, below 0, or neither; `same` where both are one source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What the chosen mixture was expected to do, on the mean of its targets, and by how much that missed."""

    expected: Estimate
    """Where targets are several: the mean of the ends of their intervals, as if they all erred alike."""
    discounted: bool
    """Whether what choosing flatters was taken off (`promised` of its recipe), or effects only added up."""
    miss: Estimate
    """What it did − what was expected."""
    other_dose: Dose | None
    """Where it was trained on another number of examples than the sources that the expectation comes from."""
    outcome: Kept
    """By the interval of the miss: `consistent` where 0 is in it, else whether it did less or more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectedTask:
    """What the chosen mixture did to a task that it must not harm."""

    task: str
    effect: Estimate
    outcome: Guarded
    """By the interval and the tolerance: `held` where all of it is above −tolerance, `harmed` where all is below."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A chosen mixture against its rivals, on the targets that it was chosen for."""

    settings: VerificationSettings
    seeds: int
    arms: tuple[Arm, ...]
    """The chosen one first."""
    contrasts: tuple[ArmContrast, ...]
    promise: Promise | None
    """None where nothing was predicted of it in the measure that it is judged by, as of a single source."""
    protected: tuple[ProtectedTask, ...]
    dose_curve: DoseCurve | None
    """None where the best single source was not trained on fewer examples, too."""


def judge_mixture(cube: ScoreCube, asked: VerificationSettings, context: Context) -> Verdict | None:
    """Compare a chosen mixture with its rivals, with what it promised, and with what it must not harm.

    Args:
        cube: scores, with the answer prior taken out where `asked` is about those.
        asked: which sources are what. A rival that is not in the cube is left out, and so are fewer than two random
            mixtures.
        context: ceilings and confidence.

    Returns:
        None where the chosen mixture, every rival, or a target is not in the cube.

    Complexity: O(seeds · sources · examples) a target.

    >>> from spillover.analysis.context import example_context
    >>> from spillover.analysis.cube import example_cube
    >>> asked = VerificationSettings(targets=("Jigsaw",), chosen="Jigsaw", direct="Counting")
    >>> judge_mixture(example_cube(), asked, example_context()).contrasts[0].outcome
    'open'
    """
    arms = list(_arms(cube, asked))
    known = set(asked.targets) <= set(cube.targets) and asked.chosen in cube.sources
    if not known or len(arms) < 2:
        return None
    scores = _Scores(cube, asked.targets, context)
    judged = tuple(scores.arm(name, sources) for name, sources in arms)
    guarded = _Scores(cube, [task for task in asked.protected if task in cube.targets], context)
    effects = guarded.arm("chosen", (asked.chosen,)).by_target
    return Verdict(
        settings=asked,
        seeds=len(cube.seeds),
        arms=judged,
        contrasts=tuple(scores.contrast(asked.chosen, name, sources) for name, sources in arms[1:]),
        promise=_hold_to_promise(judged[0].overall, cube.mixtures.get(asked.chosen), asked),
        protected=tuple(
            ProtectedTask(task=task, effect=effect, outcome=_guard(effect, asked.tolerance))
            for task, effect in effects.items()
        ),
        dose_curve=trace_doses(cube, asked, context),
    )


def _hold_to_promise(observed: Estimate, recipe: Recipe | None, asked: VerificationSettings) -> Promise | None:
    if recipe is None or recipe.measure != asked.measure:
        return None
    discounted = set(asked.targets) <= recipe.promised.keys()
    said = recipe.promised if discounted else recipe.predicted
    if not set(asked.targets) <= said.keys():
        return None
    pgf, low, high = np.mean([said[target] for target in asked.targets], axis=0).tolist()
    expected = Estimate(pgf=pgf, low=low, high=high)
    miss = subtract(observed, expected)
    return Promise(
        expected=expected,
        discounted=discounted,
        miss=miss,
        other_dose=other_dose(recipe),
        outcome=judge_miss(miss),
    )


def _guard(effect: Estimate, tolerance: float) -> Guarded:
    if effect.low >= -tolerance:
        return "held"
    return "harmed" if effect.high < -tolerance else "undecided"


def _arms(cube: ScoreCube, asked: VerificationSettings) -> Iterator[tuple[ArmName, tuple[str, ...]]]:
    named: tuple[tuple[ArmName, tuple[str | None, ...]], ...] = (
        ("chosen", (asked.chosen,)),
        ("random", asked.random),
        ("best single", (asked.best_single,)),
        ("direct", (asked.direct,)),
    )
    for name, sources in named:
        present = tuple(source for source in sources if source in cube.sources)
        if len(present) > (name == "random"):
            yield name, present


class _Scores:
    """The scores on some targets of a cube, as differences between ways to train."""

    def __init__(self, cube: ScoreCube, targets: Sequence[str], context: Context) -> None:
        self._cube = cube
        self._targets = tuple(targets)
        self._confidence = context.settings.confidence
        self._blocks = [cube.blocks[cube.targets.index(target)] for target in targets]
        ceilings = context.ceiling(targets).tolist()
        self._gaps = [limit - block.base.mean(axis=0) for block, limit in zip(self._blocks, ceilings, strict=True)]

    def arm(self, name: ArmName, sources: tuple[str, ...]) -> Arm:
        """A way to train against the base."""
        base = [block.base.mean(axis=0)[None] for block in self._blocks]
        overall, by_target = self._infer(self._units(sources), base)
        return Arm(name=name, sources=sources, overall=overall, by_target=by_target)

    def contrast(self, chosen: str, name: ArmName, sources: tuple[str, ...]) -> ArmContrast:
        """The chosen source against a rival: paired by seed, or against every random mixture in turn."""
        if sources == (chosen,):
            nothing = dict.fromkeys(self._targets, NO_DIFFERENCE)
            return ArmContrast(rival=name, overall=NO_DIFFERENCE, by_target=nothing, outcome="same")
        ours, theirs = self._units((chosen,)), self._units(sources)
        several = len(sources) > 1
        if several:
            overall, by_target = self._infer([part.mean(axis=0, keepdims=True) for part in ours], theirs, seeds_of=ours)
        else:
            overall, by_target = self._infer(ours, theirs)
        return ArmContrast(rival=name, overall=overall, by_target=by_target, outcome=_outcome(overall))

    def _units(self, sources: tuple[str, ...]) -> list[np.ndarray]:
        """By target, shape unit × example: the seeds of one source, or several sources, each the mean of its seeds."""
        places = [self._cube.sources.index(source) for source in sources]
        if len(places) == 1:
            return [block.scores[:, places[0]] for block in self._blocks]
        return [block.scores[:, places].mean(axis=0) for block in self._blocks]

    def _infer(
        self, ours: list[np.ndarray], theirs: list[np.ndarray], seeds_of: list[np.ndarray] | None = None
    ) -> tuple[Estimate, dict[str, Estimate]]:
        paired = self._pair([one - other for one, other in zip(ours, theirs, strict=True)])
        seeds = self._pair(seeds_of or [])

        def infer(first: int, last: int) -> Estimate:
            return infer_effect(paired[first:last], self._confidence, share_seeds(seeds[first:last]))

        by_target = {target: infer(place, place + 1) for place, target in enumerate(self._targets)}
        return infer(0, len(paired)), by_target

    def _pair(self, differences: list[np.ndarray]) -> list[Paired]:
        return [Paired(difference=each, gap=gap) for each, gap in zip(differences, self._gaps, strict=False)]


def _outcome(difference: Estimate) -> Outcome:
    if difference.low > 0:
        return "better"
    return "worse" if difference.high < 0 else "open"
