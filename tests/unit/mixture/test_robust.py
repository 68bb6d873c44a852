from itertools import combinations

import numpy as np
import pytest

from spillover.mixture import robust
from spillover.mixture.problem import MixtureError, Problem, tail_mean
from spillover.mixture.robust import choose_robust


def problem(gains, **changes):
    count = gains.shape[1]
    settled = {
        "sources": tuple("abcdef"[:count]),
        "own": frozenset(),
        "mean": gains.mean(axis=0),
        "gains": gains,
        "protected": {},
        "budget": 100,
        "available": np.full(count, np.inf),
    }
    return Problem(**settled | changes)


def grid(count, steps=20):
    if count == 1:
        return [[1.0]]
    points = np.indices((steps + 1,) * (count - 1)).reshape(count - 1, -1).T / steps
    inside = points[points.sum(axis=1) <= 1 + 1e-9]
    return np.column_stack([inside, 1 - inside.sum(axis=1)])


@pytest.mark.parametrize("seed", range(5))
def test_nothing_on_a_grid_has_a_better_tail(seed):
    gains = np.random.default_rng(seed).normal([0.2, 0.15, 0.1], [0.3, 0.1, 0.02], (60, 3))
    shares = choose_robust(problem(gains)).shares
    best = max(tail_mean(gains @ point) for point in grid(3))
    assert tail_mean(gains @ shares) >= best - 1e-6


@pytest.mark.parametrize("seed", range(3))
def test_protected_tasks_keep_their_tail_and_cost_no_more_than_needed(seed):
    rng = np.random.default_rng(seed)
    gains = rng.normal([0.4, 0.1, 0.05], 0.05, (50, 3))
    harm = rng.normal([-0.3, 0.02, 0.05], 0.01, (50, 3))
    shares = choose_robust(problem(gains, protected={"p": harm}, tolerance=0.05)).shares
    assert tail_mean(harm @ shares) >= -0.05 - 1e-6
    allowed = [point for point in grid(3) if tail_mean(harm @ point) >= -0.05]
    assert tail_mean(gains @ shares) >= max(tail_mean(gains @ point) for point in allowed) - 1e-6


def test_independent_noise_is_spread_over_equal_sources():
    gains = np.random.default_rng(0).normal(0.2, 0.2, (2000, 4))
    assert choose_robust(problem(gains)).shares.max() < 0.4


def test_what_cannot_be_protected_is_named_with_how_much_is_missing():
    gains = np.full((20, 2), 0.3)
    harm = np.full((20, 2), -0.2)
    with pytest.raises(MixtureError, match=r"misses p by 0\.150 PGF") as caught:
        choose_robust(problem(gains, protected={"p": harm, "q": gains}, tolerance=0.05))
    assert "--tolerance 0.201" in caught.value.hint


def test_the_tail_mean_takes_part_of_the_last_outcome():
    assert tail_mean(np.array([0.0, 1.0, 2.0]), 0.5) == pytest.approx((0.0 + 0.5 * 1.0) / 1.5)


def best_pair(gains):
    """The best tail of two sources, by trying all."""
    pairs = (gains[:, list(pair)] for pair in combinations(range(gains.shape[1]), 2))
    return max(tail_mean(pair @ point) for pair in pairs for point in grid(2, steps=200))


NOISY = np.random.default_rng(4).normal(np.linspace(0.2, 0.22, 6), 0.2, (80, 6))


def test_a_search_that_ends_finds_the_best_few_sources_and_says_that_it_is_proven():
    choice = choose_robust(problem(NOISY, most_sources=2))
    assert tail_mean(NOISY @ choice.shares) >= best_pair(NOISY) - 1e-3
    assert choice.gap == 0


@pytest.mark.parametrize("search_s", [0.0, 1e-6])
def test_without_time_for_the_search_it_is_said_how_much_better_a_choice_may_be(search_s):
    choice = choose_robust(problem(NOISY, most_sources=2, search_s=search_s))
    found = tail_mean(NOISY @ choice.shares)
    assert (choice.shares > 0).sum() <= 2
    assert choice.gap > 0
    assert best_pair(NOISY) <= found + choice.gap
    assert found >= max(tail_mean(gains) for gains in NOISY.T), "dropping the least used is no worse than one source"


@pytest.mark.parametrize("most", [None, 2])
def test_what_was_not_found_in_time_is_not_called_impossible(most, monkeypatch):
    monkeypatch.setattr(robust, "TIME_LIMIT_S", 0.0)
    with pytest.raises(MixtureError, match="whether there is one is not known") as caught:
        choose_robust(problem(NOISY, most_sources=most, search_s=0.0))
    assert "None" not in str(caught.value)
    assert ("--max-sources" in caught.value.hint) == (most is not None)


def test_what_only_more_sources_can_protect_is_told_with_how_much_is_missing():
    gains = np.full((20, 2), 0.3)
    protected = {"p": np.tile([0.2, -0.2], (20, 1)), "q": np.tile([-0.2, 0.2], (20, 1))}
    assert choose_robust(problem(gains, protected=protected)).shares.tolist() == pytest.approx([0.5, 0.5])
    with pytest.raises(MixtureError, match=r"no mixture of at most 1 source protects .* misses [pq] by 0\.200 PGF"):
        choose_robust(problem(gains, protected=protected, most_sources=1))


def test_equal_sources_share_evenly():
    for gain in (0.2, 0.0):
        assert choose_robust(problem(np.full((50, 4), gain))).shares.tolist() == pytest.approx([0.25] * 4)
    beside = problem(np.tile([0.2, 0.2, 0.1], (50, 1)))
    assert choose_robust(beside).shares.tolist() == pytest.approx([0.5, 0.5, 0.0])


def test_equal_sources_share_evenly_within_their_limits():
    equal = np.full((50, 4), 0.2)
    few = problem(equal, available=np.array([10.0, np.inf, np.inf, np.inf]))
    assert choose_robust(few).shares.tolist() == pytest.approx([0.1, 0.3, 0.3, 0.3])
    assert sorted(choose_robust(problem(equal, most_sources=2)).shares) == pytest.approx([0, 0, 0.5, 0.5])


def test_equal_sources_that_do_not_protect_alike_share_as_the_protected_allow():
    equal = np.full((50, 2), 0.2)
    spared = {"p": np.tile([0.0, 0.1], (50, 1))}
    assert choose_robust(problem(equal, protected=spared)).shares.tolist() == pytest.approx([0.5, 0.5])
    harmed = {"p": np.tile([-0.1, 0.1 / 4], (50, 1))}
    assert choose_robust(problem(equal, protected=harmed)).shares[0] <= 0.2 + 1e-6


@pytest.mark.parametrize("most", [None, 2])
def test_the_order_of_the_sources_changes_nothing(most):
    gains = np.column_stack([NOISY, NOISY[:, :2], np.full((80, 2), 0.1)])
    names = np.array(list("abcdefghij"))
    asked = problem(gains, sources=tuple(names), most_sources=most, search_s=0.0)
    expected = dict(zip(names, choose_robust(asked).shares, strict=True))
    order = np.random.default_rng(0).permutation(10)
    other = problem(gains[:, order], sources=tuple(names[order]), most_sources=most, search_s=0.0)
    assert dict(zip(names[order], choose_robust(other).shares, strict=True)) == pytest.approx(expected, abs=1e-9)
