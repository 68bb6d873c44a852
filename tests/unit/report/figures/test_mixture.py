from dataclasses import replace

import numpy as np
import pytest
from tests.unit.analysis.conftest import draw_scores

from spillover.analysis import AnalysisSettings
from spillover.analysis.cube import example_cube
from spillover.analysis.sampling import sample_transfers
from spillover.core.published import PGFRow, PGFTable
from spillover.core.scores import table_from_scores
from spillover.mixture.recommend import recommend
from spillover.mixture.settings import MixtureSettings
from spillover.report.figures.mixture import LETTERS, MOST_TASKS, STEPS, UNKNOWN, mixture_panels, panel_of
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
def panel():
    (found,) = mixture_panels([StudyResults(data=(made(),))])
    return found


@pytest.fixture(scope="module")
def evidence(panel):
    return panel.measures[0]


def decoded(told):
    """Replicates × cells, as the page reads them."""
    letters = np.frombuffer(told["replicates"].encode(), dtype="u1").reshape(-1, 2)
    digits = np.searchsorted(np.sort(LETTERS), letters)
    digits = np.argsort(LETTERS)[digits]
    steps = (digits[:, 0] * 64 + digits[:, 1]).reshape(-1, len(told["mean"]))
    return np.array(told["least"]) + np.array(told["step"]) * steps


def test_recommendations_are_those_of_the_command_line(evidence):
    assert list(evidence.recommended) == NAMES
    for target in NAMES[:2]:
        settings = MixtureSettings(targets=(target,), exclude_target_data=True)
        (mixture,) = recommend(made(), settings)
        assert evidence.recommended[target].to_json() == mixture.to_json()


def test_the_page_is_told_what_the_mixture_s_own_json_says(evidence):
    told = evidence.to_json()["recommended"]["a"]
    described = evidence.recommended["a"].to_json()
    assert {name: each["reason"] for name, each in told["sources"].items()} == {
        each["source"]: each["reason"] for each in described["sources"]
    }
    assert {task: each["predicted"] for task, each in told["effects"].items()} == {
        each["task"]: each["predicted"] for each in described["effects"]
    }
    assert told["effects"]["a"]["promised"] == described["effects"][0]["promised"]


def test_the_page_gets_all_replicates_that_recommendations_are_made_by(evidence):
    (sample,) = sample_transfers(made(), AnalysisSettings(), replicates=1000)
    told = evidence.to_json()
    assert np.allclose(told["mean"], sample.mean.ravel(), rtol=1e-5)
    expected = sample.replicates.reshape(1000, 16)
    assert (np.abs(decoded(told) - expected) <= np.ptp(expected, axis=0) / STEPS).all()


def test_thirteen_tasks_of_three_models_are_a_page_below_three_megabytes():
    (sample,) = sample_transfers(made([f"t{place}" for place in range(13)]), AnalysisSettings(), replicates=1000)
    (evidence,) = panel_of({"raw": sample}, splits=0).measures
    assert 3 * 2 * len(evidence.to_json()["replicates"]) < 2_100_000, "all else takes less than 0.9 MB"


def test_what_is_not_defined_is_kept_as_that():
    (sample,) = sample_transfers(made(), AnalysisSettings(), replicates=100)
    mean, replicates = sample.mean.copy(), sample.replicates.copy()
    mean[1, 2] = np.nan
    replicates[:, 1, 2] = np.nan
    (evidence,) = panel_of({"raw": replace(sample, mean=mean, replicates=replicates)}, splits=0).measures
    assert (evidence.replicates[:, 1, 2] == UNKNOWN).all()
    assert (evidence.replicates == UNKNOWN).sum() == 100
    told = evidence.to_json()
    for name in ("mean", "least"):
        assert [place for place, value in enumerate(told[name]) if value is None] == [6]


def test_a_table_has_no_measure_with_the_answer_prior_taken_out(panel):
    assert [each.measure for each in panel.measures] == ["raw"]


def test_examples_with_log_probabilities_have_both_measures():
    (found,) = mixture_panels([StudyResults(data=(table_from_scores(draw_scores()),))])
    assert [each.measure for each in found.measures] == ["raw", "calibrated"]
    made_by = [each.settings.measure for each in found.measures[1].recommended.values() if not isinstance(each, str)]
    assert set(made_by) == {"calibrated"}


def test_why_nothing_is_recommended_is_said():
    (sample,) = sample_transfers(example_cube(), AnalysisSettings(), replicates=100)
    told = panel_of({"raw": sample}, splits=0).to_json()[0]["recommended"]
    assert told
    assert all("reason" in each or each["sources"] for each in told.values())


def test_many_tasks_have_no_panel():
    names = [f"t{place}" for place in range(MOST_TASKS + 1)]
    assert mixture_panels([StudyResults(data=(made(names),))]) == []
