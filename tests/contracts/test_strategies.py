"""The laws that every mixture strategy must keep."""

import re
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spillover.analysis.cube import example_cube
from spillover.mixture.problem import MixtureError, Problem, tail_mean
from spillover.mixture.recommend import recommend
from spillover.mixture.settings import MixtureSettings
from spillover.mixture.strategies import STRATEGIES, Strategy, choose_shares

GUIDE = Path(__file__).parents[2] / "docs/mixture.md"
SEEING = [name for name, each in STRATEGIES.items() if not each.blind]
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
        "budget": 100,
        "available": np.full(sources, np.inf),
        "max_share": most,
    }
    return Problem(**settled | changes)


def test_every_strategy_can_be_asked_for():
    assert tuple(STRATEGIES) == get_args(Strategy)


def test_the_guide_says_what_every_strategy_does():
    table = re.search(r"\| strategy \| what \|\n\|---\|---\|\n((?:\|.*\n)+)", GUIDE.read_text())
    assert table[1].splitlines() == [f"| `{name}` | {each.what} |" for name, each in STRATEGIES.items()]


@pytest.mark.parametrize("strategy", STRATEGIES)
@given(seed=st.integers(0, 10_000), most=limits)
@settings(max_examples=15, deadline=None)
def test_shares_are_a_mixture_within_what_there_is(strategy, seed, most):
    asked = problem(np.random.default_rng(seed), most=most)
    try:
        shares = choose_shares(asked, strategy)
    except MixtureError:  # one source may not take all, or nothing helps
        assert most < 1 or (asked.mean <= asked.threshold).all()
        return
    assert (shares >= 0).all()
    assert shares.sum() == pytest.approx(1)
    assert (shares <= most + 1e-6).all()


@pytest.mark.parametrize("strategy", SEEING)
@given(seed=st.integers(0, 10_000), tolerance=st.sampled_from([0.0, 0.1]))
@settings(max_examples=15, deadline=None)
def test_whoever_looks_at_effects_harms_no_protected_task(strategy, seed, tolerance):
    rng = np.random.default_rng(seed)
    protected = {name: rng.normal(rng.normal(0, 0.2, 5), 0.05, (100, 5)) for name in ("p", "q")}
    try:
        shares = choose_shares(problem(rng, protected=protected, tolerance=tolerance), strategy)
    except MixtureError:
        return
    for gains in protected.values():
        assert tail_mean(gains @ shares) >= -tolerance - 1e-6


@pytest.mark.parametrize("strategy", SEEING)
def test_a_source_that_harms_is_passed_over_and_where_all_harm_the_needed_tolerance_is_told(strategy):
    gains = np.tile([0.4, 0.3], (20, 1))
    asked = problem(np.random.default_rng(0), sources=2, gains=gains, mean=gains.mean(axis=0))
    spared = replace(asked, protected={"p": np.tile([-0.2, 0.0], (20, 1))})
    assert choose_shares(spared, strategy).tolist() == pytest.approx([0.0, 1.0])
    harmed = replace(asked, protected={"p": np.tile([-0.2, -0.1], (20, 1))})
    with pytest.raises(MixtureError, match=r"takes 0\.100 from p|misses p by 0\.100 PGF") as caught:
        choose_shares(harmed, strategy)
    assert "--tolerance 0.101" in caught.value.hint
    assert choose_shares(replace(harmed, tolerance=0.101), strategy).tolist() == pytest.approx([0.0, 1.0], abs=0.011)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_source_is_told_why_it_is_in_or_out(strategy):
    cube = example_cube()
    for target in cube.targets:
        (mixture,) = recommend(cube, MixtureSettings(targets=(target,), strategy=strategy, replicates=100, splits=0))
        taken = {each.reason for each in mixture.taken}
        left = {each.reason for each in mixture.sources if each not in mixture.taken}
        assert all(taken | left)
        assert not taken & left


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


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("most", [1, 2, 3, 5])
def test_no_more_sources_are_taken_than_may_be(strategy, most):
    """The targets' own data are two of the six: where one source may be, `direct` is refused."""
    gains = np.random.default_rng(1).normal(0.2, 0.2, (100, 6))
    asked = problem(np.random.default_rng(0), sources=6, gains=gains, mean=gains.mean(axis=0), most_sources=most)
    try:
        shares = choose_shares(replace(asked, own=frozenset(("s0", "s1"))), strategy)
    except MixtureError:
        assert most == 1
    else:
        assert 1 <= (shares > 0).sum() <= most


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_too_small_a_share_is_refused_with_the_one_that_is_enough(strategy):
    gains = np.full((20, 3), 0.2)
    short = problem(np.random.default_rng(0), sources=3, most=0.2, gains=gains, mean=gains.mean(axis=0))
    with pytest.raises(MixtureError, match=r"[26]0% of the budget, since --max-share is 0\.2") as caught:
        choose_shares(short, strategy)
    enough = float(re.search(r"raise --max-share to ([\d.]+)", caught.value.hint)[1])
    shares = choose_shares(replace(short, max_share=enough), strategy)
    assert shares.sum() == pytest.approx(1)
    assert enough == {1: 1.0, 3: 0.334}[int((shares > 0).sum())]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_too_few_examples_are_refused_with_the_budget_that_they_fill(strategy):
    gains = np.full((20, 3), 0.2)
    few = np.array([10.0, 20.0, 30.0])
    short = problem(np.random.default_rng(0), sources=3, gains=gains, mean=gains.mean(axis=0), available=few)
    with pytest.raises(MixtureError, match=r"can give \d+ examples, and the budget is 100") as caught:
        choose_shares(short, strategy)
    budget = int(re.search(r"lower --budget to (\d+)", caught.value.hint)[1])
    shares = choose_shares(replace(short, budget=budget), strategy)
    assert shares.sum() == pytest.approx(1)
    assert (budget * shares).tolist() == pytest.approx(np.where(shares > 0, few, 0.0).tolist())


def test_the_best_single_source_is_the_best_of_those_that_hold_the_budget():
    gains = np.tile([0.4, 0.3], (20, 1))
    asked = problem(np.random.default_rng(0), sources=2, gains=gains, mean=gains.mean(axis=0))
    assert choose_shares(replace(asked, available=np.array([99.0, 100.0])), "best-single").tolist() == [0.0, 1.0]
    with pytest.raises(MixtureError, match="s0 alone can give 99 examples, and the budget is 100"):
        choose_shares(replace(asked, available=np.array([99.0, 98.0])), "best-single")


@pytest.mark.parametrize("strategy", ["best-single", "direct"])
def test_one_source_that_may_not_have_all_is_refused(strategy):
    asked = problem(np.random.default_rng(0), most=0.5)
    with pytest.raises(MixtureError, match=r"s0 alone can hold 50% of the budget, since --max-share is 0\.5") as caught:
        choose_shares(asked, strategy)
    assert caught.value.hint == "raise --max-share to 1"


def test_own_data_of_more_targets_than_sources_may_be_is_refused():
    asked = replace(problem(np.random.default_rng(0)), own=frozenset(("s0", "s1")))
    assert choose_shares(replace(asked, most_sources=2), "direct")[:2].tolist() == [0.5, 0.5]
    with pytest.raises(MixtureError, match="own data are 2 sources, and --max-sources is 1"):
        choose_shares(replace(asked, most_sources=1), "direct")


def test_random_mixtures_have_as_many_sources_as_the_largest_share_demands():
    asked = problem(np.random.default_rng(0), sources=6, most=0.25)
    assert (choose_shares(asked, "random") > 0).sum() == 4
