"""Random mixtures: what a choice is held against is what `--strategy random` draws within the same limits."""

import numpy as np
import pytest
from tests.unit.mixture.made_tables import recommended

from spillover.mixture import chance
from spillover.mixture.chance import average_random, draw_random
from spillover.mixture.problem import MixtureError, Problem

GAINS = [0.6, 0.1, -0.1, -0.2, -0.3]


def asked(available=(np.inf,) * 5, **changes):
    settled = {
        "sources": tuple("abcde"),
        "own": frozenset(),
        "mean": np.array(GAINS),
        "gains": np.array([GAINS]),
        "protected": {},
        "budget": 1000,
        "available": np.array(available),
    }
    return Problem(**settled | changes)


LIMITS = [
    {"available": (50, *[np.inf] * 4)},
    {"available": (50, 400, 200, 300, 600)},
    {"available": (200, 200, 200, 200, 250)},
    {"max_share": 0.3},
    {"most_sources": 2, "max_share": 0.5},
    {"most_sources": 2, "available": (500, 500, 300, 200, np.inf)},
]


@pytest.mark.parametrize("limits", [{}, {"most_sources": 4}, *LIMITS])
@pytest.mark.parametrize("most_sets", [2000, 5], ids=["all sets", "drawn sets"])
def test_the_average_is_that_of_what_is_drawn_within_the_limits(limits, most_sets, monkeypatch):
    drawn = np.mean([draw_random(asked(**limits, seed=seed)) for seed in range(2000)], axis=0)
    assert average_random(asked(**limits)) == pytest.approx(drawn, abs=0.03)
    if most_sets < 10:
        monkeypatch.setattr(chance, "MOST_SETS", most_sets)
        several = np.mean([average_random(asked(**limits, seed=seed)) for seed in range(200)], axis=0)
        assert several == pytest.approx(drawn, abs=0.03)


@pytest.mark.parametrize("limits", LIMITS)
def test_every_random_mixture_keeps_the_limits(limits):
    for seed in range(30):
        problem = asked(**limits, seed=seed)
        shares = draw_random(problem)
        assert shares.sum() == pytest.approx(1)
        assert (shares <= problem.most + 1e-9).all()


def test_where_few_sets_hold_the_budget_and_none_is_met_the_roomiest_is_taken(monkeypatch):
    monkeypatch.setattr(chance, "MOST_SETS", 0)
    few = asked(available=(10, 10, 500, 300, 200))
    assert draw_random(few) == pytest.approx([0, 0, 0.5, 0.3, 0.2])
    assert average_random(few) == pytest.approx([0, 0, 0.5, 0.3, 0.2])
    with pytest.raises(MixtureError, match="can give 800 examples, and the budget is 1000"):
        draw_random(asked(available=(10, 10, 500, 300, 0), most_sources=2))


def test_a_source_that_is_short_adds_no_more_to_chance_than_it_has():
    limited = {"available": {"Jigsaw": 50}, "budget": 1000, "strategy": "proportional"}
    effect = recommended([[0.6, 0, 0], [-0.05, 0, 0], [0.01, 0, 0]], **limited).effects[0]
    assert effect.random == pytest.approx(0.05 * 0.6 + 0.475 * (-0.05 + 0.01))
    assert effect.random_low <= effect.random <= effect.random_high
