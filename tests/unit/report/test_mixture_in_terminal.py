"""A recommended mixture in a terminal: nothing is cut at 80 columns."""

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console
from tests.unit.mixture.made_tables import HELPFUL, recommended, settled, table

from spillover.core.numbers import interval, signed
from spillover.mixture.recommend import recommend
from spillover.report.mixture_in_terminal import mixture_in_terminal


def printed(mixture):
    stream = StringIO()
    Console(file=stream, width=80).print(mixture_in_terminal(mixture))
    return stream.getvalue()


def stretched(mixture, name, wide):
    """The same with long names, and intervals that are wide or not."""
    ends = {"low": -wide, "high": wide}
    sources = tuple(replace(each, source=name + each.source, **ends) for each in mixture.sources)
    effects = tuple(
        replace(each, task=name + each.task, random_low=-wide, random_high=wide, **ends) for each in mixture.effects
    )
    return replace(mixture, sources=sources, effects=effects)


@pytest.mark.parametrize("name", ["", "Functional_Corre", "a_task_whose_name_is_longer_than_any_column_can_be_" * 2])
@pytest.mark.parametrize("wide", [0.5, 12.5])
def test_nothing_is_cut_at_80_columns(name, wide):
    mixture = stretched(recommended(HELPFUL, noise=0.1, protected=["AS"], tolerance=0.2), name, wide)
    text = printed(mixture)
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= 80
    ends = interval(-wide, wide, 2)
    assert text.count(ends) == len(mixture.sources) + len(mixture.effects) + 1
    assert " protected " in text
    assert "a random mixture" in text


def test_names_of_the_papers_tasks_stay_whole():
    mixture = stretched(recommended(HELPFUL, noise=0.1, protected=["AS"], tolerance=0.2), "", 0.5)
    named = replace(mixture, effects=tuple(replace(each, task="Functional_Correspondence") for each in mixture.effects))
    table = printed(named).partition("what it should do")[2]
    assert table.count("Functional_Correspondence ") == len(mixture.effects)


def test_whether_it_helps_comes_first():
    helps, harms = recommended(HELPFUL), recommended([[-0.1, 0, 0], [-0.2, 0, 0], [-0.3, 0, 0]])
    assert printed(helps).splitlines()[1].startswith("expect +0.400 on Jigsaw (a random mixture +0.167)")
    assert printed(harms).splitlines()[1] == "it is not predicted to help: rather do not train for this"
    assert printed(harms).count("not predicted to help") == 1


def test_few_of_those_that_are_left_out_are_explained():
    mixture = recommended(HELPFUL)
    left_out = mixture.sources[-1]
    many = tuple(replace(left_out, source=f"s{number}", reason=f"because {number}") for number in range(12))
    text = printed(replace(mixture, sources=(*mixture.taken, *many)))
    assert [f"because {number}" in text for number in range(12)] == [True] * 3 + [False] * 9
    assert "9 more" in text
    assert "--json says why" in text


def test_where_nothing_tells_the_noise_a_dash_stands_for_the_interval():
    (mixture,) = recommend(table(HELPFUL, seeds=1), settled(strategy="proportional"))
    (line,) = (line for line in printed(mixture).splitlines() if line.startswith("Jigsaw") and " target " in line)
    assert line.split() == ["Jigsaw", "target", signed(mixture.effects[0].predicted), "–", "–"]
