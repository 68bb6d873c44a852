"""Laws that every analysis must keep, whatever the numbers."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from tests.unit.analysis.made_matrices import transfers_of

from spillover.analysis import AnalysisSettings, ScoreCube, analyze
from spillover.analysis.bootstrap import draw_weights, sample_examples
from spillover.analysis.calibration import calibrate_options
from spillover.analysis.cliques import find_cliques, sign_graphs
from spillover.analysis.counts import smallest_denominator
from spillover.analysis.crossed import infer_cube, lay_out_cells
from spillover.analysis.cube import TargetBlock
from spillover.analysis.discoveries import adjust_p
from spillover.analysis.fieller import infer_cells
from spillover.analysis.pgf import transfers_of_cube
from spillover.analysis.profiles import measure_malleability, measure_transferability
from spillover.analysis.signed_rank import signed_rank_p
from spillover.analysis.variance import share_variance, specific_transfers

QUICK = AnalysisSettings(replicates=0, permutations=0)
few = settings(max_examples=40, deadline=None)
seeds_of_studies = st.integers(min_value=0, max_value=10_000)
matrices = st.integers(2, 7).flatmap(
    lambda size: arrays(np.float64, (2, size, size), elements=st.floats(-3, 1).map(lambda value: round(value, 3)))
)


def draw_cube(seed: int, tasks: int = 3, seeds: int = 2, examples: int = 12) -> ScoreCube:
    rng = np.random.default_rng(seed)
    names = tuple(f"t{index}" for index in range(tasks))
    base = rng.integers(0, 2, (tasks, examples)).astype(float)
    base[:, 0] = 0
    scores = rng.integers(0, 2, (seeds, tasks, tasks, examples)).astype(float)
    blocks = tuple(
        TargetBlock(
            target=name,
            examples=tuple(map(str, range(examples))),
            letters=("(A)", "(B)"),
            answers=np.arange(examples) % 2,
            option_counts=np.full(examples, 2),
            base=base[column][None],
            scores=scores[:, :, column],
            base_given=np.zeros((1, examples), dtype=int),
            given=np.zeros((seeds, tasks, examples), dtype=int),
            base_log_probabilities=None,
            log_probabilities=None,
        )
        for column, name in enumerate(names)
    )
    return ScoreCube(
        model="m", protocol="letters", sources=names, targets=names, seeds=tuple(range(seeds)), blocks=blocks
    )


@few
@given(seeds_of_studies, st.permutations(range(3)))
def test_relabelling_and_reordering_tasks_changes_no_figure(seed, order):
    cube = draw_cube(seed)
    names = tuple(f"renamed {index}" for index in order)
    moved = replace(
        cube,
        sources=names,
        targets=names,
        blocks=tuple(
            replace(cube.blocks[place], target=name, scores=cube.blocks[place].scores[:, list(order)])
            for place, name in zip(order, names, strict=True)
        ),
    )
    straight, shuffled = analyze(cube, QUICK).models[0], analyze(moved, QUICK).models[0]
    assert shuffled.matrix.values == pytest.approx(straight.matrix.values[np.ix_(order, order)])
    assert shuffled.summary.mean == pytest.approx(straight.summary.mean)
    assert shuffled.summary.transferability.average_positive == pytest.approx(
        straight.summary.transferability.average_positive
    )
    assert shuffled.cells.q == pytest.approx(straight.cells.q[np.ix_(order, order)], nan_ok=True)
    assert shuffled.positive_cliques.largest == straight.positive_cliques.largest


@few
@given(seeds_of_studies)
def test_nothing_changed_is_exactly_zero_and_never_discovered(seed):
    cube = draw_cube(seed)
    unchanged = replace(
        cube,
        blocks=tuple(
            replace(block, scores=np.broadcast_to(block.base[:, None], block.scores.shape).copy())
            for block in cube.blocks
        ),
    )
    model = analyze(unchanged, AnalysisSettings(replicates=100, permutations=0)).models[0]
    assert (model.matrix.values == 0).all()
    assert (model.cells.inference.p == 1).all()
    assert model.summary.spread is not None
    assert not any(model.summary.transferability.positive.values())


@settings(max_examples=100, deadline=None)
@given(seeds_of_studies, st.sampled_from([1, 2, 3, 4]), st.sampled_from([0.8, 0.95, 0.99]))
@example(195, 2, 0.95)  # the accepted set is in two pieces, and 0 is in the one without the estimate
def test_an_interval_holds_its_estimate_and_agrees_with_its_test(seed, seeds, confidence):
    cube = draw_cube(seed, seeds=seeds)
    found = infer_cube(cube, np.ones(3), confidence)
    assert (found.low <= found.estimate).all()
    assert (found.estimate <= found.high).all()
    assert found.estimate == pytest.approx(transfers_of_cube(cube, np.ones(3)).mean, abs=1e-9)
    excludes_zero = (found.low > 0) | (found.high < 0)
    assert (excludes_zero == (found.p < 1 - confidence)).all()


@few
@given(seeds_of_studies, st.sampled_from([1, 2, 3, 4]), st.sampled_from([0.8, 0.95]))
def test_the_listed_set_is_what_the_test_accepts_point_by_point(seed, seeds, confidence):
    block = draw_cube(seed, seeds=seeds).blocks[0]
    layout = lay_out_cells(block.scores - block.base[:, None], 1 - block.base[:, None])
    found = infer_cells(layout, confidence)
    theta = np.concatenate([np.linspace(-6, 6, 481), [-1e3, 1e3]])[:, None]
    variance, freedom = layout.variance(theta)
    bound = stats.t.ppf(0.5 + confidence / 2, freedom) ** 2 * variance
    excess = (layout.change - theta * layout.gap) ** 2 - bound
    sure = np.abs(excess) > 1e-6 * bound  # not at an end, where rounding decides
    for cell in range(len(layout.change)):
        whole = found.pieces[cell] or ((found.low[cell], found.high[cell]),)
        listed = np.any([(low <= theta[:, 0]) & (theta[:, 0] <= high) for low, high in whole], axis=0)
        assert (listed == (excess[:, cell] <= 0))[sure[:, cell]].all()


@few
@given(seeds_of_studies, st.sampled_from([1, 2, 4]))
def test_more_confidence_makes_no_interval_narrower(seed, seeds):
    narrow, wide = (infer_cube(draw_cube(seed, seeds=seeds), np.ones(3), level) for level in (0.8, 0.95))
    assert (wide.low <= narrow.low + 1e-9).all()
    assert (wide.high >= narrow.high - 1e-9).all()


@few
@given(seeds_of_studies)
def test_replicates_are_what_a_loop_over_resampled_examples_gives(seed):
    cube = draw_cube(seed)
    drawn = sample_examples(cube, np.ones(3))(np.random.default_rng(seed), 3)
    rng = np.random.default_rng(seed)
    for column, block in enumerate(cube.blocks):
        for replicate, weights in enumerate(draw_weights(12, 3, rng)):
            gap = 1 - (weights * block.base[0]).sum() / 12
            naive = ((weights * (block.scores - block.base[0])).sum(axis=-1) / 12) / gap if gap > 0 else np.nan
            assert drawn[replicate, ..., column] == pytest.approx(naive, nan_ok=True)


@few
@given(matrices)
def test_transferability_is_malleability_of_the_transpose_and_bounded(pgf):
    mean = pgf.mean(axis=0)
    cells = ~np.eye(len(mean), dtype=bool)
    rows, columns = measure_transferability(mean, cells), measure_malleability(mean.T, cells)
    assert rows.positive == pytest.approx(columns.positive)
    assert rows.negative == pytest.approx(columns.negative)
    assert (rows.positive >= 0).all()
    assert (rows.negative <= 0).all()
    assert (rows.positive <= np.where(cells, np.maximum(mean, 0), 0).max(axis=1) + 1e-12).all()


@few
@given(matrices)
def test_turning_every_sign_exchanges_help_and_harm(pgf):
    cells = ~np.eye(pgf.shape[1], dtype=bool)
    one, other = (measure_transferability(sign * pgf.mean(axis=0), cells) for sign in (1, -1))
    assert one.positive == pytest.approx(-other.negative)


@few
@given(matrices)
def test_members_of_a_clique_are_mutually_connected_and_maximal(pgf):
    transfers = transfers_of(pgf)
    for positive in (True, False):
        graphs = sign_graphs(transfers, positive=positive, threshold=0.0)
        found = find_cliques(graphs, 1000)
        assert len({clique.tasks for clique in found.cliques}) == len(found.cliques)
        for clique in found.cliques:
            places = [graphs.tasks.index(task) for task in clique.tasks]
            for name in clique.maximal_in:
                cells = graphs.cells[name]
                assert all(cells[one, other] and cells[other, one] for one, other in combinations(places, 2))
                outside = set(range(len(graphs.tasks))) - set(places)
                assert not any(all(cells[new, old] and cells[old, new] for old in places) for new in outside), (
                    "another task would fit"
                )


@few
@given(matrices.filter(lambda pgf: pgf.shape[1] > 2))
def test_variance_shares_are_shares(pgf):
    shares = share_variance(pgf, ~np.eye(pgf.shape[1], dtype=bool))
    assert shares is not None
    parts = [shares.target, shares.source_given_target, shares.interaction, shares.seed_noise]
    if not np.isnan(parts).any():
        assert min(parts) >= -1e-9
        assert sum(parts) == pytest.approx(1)


@few
@given(matrices.filter(lambda pgf: pgf.shape[1] > 2), st.floats(-2, 2))
def test_generic_effects_leave_no_trace_in_the_specific_part(pgf, shift):
    mean, cells = pgf.mean(axis=0), ~np.eye(pgf.shape[1], dtype=bool)
    moved = mean.copy()
    moved[:, 0] += shift
    moved[1] -= shift
    assert specific_transfers(moved, cells) == pytest.approx(specific_transfers(mean, cells), nan_ok=True, abs=1e-9)


probabilities = arrays(np.float64, st.integers(1, 30), elements=st.floats(0, 1))


@few
@given(probabilities, st.booleans())
def test_adjusted_p_are_scipys_and_monotone(p, dependent):
    found = adjust_p(p, np.ones(len(p), dtype=bool), dependent=dependent)
    assert found == pytest.approx(stats.false_discovery_control(p, method="by" if dependent else "bh"))
    assert (found >= p - 1e-12).all()
    order = np.argsort(p)
    assert (np.diff(found[order]) >= -1e-12).all()


@few
@given(arrays(np.float64, st.integers(1, 40), elements=st.integers(-20, 20).map(lambda value: value / 8)))
def test_the_signed_rank_test_is_scipys(values):
    if not values.any():
        assert signed_rank_p(values, above=True) == 1.0
        return
    kept = np.abs(values[values != 0])
    exact = len(kept) <= 25 and len(np.unique(kept)) == len(kept)
    for above in (True, False):
        result = stats.wilcoxon(
            values,
            alternative="greater" if above else "less",
            zero_method="wilcox",
            correction=False,
            method="asymptotic" if not exact else "exact",
        )
        if exact and len(kept) < len(values):
            result = stats.wilcoxon(
                values[values != 0], alternative="greater" if above else "less", correction=False, method="exact"
            )
        assert signed_rank_p(values, above=above) == pytest.approx(result.pvalue)


@few
@given(st.integers(1, 150), st.lists(st.integers(-300, 150), min_size=1, max_size=12))
def test_recovered_counts_divide_the_true_ones_and_reproduce_the_values(errors, gained):
    values = np.array([min(count, errors) / errors for count in gained])
    found = smallest_denominator(values, 150, 1e-15)
    assert errors % found == 0
    assert values * found == pytest.approx(np.round(values * found), abs=1e-6)


@few
@given(arrays(np.float64, (9, 3), elements=st.floats(-5, 0)), arrays(np.float64, (1, 3), elements=st.floats(-4, 4)))
def test_calibration_is_blind_to_any_prior(log_p, prior):
    assert calibrate_options(log_p + prior) == pytest.approx(calibrate_options(log_p), abs=1e-9)


@few
@given(seeds_of_studies)
def test_findings_always_have_a_json_form(seed):
    text = analyze(draw_cube(seed, tasks=2, examples=4), AnalysisSettings(replicates=100, permutations=3)).dump()
    assert "NaN" not in text
    assert "Infinity" not in text
