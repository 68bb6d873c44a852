import pickle

import pytest

from spillover.core.errors import Fault, ModelError, SpilloverError, StudyError, nearest


def test_a_message_says_where_what_and_what_to_do():
    error = SpilloverError("it is broken", where="file:3", hint="mend it")
    assert str(error) == "file:3: it is broken\n  mend it"


@pytest.mark.parametrize(
    "error",
    [ModelError("a", where="b", hint="c"), StudyError([Fault(where="study.yaml:2", message="no")])],
)
def test_errors_survive_the_trip_out_of_a_process(error):
    back = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert type(back) is type(error)
    assert str(back) == str(error)


def test_all_faults_are_told_at_once():
    error = StudyError([Fault(where="a", message="first"), Fault(where="b", message="second")])
    assert "2 faults" in str(error)
    assert "a: first" in str(error)
    assert "b: second" in str(error)


def test_the_nearest_name_is_offered_whatever_its_case():
    assert "did you mean Counting?" in nearest("couting", ["Counting", "Jigsaw"])


def test_nothing_near_still_lists_what_is_allowed():
    assert nearest("zzz", ["Counting"]) == "allowed: Counting"
