"""Intervals and tests of cells: the method's formulas, written out once more by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from spillover.analysis.crossed import compute_mcnemar_p, infer_cube, lay_out_cells
from spillover.analysis.fieller import compute_change_p, infer_cells


def answers(seeds: int, examples: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    difficulty = rng.normal(size=examples)
    tuned = (difficulty + rng.normal(size=(seeds, 1, examples)) > -0.4).astype(float)
    base = (difficulty + rng.normal(size=(1, 1, examples)) > 0).astype(float)
    return tuned, base


def mean_squares(e: np.ndarray) -> tuple[float, float, float]:
    """Two-way mean squares of a seed × example array, straight from the textbook."""
    seeds, examples = e.shape
    by_example, by_seed, grand = e.mean(axis=0), e.mean(axis=1), e.mean()
    items = seeds * ((by_example - grand) ** 2).sum() / (examples - 1)
    seed = examples * ((by_seed - grand) ** 2).sum() / (seeds - 1)
    residual = e - by_example - by_seed[:, None] + grand
    return items, seed, (residual**2).sum() / ((seeds - 1) * (examples - 1))


def test_the_test_is_the_methods_formula():
    tuned, base = answers(4, 130)
    items, seed, residual = mean_squares((tuned - base)[:, 0])
    i, s = max(0.0, items - residual), max(seed, residual)
    variance, freedom = (s + i) / (4 * 130), (s + i) ** 2 / (s**2 / 3 + i**2 / 129)
    expected = 2 * stats.t.sf(abs((tuned - base).mean()) / np.sqrt(variance), freedom)
    assert compute_change_p(lay_out_cells(tuned - base, 1 - base)).item() == pytest.approx(expected)


@pytest.mark.parametrize("end", ["low", "high"])
def test_an_end_of_the_interval_is_where_the_residual_mean_is_just_significant(end):
    tuned, base = answers(4, 130)
    theta = getattr(infer_cells(lay_out_cells(tuned - base, 1 - base), 0.95), end).item()
    e = (tuned - base - theta * (1 - base))[:, 0]
    items, seed, residual = mean_squares(e)
    i, s = max(0.0, items - residual), max(seed, residual)
    freedom = (s + i) ** 2 / (s**2 / 3 + i**2 / 129)
    assert e.mean() ** 2 == pytest.approx(stats.t.ppf(0.975, freedom) ** 2 * (s + i) / 520, rel=1e-6)


def test_with_one_seed_it_is_the_paired_t_test_over_examples():
    tuned, base = answers(1, 80)
    expected = stats.ttest_rel(tuned[0, 0], base[0, 0]).pvalue
    assert compute_change_p(lay_out_cells(tuned - base, 1 - base)).item() == pytest.approx(expected)
    result = infer_cells(lay_out_cells(tuned - base, 1 - base), 0.9)
    known = stats.ttest_rel(tuned[0, 0], base[0, 0]).confidence_interval(0.9)
    assert (result.change_low.item(), result.change_high.item()) == pytest.approx((known.low, known.high))


@pytest.mark.parametrize("seeds", [1, 2, 3])
def test_interval_and_test_are_dual(seeds):
    for seed in range(60):
        tuned, base = answers(seeds, 60, seed)
        result = infer_cells(lay_out_cells(tuned - base, 1 - base), 0.95)
        assert (result.p.item() < 0.05) == (not result.low.item() <= 0 <= result.high.item())
        assert (result.p.item() < 0.05) == (not result.change_low.item() <= 0 <= result.change_high.item())


def two_seeds(d: float, theta: float, gap: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two seeds whose examples differ from `theta·gap` by a constant and little noise: d ∝ g but for a shift."""
    noise = np.where(np.arange(len(gap)) % 2, 0.02, -0.02)
    change = theta * gap + d + np.stack([noise, -noise])
    return change[:, None], gap[None, None]


def test_a_set_in_two_pieces_is_listed_whole():
    gap = np.tile([0.1, 0.9], 30)
    change, gap = two_seeds(0.05, -0.05, gap)  # near θ = 0 examples hardly vary: one degree of freedom
    result = infer_cells(lay_out_cells(change, gap), 0.95)
    pieces = result.pieces.item()
    assert len(pieces) == 2, "one around the estimate, one where seeds alone decide"
    assert pieces[0][0] <= 0 <= pieces[0][1]
    assert pieces[1][0] <= result.estimate.item() <= pieces[1][1]
    assert result.p.item() > 0.05
    assert (result.low.item(), result.high.item()) == (pieces[0][0], pieces[1][1])


def test_an_interval_that_excludes_0_keeps_to_its_side_of_it():
    base = np.ones((1, 1, 40))
    base[..., 0] = 0
    tuned = base.repeat(2, axis=0).copy()
    tuned[..., 5:30] = 0  # clear harm, over a gap that may be nothing
    result = infer_cells(lay_out_cells(tuned - base, 1 - base), 0.95)
    assert result.p.item() < 0.05
    assert np.isneginf(result.low.item())
    assert result.high.item() < 0
    below, above = result.pieces.item()
    assert below == (result.low.item(), result.high.item())
    assert above[0] > 0
    assert np.isposinf(above[1])


def test_a_gap_that_may_be_zero_makes_the_interval_unbounded():
    base = np.ones((1, 1, 40))
    base[..., 0] = 0  # one error only: the gap itself is uncertain
    tuned = base.repeat(2, axis=0).copy()
    tuned[0, 0, 5] = 0
    result = infer_cells(lay_out_cells(tuned - base, 1 - base), 0.95)
    assert np.isneginf(result.low.item())


def test_nothing_changed_is_certainly_no_change():
    _, base = answers(1, 50)
    result = infer_cells(lay_out_cells(np.zeros((4, 1, 50)), 1 - base), 0.95)
    assert (result.estimate.item(), result.p.item()) == (0.0, 1.0)
    assert result.low.item() == pytest.approx(0, abs=1e-6)
    assert result.high.item() == pytest.approx(0, abs=1e-6)


def test_a_base_per_seed_is_used_seed_by_seed():
    rng = np.random.default_rng(0)
    base = rng.integers(0, 2, (3, 1, 60)).astype(float)
    result = infer_cells(lay_out_cells(base - base, 1 - base), 0.95)
    assert result.p.item() == 1.0


def test_one_example_and_one_seed_cannot_be_tested():
    result = infer_cells(lay_out_cells(np.ones((1, 1, 1)), np.ones((1, 1, 1))), 0.95)
    assert np.isnan(result.p.item())
    assert np.isnan(result.low.item())


def test_a_cube_is_inferred_cell_by_cell(random_cube):
    cube = random_cube()
    together = infer_cube(cube, np.ones(4), 0.9)
    block = cube.blocks[2]
    alone = infer_cells(lay_out_cells(block.scores[:, 1:2] - block.base[:, None], 1 - block.base[:, None]), 0.9)
    assert together.low[1, 2] == pytest.approx(alone.low.item())
    assert together.high[1, 2] == pytest.approx(alone.high.item())


def test_mcnemar_is_the_exact_binomial_test(random_cube):
    block = random_cube().blocks[0]
    p = compute_mcnemar_p(block)
    assert p is not None
    gained = int(((block.scores[1, 2] == 1) & (block.base[0] == 0)).sum())
    lost = int(((block.scores[1, 2] == 0) & (block.base[0] == 1)).sum())
    assert p[1, 2] == pytest.approx(stats.binomtest(gained, gained + lost).pvalue)


def test_mcnemar_needs_right_or_wrong(make_cube):
    cube = make_cube(np.full((1, 1, 1, 4), 0.3), np.zeros((1, 1, 4)), sources=("a",), targets=("b",))
    assert compute_mcnemar_p(cube.blocks[0]) is None
