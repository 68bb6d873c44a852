import numpy as np
import pytest

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
