"""Reads what a study has found so far."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from spillover.analysis.carried import carry_analysis
from spillover.core.errors import StoreError
from spillover.core.published import AccuracyTable, PGFTable
from spillover.study.imported import is_imported, open_imported, read_imported
from spillover.study.opening import open_study
from spillover.study.plan import Plan, plan_study
from spillover.study.store import Store
from spillover.study.study import Study
from spillover.tasks.task import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredStudy:
    """A study folder, opened for reading."""

    store: Store
    plan: Plan
    tasks: tuple[Task, ...]
    """In the order of the matrix: what is both source and target first."""

    @property
    def study(self) -> Study:
        """The study as it was resolved."""
        return self.plan.study

    def scores(self) -> pa.Table:
        """The plan's scores; see `read_scores`."""
        return self.store.read(self.plan)


def open_stored_study(folder: Path | str) -> StoredStudy:
    """Open a study's folder.

    Raises:
        StoreError: the folder holds no study.
        StudyError: what the study speaks of is no longer there.
    """
    store = Store(Path(folder))
    study = store.stored_study()
    if study is None:
        raise StoreError("there is no study here", where=str(folder), hint="give a folder that spillover run made")
    opened = open_study(study)
    return StoredStudy(store=store, plan=plan_study(study, opened), tasks=tuple(data.task for data in opened.every))


def read_scores(folder: Path | str) -> pa.Table:
    """Read every score of a study, run here or imported, one row an example, in `SCORE_SCHEMA`.

    Args:
        folder: the study's; what other versions of the study left there is not read.

    Returns:
        The table; it carries the study's `analysis:` settings and what is known of its tasks, so that
        `spillover.analyze` of it is the study's own analysis.

    Raises:
        StoreError: the folder holds no study, no score of it yet, or only tables without examples.
    """
    place = Path(folder)
    if not is_imported(place):
        stored = open_stored_study(place)
        return carry_analysis(stored.scores(), stored.study.analysis, stored.tasks)
    (data, *_) = read_imported(place, replies=True)
    if isinstance(data, PGFTable | AccuracyTable):
        raise StoreError("only tables without examples were imported here", where=str(folder), hint="spillover analyze")
    return carry_analysis(data, open_imported(place).analysis)
