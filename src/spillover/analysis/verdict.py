"""Whether a chosen mixture is better than what it must beat: random mixtures, the best single source, own data.

Every comparison is paired: the same examples, the same base, and, against one source, the same seeds. The random
mixtures that were run stand for all that might have been drawn (a random effect), so they are the units there, and the
seeds of the chosen mixture, which all of them are compared with, are added.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from spillover.analysis.context import Context
from spillover.analysis.cube import ScoreCube
from spillover.analysis.paired import Estimate, Paired, infer_effect, share_seeds
from spillover.analysis.settings import VerificationSettings

ArmName = Literal["chosen", "random", "best single", "direct"]
Outcome = Literal["better", "worse", "open", "same"]


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
class Verdict:
    """A chosen mixture against its rivals, on the targets that it was chosen for."""

    settings: VerificationSettings
    seeds: int
    arms: tuple[Arm, ...]
    """The chosen one first."""
    contrasts: tuple[ArmContrast, ...]


def judge_mixture(cube: ScoreCube, asked: VerificationSettings, context: Context) -> Verdict | None:
    """Compare a chosen mixture with its rivals.

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
    return Verdict(
        settings=asked,
        seeds=len(cube.seeds),
        arms=tuple(scores.arm(name, sources) for name, sources in arms),
        contrasts=tuple(scores.contrast(asked.chosen, name, sources) for name, sources in arms[1:]),
    )


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
        ours, theirs = self._units((chosen,)), self._units(sources)
        several = len(sources) > 1
        if several:
            overall, by_target = self._infer([part.mean(axis=0, keepdims=True) for part in ours], theirs, seeds_of=ours)
        else:
            overall, by_target = self._infer(ours, theirs)
        outcome = "same" if sources == (chosen,) else _outcome(overall)
        return ArmContrast(rival=name, overall=overall, by_target=by_target, outcome=outcome)

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
