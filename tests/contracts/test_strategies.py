"""The laws that every mixture strategy must keep."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spillover.mixture.problem import MixtureError, Problem
from spillover.mixture.strategies import CHOOSE, Strategy, choose_shares

STRATEGIES = get_args(Strategy)
limits = st.sampled_from([0.4, 0.5, 1.0])


def problem(rng, sources=5, most=1.0, **changes):
    gains = rng.normal(rng.normal(0, 0.3, sources), 0.1, (100, sources))
    names = tuple(f"s{index}" for index in range(sources))
    settled = {
        "sources": names,
        "own": frozenset(names[:1]),
        "mean": gains.mean(axis=0),
        "gains": gains,
        "protected": {},
        "most": np.full(sources, most),
    }
    return Problem(**settled | changes)


def test_every_strategy_is_held_to_the_laws():
    assert set(CHOOSE) == set(STRATEGIES)


@pytest.mark.parametrize("strategy", STRATEGIES)
@given(seed=st.integers(0, 10_000), most=limits)
@settings(max_examples=15, deadline=None)
def test_shares_are_a_mixture_within_what_there_is(strategy, seed, most):
    asked = problem(np.random.default_rng(seed), most=most)
    try:
        shares = choose_shares(asked, strategy)
    except MixtureError:
        assert strategy in ("threshold", "proportional"), "only these may find nothing worth taking"
        return
    assert (shares >= 0).all()
    assert shares.sum() == pytest.approx(1)
    if strategy not in ("best-single", "direct"):
        assert (shares <= most + 1e-6).all()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_same_problem_has_the_same_answer(strategy):
    first, second = (choose_shares(problem(np.random.default_rng(3)), strategy) for _ in range(2))
    assert first.tolist() == second.tolist()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_equal_sources_make_a_mixture(strategy):
    same = np.full((50, 4), 0.1)
    tied = problem(np.random.default_rng(0), sources=4, gains=same, mean=same.mean(axis=0))
    assert choose_shares(tied, strategy).sum() == pytest.approx(1)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_one_source_takes_all(strategy):
    gains = np.full((10, 1), 0.1)
    alone = problem(np.random.default_rng(0), sources=1, gains=gains, mean=gains.mean(axis=0))
    assert choose_shares(alone, strategy).tolist() == [1.0]


@pytest.mark.parametrize("strategy", ["robust", "threshold", "proportional", "random"])
def test_no_more_sources_are_taken_than_may_be(strategy):
    gains = np.random.default_rng(1).normal(0.2, 0.2, (100, 6))
    asked = problem(np.random.default_rng(0), sources=6, gains=gains, mean=gains.mean(axis=0), most_sources=2)
    assert 1 <= (choose_shares(asked, strategy) > 0).sum() <= 2


@pytest.mark.parametrize("strategy", ["robust", "threshold", "proportional", "random"])
def test_sources_that_cannot_hold_the_budget_are_refused(strategy):
    gains = np.full((20, 3), 0.2)
    short = problem(np.random.default_rng(0), sources=3, most=0.2, gains=gains, mean=gains.mean(axis=0))
    with pytest.raises(MixtureError, match="60%"):
        choose_shares(short, strategy)
