"""What every step of an analysis needs to know beside the scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from spillover.analysis.facts import Facts, collect_facts
from spillover.analysis.matrix import TransferMatrix
from spillover.analysis.pgf import TransferArray
from spillover.analysis.settings import AnalysisSettings
from spillover.analysis.shapes import PerTarget, Transfers
from spillover.core.keys import seeded_generator


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Settings, facts of the tasks, and the ceilings that follow from both."""

    settings: AnalysisSettings
    facts: Facts
    ceilings: Mapping[str, float]

    def ceiling(self, targets: Iterable[str]) -> PerTarget:
        """The ceilings of some targets, in their order."""
        return np.array([self.ceilings[target] for target in targets])

    def generator(self, *names: str) -> np.random.Generator:
        """The randomness that belongs to one step of the analysis."""
        return seeded_generator("analysis", self.settings.seed, *names)

    def show(self, title: str, transfers: TransferArray, values: Transfers) -> TransferMatrix:
        """Dress numbers as a matrix of the same sources and targets."""
        names = (*transfers.sources, *transfers.targets)
        return TransferMatrix(
            title=title,
            sources=transfers.sources,
            targets=transfers.targets,
            abbreviations={name: self.facts[name].abbreviation for name in dict.fromkeys(names)},
            values=values,
            undefined=transfers.undefined,
        )


def example_context() -> Context:
    """Build the context of `example_cube`, with few replicates, for doctests and first steps.

    Complexity: O(1).

    >>> example_context().ceiling(["Jigsaw"]).tolist()
    [1.0]
    """
    tasks = ("Jigsaw", "Counting")
    settings = AnalysisSettings(replicates=100, permutations=10)
    return Context(settings=settings, facts=collect_facts((*tasks, "a", "b")), ceilings=dict.fromkeys(tasks, 1.0))
