"""Where right answers cannot be counted, intervals and noise say what they leave out, or are not there."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from spillover.analysis import AnalysisSettings, Findings, analyze
from spillover.core.published import AccuracyRow, AccuracyTable
from spillover.core.scores import BASE_SOURCE

SETTINGS = AnalysisSettings(replicates=200, permutations=0)
TASKS = ("ants", "bees", "cats", "dogs")


def find(seeds: int, counted: tuple[str, ...] = ()) -> Findings:
    """Analyse accuracies of four tasks; only of some is it known how many examples were asked."""
    rng = np.random.default_rng(0)
    places = [(BASE_SOURCE, None, target) for target in TASKS] + list(product(TASKS, range(seeds), TASKS))
    rows = tuple(
        AccuracyRow(
            source=source,
            seed=seed,
            target=target,
            accuracy=0.6 if source == BASE_SOURCE else int(rng.integers(50, 80)) / 100,
            examples=100 if target in counted else None,
        )
        for source, seed, target in places
    )
    return analyze(AccuracyTable(model="tiny", rows=rows, origin="here"), SETTINGS)


def said(findings: Findings, words: str) -> str:
    (sentence,) = [sentence for sentence in findings.sentences if words in sentence]
    return sentence


def test_one_seed_without_counts_has_no_interval_of_anything():
    findings = find(seeds=1)
    described = findings.to_json()["models"][0]
    assert (described["intervals"], described["noise_floor"]) == (None, None)
    assert described["variance"].get("intervals") is None
    assert described["leaders"]["donor"]["noise_limit"] is None
    assert described["leaders"]["donor"]["beyond_noise"] is None
    assert {(cell["low"], cell["p"], cell["basis"]) for cell in described["cells"]} == {
        (None, None, "nothing: one seed, and the number of examples is not known")
    }
    assert all(clique["membership"] is None for clique in described["cliques"]["positive"])
    assert "(no interval: there is one seed, and right answers cannot be counted)" in findings.sentences[0]
    assert "95% interval" not in " ".join(findings.sentences)
    assert "which cannot be held against noise" in said(findings, "strongest donor")


def test_seeds_alone_give_an_interval_that_is_said_to_be_too_narrow():
    findings = find(seeds=3)
    model = findings.models[0]
    assert model.summary.spread is not None
    assert model.summary.spread.unsampled == TASKS
    assert "; too narrow: right answers of 4 of 4 targets cannot be counted)" in findings.sentences[0]
    assert findings.to_json()["models"][0]["unsampled_targets"] == list(TASKS)


def test_more_than_the_noise_of_seeds_is_not_called_more_than_noise():
    findings = find(seeds=3)
    leader = findings.models[0].strongest_donor
    assert leader is not None
    assert leader.noise_limit is not None
    assert leader.beyond_noise is (None if leader.value > leader.noise_limit else False)
    assert ", more than noise" not in " ".join(findings.sentences)


def test_one_target_without_counts_has_no_interval_of_no_width():
    findings = find(seeds=1, counted=TASKS[:3])
    described = findings.to_json()["models"][0]
    ends = described["intervals"]["malleability"]["positive"]
    assert ends["dogs"] == [None, None]
    assert ends["ants"][0] < ends["ants"][1]
    assert described["noise_floor"]["malleability"]["positive"]["dogs"] is None
    assert "right answers of 1 of 4 targets cannot be counted" in findings.sentences[0]


def test_with_all_counts_nothing_is_taken_back():
    findings = find(seeds=1, counted=TASKS)
    assert "cannot be counted" not in " ".join(findings.sentences)
    assert findings.to_json()["models"][0]["unsampled_targets"] == []


@pytest.mark.parametrize(("seeds", "left"), [(1, "no test, and no interval"), (3, "intervals that hold the noise of")])
def test_warnings_claim_no_more_than_there_is(seeds, left):
    model = find(seeds).models[0]
    texts = {warned.kind: warned.text for warned in model.warnings}
    assert texts["counts_not_recovered"].startswith("every target: how many examples were asked is not known")
    assert left in texts["counts_not_recovered"]
    assert "examples and seeds together" not in texts["few_seeds"]
    assert "cover other examples" not in texts["few_seeds"]


@pytest.mark.parametrize(
    ("counted", "said"),
    [
        ((), "nor is any cell tested, as right answers cannot be counted"),
        (TASKS[:3], "cells of 3 of 4 targets are tested over seeds and the binomial error of counts together"),
        (TASKS, "; cells are tested over seeds and the binomial error of counts together"),
    ],
)
def test_what_cells_are_tested_over_is_what_their_basis_says(counted, said):
    (few,) = [warned for warned in find(3, counted).models[0].warnings if warned.kind == "few_seeds"]
    assert few.text.endswith(said)


def test_a_single_source_is_no_strongest_donor():
    rows = tuple(
        AccuracyRow(source=source, seed=seed, target=target, accuracy=accuracy, examples=50)
        for source, seed, accuracy in ((BASE_SOURCE, None, 0.5), ("ants", 0, 0.7))
        for target in TASKS
    )
    model = analyze(AccuracyTable(model="tiny", rows=rows, origin="here"), SETTINGS).models[0]
    assert model.strongest_donor is None
