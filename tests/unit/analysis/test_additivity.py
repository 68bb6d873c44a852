from dataclasses import replace

import numpy as np
import pytest
from tests.unit.analysis.made_mixtures import TARGETS, mixture_cube

from spillover.analysis import analyze
from spillover.analysis.additivity import check_additivity, pool_additivity
from spillover.analysis.context import example_context
from spillover.analysis.settings import AnalysisSettings, VerificationSettings
from spillover.analysis.verdict_words import say_additivity, say_dose
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


def checked(cube, mixtures, **known):
    return check_additivity(replace(cube, mixtures=mixtures, **known), None, example_context())


@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_the_slope_says_how_much_of_the_prediction_came_true(cube, factor):
    found = checked(cube, recipes(factor))
    assert found.overall.slope == pytest.approx(1 / factor, abs=0.1)
    assert found.overall.cells == 6
    assert found.overall.miss_of_no_change == pytest.approx(np.sqrt((0.4**2 + 0.2**2) / 3), abs=0.03)
    assert (found.overall.miss < found.overall.miss_of_no_change / 4) == (factor == 1.0)


def test_each_part_is_left_out_with_the_mixtures_that_hold_it(cube):
    found = checked(cube, recipes())
    assert {part: agreement.cells for part, agreement in found.without.items()} == {"a": 4, "b": 2, "c": 2, "d": 4}
    (sentence,) = say_additivity(found)
    assert "6 pairs" in sentence


def test_a_mixture_is_read_as_it_was_predicted(cube):
    calibrated = recipes(measure="calibrated")
    assert checked(cube, calibrated) is None
    known = replace(cube, mixtures=calibrated)
    assert check_additivity(known, known, example_context()).overall.cells == 6


def test_without_a_prediction_there_is_nothing_to_check(cube):
    bare = {"strong": Recipe(parts=PARTS["strong"])}
    assert checked(cube, bare) is None
    assert checked(cube, {"gone": recipes()["weak"]}) is None


def test_where_no_change_was_predicted_no_share_of_it_is_told(cube):
    found = checked(cube, recipes(0.0))
    (sentence,) = say_additivity(found)
    assert "nan" not in sentence
    assert "times the sum" not in sentence
    assert np.isnan([found.overall.slope, found.overall.low, found.overall.high]).all()


def test_another_dose_than_that_of_the_predictions_is_said_once(cube):
    (dose,) = (found := checked(cube, recipes(measured_with=2000))).other_doses
    assert (dose.measured_with, dose.trained_on) == (2000, 2)
    assert [sentence for sentence in say_additivity(found) if "trained on 2,000 examples" in sentence] == [
        say_dose(dose)
    ]
    for alike in (recipes(measured_with=2), recipes()):
        assert checked(cube, alike).other_doses == ()


def test_a_slope_needs_three_predictions_other_than_nothing(cube):
    two = {"strong": recipes()["strong"], "none": recipes()["none"]}  # two of its four predictions are 0
    assert np.isnan(checked(cube, two).overall.slope)
    assert np.isfinite(checked(cube, two | {"weak": recipes()["weak"]}).overall.slope)


def test_targets_that_a_mixture_was_chosen_for_are_told_by_themselves(cube):
    (first, _) = TARGETS
    asked = VerificationSettings(targets=(first,), chosen="strong")
    found = checked(cube, recipes(), verifications=(asked,))
    assert (found.overall.cells, found.on_targets.cells) == (6, 3)
    assert "on the targets that a mixture was chosen for" in list(say_additivity(found))[1]
    of_all = VerificationSettings(targets=TARGETS, chosen="strong")
    assert checked(cube, recipes(), verifications=(of_all,)).on_targets is None


def test_saturation_is_said_where_the_slope_excludes_one_and_only_there(cube):
    saturated, additive = checked(cube, recipes(0.4)), checked(cube, recipes())
    assert saturated.overall.low > 1
    assert additive.overall.low < 1 < additive.overall.high
    assert "effects saturate" in " ".join(say_additivity(saturated))
    assert "effects saturate" not in " ".join(say_additivity(additive))


def test_several_studies_are_pooled_and_parts_left_out_of_all(cube):
    mixtures = recipes()
    one = {"strong": mixtures["strong"]}, {"weak": mixtures["weak"], "none": mixtures["none"]}
    pooled, without = pool_additivity([(checked(cube, mixed), mixed) for mixed in one])
    whole = checked(cube, mixtures)
    assert pooled == whole.overall
    assert without.keys() == whole.without.keys()
    assert all(without[part].cells == each.cells for part, each in whole.without.items())
    assert without["b"].miss == whole.without["b"].miss


def test_what_studies_say_together_is_one_sentence_and_of_each_protocol_by_itself(cube):
    settings = AnalysisSettings(replicates=0, permutations=0)
    known = replace(cube, mixtures=recipes())

    def said(*cubes):
        return [each for each in analyze(list(cubes), settings).sentences if each.startswith("over ")]

    (sentence,) = said(replace(known, model="one"), replace(known, model="two"))
    assert sentence.startswith("over one and two adding up the effects of their parts misses")
    assert "12 pairs" in sentence
    assert "leaving out the mixtures that hold one part, " in sentence
    assert said(known) == said(known, replace(known, protocol="generate")) == []


def test_a_slope_that_points_the_other_way_is_called_no_prediction(cube):
    (sentence,) = say_additivity(checked(cube, recipes(-1.0)))
    assert sentence.endswith("here it foretells nothing.")
