import base64
from dataclasses import replace

import numpy as np
import pytest

from spillover.analysis import AnalysisSettings
from spillover.analysis.cube import example_cube
from spillover.analysis.sampling import sample_transfers
from spillover.core.published import PGFRow, PGFTable
from spillover.mixture.recommend import recommend_from
from spillover.mixture.settings import MixtureSettings
from spillover.report.figures.mixture import MOST_TASKS, UNKNOWN, mixture_panels, panel_of
from spillover.study.together import StudyResults

NAMES = ["a", "b", "c", "d"]


def made(names=NAMES):
    rng = np.random.default_rng(2)
    rows = tuple(
        PGFRow(seed=seed, source=source, target=target, pgf=round(37 * float(rng.normal(0.1, 0.2))) / 37)
        for seed in (0, 1, 2)
        for source in names
        for target in names
    )
    return PGFTable(model="m", rows=rows, examples=dict.fromkeys(names, 100), origin="made up")


@pytest.fixture(scope="module")
def sample():
    (found,) = sample_transfers(made(), AnalysisSettings(), replicates=300)
    return found


@pytest.fixture(scope="module")
def panel(sample):
    return panel_of(sample, splits=2)


def test_effects_are_those_of_the_recommendation(sample, panel):
    mixture = recommend_from(sample, MixtureSettings(targets=("a",), exclude_target_data=True, splits=2))
    shares = {each.source: each.share for each in mixture.taken}
    assert panel.recommended["a"].shares == shares
    effects = {effect.task: effect for effect in panel.predict(shares)}
    for effect in mixture.effects:
        found = effects[effect.task]
        assert found.pgf == pytest.approx(effect.predicted, abs=panel.step)
        assert (found.low, found.high) == pytest.approx((effect.low, effect.high), abs=panel.step)
        assert panel.recommended["a"].predicted[effect.task] == effect.predicted


def test_one_source_alone_does_what_it_did(sample, panel):
    for effect, pgf in zip(panel.predict({"b": 1.0}), sample.mean[1], strict=True):
        assert effect.pgf == pytest.approx(pgf, abs=panel.step)
        assert effect.low <= effect.high


def test_a_source_whose_effect_is_not_defined_leaves_it_open(sample):
    mean, replicates = sample.mean.copy(), sample.replicates.copy()
    mean[1, 2] = np.nan
    replicates[:, 1, 2] = np.nan
    panel = panel_of(replace(sample, mean=mean, replicates=replicates), splits=0)
    assert panel.mean[1, 2] == UNKNOWN
    assert np.isnan(panel.predict({"a": 0.5, "b": 0.5})[2].pgf)
    assert np.isfinite(panel.predict({"a": 0.5, "c": 0.5})[2].pgf)


def test_the_page_gets_little_endian_integers(panel):
    told = panel.to_json()
    steps = np.frombuffer(base64.b64decode(told["replicates"]), dtype="<i2").reshape(panel.replicates.shape)
    assert np.array_equal(steps, panel.replicates)
    assert told["step"] == panel.step


def test_why_nothing_is_recommended_is_said():
    (sample,) = sample_transfers(example_cube(), AnalysisSettings(), replicates=100)
    found = panel_of(sample, splits=0).recommended
    assert all(isinstance(each, str) or each.shares for each in found.values())


def test_many_tasks_have_no_panel():
    names = [f"t{place}" for place in range(MOST_TASKS + 1)]
    assert mixture_panels([StudyResults(data=(made(names),))]) == []
