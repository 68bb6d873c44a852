"""Replicates: vectorised as a naive loop would draw them, paired where they must be, as wide as they should be."""

from __future__ import annotations

import numpy as np
import pytest

from spillover.analysis.bootstrap import draw_weights, replicate_cube, replicate_table, sample_examples
from spillover.analysis.crossed import infer_cube
from spillover.analysis.frame import derive, frame_transfers
from spillover.analysis.pgf import transfers_of_cube
from spillover.analysis.spread import percentile, summarise_replicates
from spillover.analysis.tables import lay_out_table
from spillover.core.published import PGFRow, PGFTable


def test_one_product_of_matrices_is_the_naive_loop(random_cube):
    cube = random_cube(seeds=2, tasks=3, examples=20)
    drawn = sample_examples(cube, np.ones(3))(np.random.default_rng(5), 7)
    rng = np.random.default_rng(5)
    for column, block in enumerate(cube.blocks):
        weights = draw_weights(20, 7, rng)
        for replicate in range(7):
            picked = np.repeat(np.arange(20), weights[replicate])
            base = block.base[0, picked].mean()
            for seed, source in np.ndindex(2, 3):
                naive = (block.scores[seed, source, picked].mean() - base) / (1 - base)
                assert drawn[replicate, seed, source, column] == pytest.approx(naive)


def test_pieces_do_not_change_what_is_drawn_of_a_shape(random_cube, monkeypatch):
    cube = random_cube()
    monkeypatch.setattr("spillover.analysis.bootstrap.PIECE_VALUES", 16 * 3 * 10)
    sizes = [len(piece.pgf) for piece in replicate_cube(cube, np.ones(4), 25, np.random.default_rng(0))]
    assert sizes == [10, 10, 5]


def test_equal_generators_give_paired_replicates(random_cube):
    one, other = (next(replicate_cube(random_cube(), np.ones(4), 50, np.random.default_rng(0))) for _ in range(2))
    assert np.array_equal(one.pgf, other.pgf)


def test_a_replicate_without_a_gap_is_undefined_not_infinite(make_cube):
    base = np.array([[[1, 1, 1, 0]]], dtype=float)
    cube = make_cube(np.ones((2, 1, 1, 4)), base, sources=("a",), targets=("b",))
    drawn = next(replicate_cube(cube, np.ones(1), 200, np.random.default_rng(0))).pgf
    assert np.isnan(drawn).any()
    assert not np.isinf(drawn).any()


def test_the_spread_of_replicates_agrees_with_the_crossed_variance(random_cube):
    cube = random_cube(seeds=8, tasks=3, examples=400)
    transfers = transfers_of_cube(cube, np.ones(3))
    frame = frame_transfers(transfers)
    pieces = replicate_cube(cube, np.ones(3), 4000, np.random.default_rng(0))
    spread = summarise_replicates(pieces, transfers, frame, 0.95)
    assert spread is not None
    analytic = infer_cube(cube, np.ones(3), 0.95).standard_error
    assert spread.standard_error == pytest.approx(analytic, rel=0.25)


def test_resampled_seeds_spread_as_much_as_new_ones(make_cube):
    rng = np.random.default_rng(0)
    rates = rng.uniform(0.2, 0.8, (4, 1))
    scores = np.repeat((np.arange(1000) / 1000 < rates).astype(float), 1, axis=1)[:, None, None]
    base = np.zeros((1, 1, 1000))
    base[..., ::2] = 1
    cube = make_cube(scores, base, sources=("a",), targets=("b",))
    drawn = next(replicate_cube(cube, np.ones(1), 4000, rng))
    means = drawn.pgf.mean(axis=1).ravel()
    by_seed = transfers_of_cube(cube, np.ones(1)).pgf.ravel()
    assert means.std() == pytest.approx(by_seed.std(ddof=1) / 2, rel=0.1)


def test_percentiles_leave_out_replicates_without_a_value():
    values = np.array([[1.0, np.nan], [3.0, np.nan], [np.nan, np.nan]])
    assert percentile(values, 50).tolist()[0] == 2.0
    assert np.isnan(percentile(values, 50)[1])
    assert percentile(values, (0, 100))[:, 0].tolist() == [1.0, 3.0]


def test_derived_quantities_of_many_are_those_of_each(random_cube):
    cube = random_cube()
    transfers = transfers_of_cube(cube, np.ones(4))
    frame = frame_transfers(transfers)
    many = next(replicate_cube(cube, np.ones(4), 6, np.random.default_rng(0))).pgf.mean(axis=1)
    together = derive(many, frame)
    for index, matrix in enumerate(many):
        alone = derive(matrix, frame)
        assert together.mean[index] == pytest.approx(float(alone.mean))
        assert together.malleability.negative[index] == pytest.approx(alone.malleability.negative)
        assert together.transferability_with_diagonal.positive[index] == pytest.approx(
            alone.transferability_with_diagonal.positive
        )


def test_a_table_is_replicated_around_its_values():
    rng = np.random.default_rng(0)
    values = {source + target: int(rng.integers(-8, 9)) / 37 for source in "abc" for target in "abc"}
    rows = tuple(
        PGFRow(seed=seed, source=source, target=target, pgf=values[source + target])
        for seed in range(4)
        for source in "abc"
        for target in "abc"
    )
    table = lay_out_table(PGFTable(model="m", rows=rows, examples={"a": 60, "b": 60}, origin="here"))
    drawn = np.concatenate([piece.pgf for piece in replicate_table(table, 3000, rng)]).mean(axis=1)
    assert drawn.mean(axis=0) == pytest.approx(table.transfers.mean, abs=0.05)
    assert (drawn.std(axis=0)[:, :2] > 0.02).all()
    assert (drawn.std(axis=0)[:, 2] < 1e-12).all()  # no counts, and seeds that agree: nothing left to vary


def test_the_floor_of_a_table_knows_how_far_its_models_agree():
    """Questions that all finetuned models answer alike are no noise between them and the base, if nothing transfers."""
    rng = np.random.default_rng(0)
    names = "abcdef"
    agreeing, differing = rng.integers(0, 2, (4, 6)), rng.integers(-12, 13, (4, 6))
    rows = tuple(
        PGFRow(seed=seed, source=source, target=target, pgf=int(gained[seed, row]) / 61)
        for target, gained in zip("abcdef", [agreeing, *[differing] * 5], strict=True)
        for row, source in enumerate(names)
        for seed in range(4)
    )
    table = lay_out_table(PGFTable(model="m", rows=rows, examples=dict.fromkeys(names, 120), origin="here"))
    assert table.counts.known.all()
    frame = frame_transfers(table.transfers)
    spread = summarise_replicates(replicate_table(table, 1000, rng), table.transfers, frame, 0.95)
    assert spread is not None
    assert spread.floor.malleability.positive[0] < 0.01
    assert spread.floor.malleability.positive[1:].min() > 0.02
    width = spread.high.malleability.positive - spread.low.malleability.positive
    assert width[0] > 0.05  # intervals assume nothing of the kind


def test_no_replicates_give_no_spread(random_cube):
    transfers = transfers_of_cube(random_cube(), np.ones(4))
    assert summarise_replicates([], transfers, frame_transfers(transfers), 0.95) is None


def test_the_floor_is_what_noise_alone_gives(random_cube):
    cube = random_cube(tasks=5)
    transfers = transfers_of_cube(cube, np.ones(5))
    frame = frame_transfers(transfers)
    spread = summarise_replicates(
        replicate_cube(cube, np.ones(5), 500, np.random.default_rng(0)), transfers, frame, 0.95
    )
    assert spread is not None
    assert (spread.floor.transferability.positive > 0).all()
    assert (spread.floor.transferability.negative < 0).all()
    assert abs(float(spread.floor.mean)) < 0.1
