"""Where no answer differs the data are few, not silent: intervals reach as far as the rule of three allows."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from spillover.analysis import AnalysisSettings, ModelFindings, analyze
from spillover.analysis.context import Context
from spillover.analysis.contrasts import contrast_control, contrast_scorings
from spillover.analysis.crossed import infer_cube
from spillover.analysis.differences import difference_of
from spillover.analysis.facts import collect_facts
from spillover.core.published import AccuracyRow, AccuracyTable
from spillover.core.scores import BASE_SOURCE

SETTINGS = AnalysisSettings(replicates=200, permutations=0)
EXAMPLES = 40
HIDDEN = 1 - 0.05 ** (1 / EXAMPLES)
"""Of 40 examples of which none differs, the share that may."""


@pytest.fixture
def unchanged(random_cube):
    """A study whose finetuned models answer as the base does."""

    def build(seeds=3):
        cube = random_cube(seeds=seeds, examples=EXAMPLES)
        return replace(
            cube,
            blocks=tuple(
                replace(
                    block,
                    scores=np.broadcast_to(block.base[:, None], block.scores.shape).copy(),
                    given=np.broadcast_to(block.base_given[:, None], block.given.shape).copy(),
                )
                for block in cube.blocks
            ),
        )

    return build


def gaps(cube):
    return 1 - cube.base_accuracy.mean(axis=0)[0]


def find(cube) -> ModelFindings:
    return analyze(cube, SETTINGS).models[0]


def context_of(cube) -> Context:
    return Context(settings=SETTINGS, facts=collect_facts(cube.targets), ceilings=dict.fromkeys(cube.targets, 1.0))


@pytest.mark.parametrize("seeds", [1, 3])
def test_a_cell_in_which_no_answer_differs_reaches_as_far_as_its_examples_allow_however_many_seeds(unchanged, seeds):
    cube = unchanged(seeds)
    found = infer_cube(cube, np.ones(4), 0.95)
    assert (found.estimate == 0).all()
    assert (found.p == 1).all()
    assert found.high == pytest.approx(np.tile(HIDDEN / gaps(cube), (4, 1)))
    assert found.low == pytest.approx(-found.high)
    assert found.change_high == pytest.approx(np.full((4, 4), HIDDEN))
    described = analyze(cube, SETTINGS).to_json()["models"][0]["cells"]
    assert {cell["basis"].partition("; the ")[2] for cell in described} == {"rule of three, for too few answers differ"}


def test_one_answer_that_differs_makes_no_interval_narrower(unchanged):
    cube = unchanged()
    before = infer_cube(cube, np.ones(4), 0.95)
    cube.blocks[0].scores[0, 1, 3] = 1 - cube.blocks[0].scores[0, 1, 3]
    after = infer_cube(cube, np.ones(4), 0.95)
    width = (after.high - after.low)[1, 0]
    assert width == pytest.approx((before.high - before.low)[1, 0])
    assert after.low[1, 0] < after.estimate[1, 0] < after.high[1, 0]


def test_an_interval_that_excludes_zero_is_the_tests_own(random_cube):
    cube = random_cube(seeds=4)
    cube.blocks[0].scores[:] = np.maximum(cube.blocks[0].scores, np.arange(EXAMPLES) % 2)
    found = infer_cube(cube, np.ones(4), 0.95)
    sure = found.p < 0.05
    assert sure.any()
    assert not found.unseen[sure].any()


def test_means_of_such_cells_have_intervals_too(unchanged):
    cube = unchanged()
    model = find(cube)
    spread = model.summary.spread
    assert spread is not None
    largest = (HIDDEN / gaps(cube)).max()
    assert float(spread.high.mean) == pytest.approx(largest / 4), "all that goes unseen may be on one target of four"
    assert float(spread.low.mean) == -float(spread.high.mean)
    assert (spread.high.transferability.positive > 0).all()
    assert (spread.low.malleability.negative < 0).all()
    averages = spread.average_intervals(model.summary.frame)
    assert averages["malleability"]["positive"][1] == pytest.approx((1 - np.exp(-1)) * largest / 4)
    assert averages["transferability"]["negative"][0] < 0
    assert " 0.000 to 0.000" not in analyze(cube, SETTINGS).sentences[0]


def test_what_two_ways_of_scoring_have_in_common_is_no_proof_for_other_examples(unchanged):
    cube = unchanged()
    difference = contrast_scorings(cube, cube, "none", context_of(cube))
    control = contrast_control(cube, replace(cube, control="shuffled"), context_of(cube))
    assert difference is not None
    assert control is not None
    assert control.difference.high == pytest.approx(np.tile(HIDDEN / gaps(cube), (4, 1)))
    assert difference.high == pytest.approx(2 * control.difference.high), "it may differ before and after finetuning"
    assert control.difference.mean_low == pytest.approx(-(HIDDEN / gaps(cube)).max() / 4)
    assert difference.mean_high > control.difference.mean_high


def test_a_change_between_two_models_that_both_changed_nothing_is_no_certain_nothing(unchanged):
    cube = unchanged()
    model = find(cube)
    difference = difference_of(model, model, 0.95)
    assert difference.high == pytest.approx(np.tile(np.sqrt(2) * HIDDEN / gaps(cube), (4, 1)))
    assert difference.mean_low == pytest.approx(-np.sqrt(2) * (HIDDEN / gaps(cube)).max() / 4)


def test_no_interval_goes_beyond_perfection(random_cube):
    """With three seeds that differ, and few errors to mend, Fieller's set goes far beyond 1."""
    cube = random_cube(seeds=3, examples=20)
    block = cube.blocks[0]
    block.base[:] = 1.0
    block.base[..., :6] = 0.0
    block.scores[:] = block.base[:, None]
    block.scores[0, :, :6] = 1.0
    block.scores[1, :, :4] = 1.0
    found = infer_cube(cube, np.ones(4), 0.95)
    assert (found.high[:, 0] == 1).all()
    assert (found.estimate[:, 0] < 1).all()
    assert all(piece[1] <= 1 for pieces in found.pieces.ravel() for piece in pieces)
    lower = infer_cube(cube, np.full(4, 0.95), 0.95)
    assert (lower.high[:, 0] > 1).all(), "under a lower ceiling a PGF may be above 1"


def test_seeds_that_agree_exactly_say_nothing_where_nobody_knows_how_many_examples_they_were_asked():
    tasks, rows = ("ants", "bees"), []
    for source, seed, target in [(BASE_SOURCE, None, name) for name in tasks] + list(product(tasks, range(3), tasks)):
        accuracy = 0.5 if source == BASE_SOURCE else 0.6 if target == "ants" else 0.6 + 0.01 * (seed or 0)
        rows.append(AccuracyRow(source=source, seed=seed, target=target, accuracy=accuracy, examples=None))
    cells = analyze(AccuracyTable(model="m", rows=tuple(rows), origin="here"), SETTINGS).models[0].cells.inference
    assert np.isnan(cells.low[:, 0]).all()
    assert (cells.low[:, 1] < cells.high[:, 1]).all()


def test_a_model_that_is_right_everywhere_is_not_known_to_be_so_of_other_examples(random_cube):
    cube = random_cube(seeds=3, examples=EXAMPLES)
    for block in cube.blocks:
        block.scores[:] = 1.0
    found = infer_cube(cube, np.ones(4), 0.95)
    assert found.estimate == pytest.approx(np.ones((4, 4)))
    assert found.high == pytest.approx(np.ones((4, 4)))
    assert found.low == pytest.approx(np.tile(1 - HIDDEN / gaps(cube), (4, 1)), abs=1e-6)
    assert (found.low > 0).all(), "the test rejects no change, and so does the interval"
