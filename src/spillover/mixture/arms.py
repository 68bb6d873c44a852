"""The sources of a verifying study: every way to train that it compares, each once, under a name of its own."""

from __future__ import annotations

from collections.abc import Mapping

from spillover.mixture.mixture import Mixture
from spillover.tasks.recipes import recipe_from
from spillover.tasks.settings import MixtureSource, Recipe

DOSES = (0.25, 0.5)
"""Shares of the budget that the best single source is trained on once more, beside the whole of it."""


class Arms:
    """The sources of a study, each once.

    Args:
        measured_with: training examples a source in the runs that predictions come from, where known.
        short: tasks that have fewer examples than the budget: alone they are mixtures of one part, which repeats them.
    """

    def __init__(self, measured_with: int | None, short: frozenset[str]) -> None:
        self._measured_with = measured_with
        self._short = short
        self._named: dict[str, dict[str, int]] = {}
        self._sources: list[str | MixtureSource] = []

    @property
    def listed(self) -> tuple[str | MixtureSource, ...]:
        """As a study names them."""
        return tuple(self._sources)

    def add(self, mixture: Mixture, name: str) -> str:
        """Add a mixture unless the same is there, and say what it is called: what is one task, by its name."""
        counts = counts_of(mixture)
        for known, held in self._named.items():
            if held == counts:
                return known
        if len(counts) > 1:
            return self.add_mixture(mixture, name)
        (task,) = counts
        if task in self._short:
            return self.add_mixture(mixture, f"{name}-{task}")
        name = task
        self._named[name] = counts
        self._sources.append(name)
        return name

    def add_doses(self, mixture: Mixture) -> tuple[str, ...]:
        """Add smaller doses of a mixture of one part, and say what they are called; none of fewer than 4 examples."""
        ((task, examples),) = counts_of(mixture).items()
        if examples * min(DOSES) < 1:
            return ()
        doses = {f"{task}-{dose:.0%}": Recipe(parts={task: examples}, dose=dose) for dose in DOSES}
        self._sources += [MixtureSource(name=name, mixture=recipe) for name, recipe in doses.items()]
        return tuple(doses)

    def add_mixture(self, mixture: Mixture, name: str) -> str:
        """Add a mixture with what was predicted of it."""
        recipe = recipe_from(mixture.to_json())
        recipe = recipe.model_copy(
            update={
                "predicted": _rounded(recipe.predicted),
                "promised": _rounded(recipe.promised),
                "measured_with": self._measured_with,
            }
        )
        self._named[name] = counts_of(mixture)
        self._sources.append(MixtureSource(name=name, mixture=recipe))
        return name


def counts_of(mixture: Mixture) -> dict[str, int]:
    """Count the examples that a mixture takes, by source; sources without any left out."""
    return {each.source: each.examples for each in mixture.taken if each.examples}


def _rounded(figures: Mapping[str, tuple[float, ...]]) -> dict[str, tuple[float, ...]]:
    return {task: tuple(round(value, 4) for value in values) for task, values in figures.items()}
