"""A study's folder, opened for reading: nothing but the folder is looked at, neither data nor models."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from spillover.analysis.carried import carry_analysis
from spillover.study.plan import Plan
from spillover.study.store import Store
from spillover.study.study import Study
from spillover.tasks.mixed import scale_parts
from spillover.tasks.settings import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredStudy:
    """A plan, and the folder that keeps what was done of it."""

    store: Store
    plan: Plan

    @property
    def study(self) -> Study:
        """The study as it was resolved."""
        return self.plan.study

    def scores(self) -> pa.Table:
        """Every score of the plan that is there, of unfinished sources too; the table carries how to analyse it."""
        return carry_analysis(
            self.store.read(self.plan), self.study.analysis, self.plan.tasks, self._recipes(), self.study.verification
        )

    def _recipes(self) -> dict[str, Recipe]:
        """Every mixture with as many examples as it was trained on."""
        budget = self.study.training.examples
        recipes = {each.name: each.mixture for each in self.study.mixtures if isinstance(each.mixture, Recipe)}
        return {
            name: recipe.model_copy(update={"parts": scale_parts(recipe.parts, recipe.count_of(budget))})
            for name, recipe in recipes.items()
        }


def open_stored_study(folder: Path | str) -> StoredStudy:
    """Open a study's folder.

    Raises:
        StoreError: the folder holds no study, or none whose plan can be read.
    """
    store = Store(Path(folder))
    return StoredStudy(store=store, plan=store.stored_plan())
