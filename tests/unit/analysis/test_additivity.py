import numpy as np
import pytest
from tests.unit.analysis.made_mixtures import TARGETS, mixture_cube

from spillover.analysis.additivity import check_additivity
from spillover.analysis.context import example_context
from spillover.analysis.verdict_words import say_additivity
from spillover.tasks.settings import Recipe

PGF = {"strong": 0.4, "weak": 0.2, "none": 0.0}
PARTS = {"strong": {"a": 1, "b": 1}, "weak": {"b": 1, "c": 1}, "none": {"c": 1, "d": 1}}


def recipes(factor=1.0, **changes):
    return {
        name: Recipe(
            parts=PARTS[name],
            predicted=dict.fromkeys(TARGETS, (factor * PGF[name], -1.0, 1.0)),
            **changes,
        )
        for name in PARTS
    }


@pytest.fixture(scope="module")
def cube():
    return mixture_cube(np.random.default_rng(0), {name: 0.5 * pgf for name, pgf in PGF.items()}, examples=4000)


@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_the_slope_says_how_much_of_the_prediction_came_true(cube, factor):
    found = check_additivity({"raw": cube}, recipes(factor), example_context())
    assert found.overall.slope == pytest.approx(1 / factor, abs=0.1)
    assert found.overall.cells == 6
    assert found.overall.miss_of_no_change == pytest.approx(np.sqrt((0.4**2 + 0.2**2) / 3), abs=0.03)
    assert (found.overall.miss < found.overall.miss_of_no_change / 4) == (factor == 1.0)


def test_each_part_is_left_out_with_the_mixtures_that_hold_it(cube):
    found = check_additivity({"raw": cube}, recipes(), example_context())
    assert {part: agreement.cells for part, agreement in found.without.items()} == {"a": 4, "b": 2, "c": 2, "d": 4}
    (sentence,) = say_additivity(found)
    assert "6 pairs" in sentence


def test_a_mixture_is_read_as_it_was_predicted(cube):
    assert check_additivity({"raw": cube, "calibrated": None}, recipes(measure="calibrated"), example_context()) is None


def test_without_a_prediction_there_is_nothing_to_check(cube):
    bare = {"strong": Recipe(parts=PARTS["strong"])}
    assert check_additivity({"raw": cube}, bare, example_context()) is None
    assert check_additivity({"raw": cube}, {"gone": recipes()["weak"]}, example_context()) is None


def test_where_no_change_was_predicted_no_share_of_it_is_told(cube):
    (sentence,) = say_additivity(check_additivity({"raw": cube}, recipes(0.0), example_context()))
    assert sentence.endswith(".")
    assert "nan" not in sentence
