"""The promises of the method, kept in simulation (its §6): coverage, false discoveries, personas, floors, power."""

from __future__ import annotations

import numpy as np
import pytest

import simulate_coverage
from spillover.analysis.variance import share_variance


def test_one_point_covers_about_what_it_should():
    design = simulate_coverage.Design(seeds=4, examples=130, base=0.6, pgf=0.1, seed_sd=0.02)
    assert 0.91 < simulate_coverage.simulate_cells(design, 500, np.random.default_rng(0))["coverage"] < 0.99


def test_simulated_seeds_have_the_stated_mean_and_spread():
    drawn = simulate_coverage.draw_seeds(0.8, 0.04, (20_000,), np.random.default_rng(0))
    assert drawn.mean() == pytest.approx(0.8, abs=0.002)
    assert drawn.std() == pytest.approx(0.04, abs=0.002)


def test_more_seeds_and_examples_see_more():
    rng = np.random.default_rng(0)
    few, many = (
        simulate_coverage.simulate_cells(
            simulate_coverage.Design(seeds=seeds, examples=examples, base=0.5, pgf=0.1, seed_sd=0.02), 300, rng
        )["rejected"]
        for seeds, examples in ((2, 130), (8, 500))
    )
    assert many > few + 0.3


@pytest.mark.slow
@pytest.mark.parametrize("seed_sd", [0.0, 0.02, 0.04])
@pytest.mark.parametrize("base", [0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
@pytest.mark.parametrize("pgf", [0.0, 0.1, -0.2])
def test_coverage_is_within_the_gate_at_every_point(seed_sd, base, pgf):
    design = simulate_coverage.Design(seeds=4, examples=130, base=base, pgf=pgf, seed_sd=seed_sd)
    assert 0.93 <= simulate_coverage.simulate_cells(design, 2000, np.random.default_rng(1))["coverage"] <= 0.97


@pytest.mark.slow
def test_null_studies_discover_nothing_too_often_and_raw_personas_do():
    figures = simulate_coverage.simulate_null(1000, np.random.default_rng(2))
    assert figures["any_discovery"] <= 0.05 + 2 * figures["monte_carlo_se"]
    assert figures["any_calibrated_sponge_or_sieve"] <= 0.05 + 2 * figures["monte_carlo_se"]
    assert figures["raw_sponges_and_sieves"] > 5  # of 13, under pure noise: why raw personas are descriptive
    assert figures["transferability_positive"] > 0.01
    assert figures["transferability_negative"] < -0.01


@pytest.mark.slow
def test_the_printed_floor_is_about_the_floor_that_there_is_and_not_below():
    """Resampling examples and seeds counts the noise of one answer in both, so the printed floor is a little high."""
    floors = simulate_coverage.compare_floor(60, np.random.default_rng(3))
    assert 0.9 < floors["printed_floor"] / floors["simulated_floor"] < 1.35


@pytest.mark.slow
@pytest.mark.parametrize("seed_sd", [0.0, 0.02, 0.04])
def test_a_table_prints_about_the_floor_that_its_examples_would_give(seed_sd):
    """Answers to the same questions go together: drawn as independent they made it 1.5 to 2 times as high."""
    floors = simulate_coverage.compare_floor(60, np.random.default_rng(3), seed_sd)
    assert 0.9 < floors["printed_floor_of_a_table"] / floors["simulated_floor"] < 1.35


@pytest.mark.parametrize("forgotten", [False, True])
def test_an_interval_of_the_share_of_seeds_holds_the_share(forgotten):
    """Half of what varies is the noise of seeds in these studies; replicates that hold all noise twice said less."""
    rng = np.random.default_rng(0)
    held: list[bool] = []
    for _ in range(5):
        cube = simulate_coverage.draw_null_study(rng, seed_sd=0.03)
        transfers = simulate_coverage.transfers_of_cube(cube, np.ones(13))
        pieces = (
            simulate_coverage.replicate_table(simulate_coverage.forget_examples(cube), 200, rng)
            if forgotten
            else simulate_coverage.replicate_cube(cube, np.ones(13), 200, rng)
        )
        frame = simulate_coverage.frame_transfers(transfers)
        shares = simulate_coverage.summarise_replicates(pieces, transfers, frame, 0.95).shares
        estimate = share_variance(transfers.pgf, frame.reference)
        assert estimate is not None
        held.append(bool(shares.low.seed_noise < estimate.seed_noise < shares.high.seed_noise))
    assert all(held)


def test_examples_can_be_forgotten():
    cube = simulate_coverage.draw_null_study(np.random.default_rng(0), tasks=3, seeds=2)
    table = simulate_coverage.forget_examples(cube)
    assert table.transfers.pgf == pytest.approx(simulate_coverage.transfers_of_cube(cube, np.ones(3)).pgf)
    assert table.counts.known.all()
