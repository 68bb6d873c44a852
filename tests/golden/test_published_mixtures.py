"""Mixtures chosen from the published tables: consistent, and sensible for every target."""

from __future__ import annotations

import csv
from collections import defaultdict
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from spillover.analysis import AnalysisSettings
from spillover.analysis.sampling import TransferSample, sample_transfers
from spillover.interop.pgf_table import read_pgf_table
from spillover.mixture.mixture import Mixture
from spillover.mixture.predict import split_evidence
from spillover.mixture.problem import MixtureError, tail_mean
from spillover.mixture.recommend import recommend_from
from spillover.mixture.settings import MixtureSettings

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the published tables are not at {DATA}")


class Published:
    """A table, its means read without any of our code, and the mixture for each target by each strategy."""

    def __init__(self, model: str) -> None:
        self.model = model
        file = DATA / f"pgf_{model}.csv"
        seen: dict[tuple[str, str], list[float]] = defaultdict(list)
        with file.open() as lines:
            for row in csv.DictReader(lines):
                seen[row["ft_task"], row["task"]].append(float(row["perfection_gap_factor"]))
        self.mean = {cell: float(np.mean(values)) for cell, values in seen.items()}
        self.sample: TransferSample
        (self.sample,) = sample_transfers(read_pgf_table(file), AnalysisSettings())
        asked = {strategy: self.settings("", strategy) for strategy in ("robust", "threshold", "best-single")}
        halves = tuple(split_evidence(self.sample, asked["robust"]))
        self.mixtures: dict[tuple[str, str], Mixture] = {}
        for target in self.sample.targets:
            for strategy in asked:
                try:
                    found = recommend_from(self.sample, self.settings(target, strategy), halves)
                except MixtureError:
                    continue
                self.mixtures[target, strategy] = found

    @staticmethod
    def settings(target: str, strategy: str) -> MixtureSettings:
        return MixtureSettings.model_validate(
            {"targets": [target], "strategy": strategy, "exclude_target_data": True, "splits": 5}
        )


@cache
def read(model: str) -> Published:
    return Published(model)


@pytest.fixture(params=["3B", "7B"])
def published(request) -> Published:
    return read(request.param)


def test_every_prediction_is_the_sum_of_published_effects_within_its_interval(published):
    for mixture in published.mixtures.values():
        assert sum(each.examples for each in mixture.taken) == 1000
        for effect in mixture.effects:
            added = sum(each.share * published.mean[each.source, effect.task] for each in mixture.taken)
            assert effect.predicted == pytest.approx(added, abs=1e-9)
            assert effect.low <= effect.predicted <= effect.high
            assert effect.worst <= effect.predicted
            if effect.role == "target":
                assert effect.promised <= effect.predicted


def test_one_recipe_has_one_prediction(published):
    known = {}
    for mixture in published.mixtures.values():
        recipe = tuple(sorted((each.source, each.examples) for each in mixture.taken))
        told = {each.task: (each.predicted, each.low, each.high, each.worst) for each in mixture.effects}
        assert known.setdefault(recipe, told) == told
    assert len(known) < len(published.mixtures), "robust and best-single agree on some target"


def test_threshold_takes_what_helps_on_average_and_nothing_where_nothing_does(published):
    for target in published.sample.targets:
        helps = {name for name in published.sample.sources if name != target and published.mean[name, target] > 1e-9}
        mixture = published.mixtures.get((target, "threshold"))
        assert helps == ({each.source for each in mixture.taken} if mixture else set())


def test_robust_has_a_better_worst_fifth_than_any_single_source_or_equal_shares(published):
    for place, target in enumerate(published.sample.targets):
        worst = published.mixtures[target, "robust"].effects[0].worst
        singles = {
            name: tail_mean(published.sample.replicates[:, row, place])
            for row, name in enumerate(published.sample.sources)
            if name != target
        }
        assert worst >= max(singles.values()) - 0.002, "but for whole numbers of examples"
        if (target, "threshold") in published.mixtures:
            assert worst >= published.mixtures[target, "threshold"].effects[0].worst - 0.002


NEARLY_ALONE = {
    "3B": {"VS": "JG", "AS": "VS", "VC": "SC", "FC": "SC", "SC": "RD", "OL": "FC", "FD": "AS"},
    "7B": {"VC": "SC", "SR": "AS", "JG": "VS", "FC": "SC", "FD": "AS"},
}
"""The source that `robust` gives 70 % or more, by target."""


def test_robust_relies_on_one_source_where_one_stands_out(published):
    short = published.sample.abbreviations
    found = {
        short[target]: short[mixture.taken[0].source]
        for (target, strategy), mixture in published.mixtures.items()
        if strategy == "robust" and mixture.taken[0].share >= 0.7
    }
    assert found == NEARLY_ALONE[published.model]


def test_nothing_but_its_own_data_is_predicted_to_help_semantic_correspondence_of_7b():
    published = read("7B")
    assert ("Semantic_Correspondence", "threshold") not in published.mixtures
    mixture = published.mixtures["Semantic_Correspondence", "robust"]
    assert any("rather do not train for this" in note for note in mixture.notes)
    assert all("the least bad, as nothing here helps" in each.reason for each in mixture.taken)
