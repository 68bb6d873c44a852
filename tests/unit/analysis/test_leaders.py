"""Who leads is held against the leaders of noise, and against other samples."""

from __future__ import annotations

import numpy as np
import pytest

from spillover.analysis import AnalysisSettings, analyze

SETTINGS = AnalysisSettings(replicates=400, permutations=0)
NAMES = tuple(f"task_{index}" for index in range(6))


@pytest.fixture
def study(make_cube):
    """A study of six tasks in which the first source helps by a share of the gap, and the last target is harmed."""

    def build(effect: float, rng_seed: int = 0):
        rng = np.random.default_rng(rng_seed)
        base = (rng.random((1, 6, 120)) < 0.5).astype(float)
        scores = np.broadcast_to(base[:, None], (3, 6, 6, 120)).copy()
        flips = rng.random(scores.shape) < 0.1
        scores[flips] = 1 - scores[flips]
        scores[:, 0] = np.where(rng.random(scores[:, 0].shape) < effect, 1.0, scores[:, 0])
        scores[:, :, 5] = np.where(rng.random(scores[:, :, 5].shape) < effect, 0.0, scores[:, :, 5])
        return make_cube(scores, base, sources=NAMES, targets=NAMES)

    return build


def test_a_leader_that_noise_would_hardly_give_is_said_to_be_more(study):
    findings = analyze(study(0.4), SETTINGS)
    model = findings.models[0]
    assert model.strongest_donor is not None
    assert model.most_harmed is not None
    assert (model.strongest_donor.task, model.most_harmed.task) == ("task_0", "task_5")
    assert model.strongest_donor.beyond_noise
    assert model.most_harmed.beyond_noise
    assert model.strongest_donor.leads == pytest.approx(1.0)
    (said,) = [sentence for sentence in findings.sentences if "strongest donor" in sentence]
    assert ", more than noise gives the first of 6 sources (up to" in said


@pytest.mark.parametrize("rng_seed", range(3))
def test_a_leader_of_noise_may_be_noise(study, rng_seed):
    findings = analyze(study(0.0, rng_seed), SETTINGS)
    leader = findings.models[0].strongest_donor
    assert leader is not None
    assert leader.leads is not None
    assert not leader.beyond_noise
    assert leader.leads < 0.9
    for word in ("strongest donor", "most harmed"):
        (said,) = [sentence for sentence in findings.sentences if word in sentence]
        assert ", no more than noise gives the first of 6" in said
    described = findings.to_json()["models"][0]["leaders"]["donor"]
    assert described["beyond_noise"] is False
    assert f"(up to {described['noise_limit']:.3f} in 95% of cases)" in " ".join(findings.sentences)


def test_the_limit_of_a_leader_lies_beyond_one_tasks_floor(study):
    model = analyze(study(0.0), SETTINGS).models[0]
    assert model.strongest_donor is not None
    assert model.strongest_donor.noise_limit is not None
    assert model.summary.spread is not None
    assert model.strongest_donor.noise_limit > model.summary.spread.floor.transferability.positive.max()


def test_a_leader_that_is_flagged_is_said_to_be(study):
    settings = SETTINGS.model_copy(update={"excluded_targets": ("task_5",)})
    findings = analyze(study(0.4), settings)
    (said,) = [sentence for sentence in findings.sentences if "most harmed" in sentence]
    assert "flagged: see the warnings)" in said
    assert "without the flagged targets it is" in said


def test_without_replicates_a_leader_is_only_named(study):
    findings = analyze(study(0.4), AnalysisSettings(replicates=0, permutations=0))
    leader = findings.models[0].strongest_donor
    assert leader is not None
    assert (leader.noise_limit, leader.leads, leader.beyond_noise) == (None, None, None)
    (said,) = [sentence for sentence in findings.sentences if "strongest donor" in sentence]
    assert "which cannot be held against noise" in said
