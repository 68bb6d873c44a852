"""The promises of the method, kept in simulation (its §6): coverage, false discoveries, personas, floors, power."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from spillover.analysis.variance import share_variance

SCRIPT = Path(__file__).resolve().parents[3] / "scripts" / "simulate_coverage.py"


@pytest.fixture(scope="module")
def simulation() -> ModuleType:
    """The documented script, as a module."""
    spec = spec_from_file_location("simulate_coverage", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules["simulate_coverage"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_one_point_covers_about_what_it_should(simulation):
    design = simulation.Design(seeds=4, examples=130, base=0.6, pgf=0.1, seed_sd=0.02)
    assert 0.91 < simulation.simulate_cells(design, 500, np.random.default_rng(0))["coverage"] < 0.99


def test_simulated_seeds_have_the_stated_mean_and_spread(simulation):
    drawn = simulation.draw_seeds(0.8, 0.04, (20_000,), np.random.default_rng(0))
    assert drawn.mean() == pytest.approx(0.8, abs=0.002)
    assert drawn.std() == pytest.approx(0.04, abs=0.002)


def test_more_seeds_and_examples_see_more(simulation):
    rng = np.random.default_rng(0)
    few, many = (
        simulation.simulate_cells(
            simulation.Design(seeds=seeds, examples=examples, base=0.5, pgf=0.1, seed_sd=0.02), 300, rng
        )["rejected"]
        for seeds, examples in ((2, 130), (8, 500))
    )
    assert many > few + 0.3


@pytest.mark.slow
@pytest.mark.parametrize("seed_sd", [0.0, 0.02, 0.04])
@pytest.mark.parametrize("base", [0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
@pytest.mark.parametrize("pgf", [0.0, 0.1, -0.2])
def test_coverage_is_within_the_gate_at_every_point(simulation, seed_sd, base, pgf):
    design = simulation.Design(seeds=4, examples=130, base=base, pgf=pgf, seed_sd=seed_sd)
    assert 0.93 <= simulation.simulate_cells(design, 2000, np.random.default_rng(1))["coverage"] <= 0.97


@pytest.mark.slow
def test_null_studies_discover_nothing_too_often_and_raw_personas_do(simulation):
    figures = simulation.simulate_null(1000, np.random.default_rng(2))
    assert figures["any_discovery"] <= 0.05 + 2 * figures["monte_carlo_se"]
    assert figures["any_calibrated_sponge_or_sieve"] <= 0.05 + 2 * figures["monte_carlo_se"]
    assert figures["raw_sponges_and_sieves"] > 5  # of 13, under pure noise: why raw personas are descriptive
    assert figures["transferability_positive"] > 0.01
    assert figures["transferability_negative"] < -0.01


@pytest.mark.slow
def test_the_printed_floor_is_about_the_floor_that_there_is_and_not_below(simulation):
    """Resampling examples and seeds counts the noise of one answer in both, so the printed floor is a little high."""
    floors = simulation.compare_floor(60, np.random.default_rng(3))
    assert 0.9 < floors["printed_floor"] / floors["simulated_floor"] < 1.35


@pytest.mark.slow
@pytest.mark.parametrize("seed_sd", [0.0, 0.02, 0.04])
def test_a_table_prints_about_the_floor_that_its_examples_would_give(simulation, seed_sd):
    """Answers to the same questions go together: drawn as independent they made it 1.5 to 2 times as high."""
    floors = simulation.compare_floor(60, np.random.default_rng(3), seed_sd)
    assert 0.9 < floors["printed_floor_of_a_table"] / floors["simulated_floor"] < 1.35


@pytest.mark.parametrize("forgotten", [False, True])
def test_an_interval_of_the_share_of_seeds_holds_the_share(simulation, forgotten):
    """Half of what varies is the noise of seeds in these studies; replicates that hold all noise twice said less."""
    rng = np.random.default_rng(0)
    held: list[bool] = []
    for _ in range(5):
        cube = simulation.draw_null_study(rng, seed_sd=0.03)
        transfers = simulation.transfers_of_cube(cube, np.ones(13))
        pieces = (
            simulation.replicate_table(simulation.forget_examples(cube), 200, rng)
            if forgotten
            else simulation.replicate_cube(cube, np.ones(13), 200, rng)
        )
        frame = simulation.frame_transfers(transfers)
        shares = simulation.summarise_replicates(pieces, transfers, frame, 0.95).shares
        estimate = share_variance(transfers.pgf, frame.reference)
        assert estimate is not None
        held.append(bool(shares.low.seed_noise < estimate.seed_noise < shares.high.seed_noise))
    assert all(held)


def test_examples_can_be_forgotten(simulation):
    cube = simulation.draw_null_study(np.random.default_rng(0), tasks=3, seeds=2)
    table = simulation.forget_examples(cube)
    assert table.transfers.pgf == pytest.approx(simulation.transfers_of_cube(cube, np.ones(3)).pgf)
    assert table.counts.known.all()
