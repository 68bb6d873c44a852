import pytest

from spillover.tasks.scoring import parse_reply

OPTIONS = ("(A)", "(B)")
CHOICES = ("left", "right")


@pytest.mark.parametrize(
    "reply", ["(B)", "B", "B.", " (B) ", "B)", "The answer is (B).", "Answer: B", "the answer is B", "right", "Right."]
)
def test_replies_that_name_one_option_are_parsed(reply):
    assert parse_reply(reply, OPTIONS, CHOICES).answer == "(B)"


@pytest.mark.parametrize("reply", ["(A) or (B)", "(A) (B)", "(A), perhaps (D)"])
def test_replies_that_name_several_are_ambiguous(reply):
    said = parse_reply(reply, OPTIONS, CHOICES)
    assert (said.answer, said.parse) == (None, "ambiguous")


@pytest.mark.parametrize("reply", ["", "The dog", "(E)", "T", "Both are nice", "a"])
def test_replies_that_name_none_are_not_guessed_at(reply):
    said = parse_reply(reply, OPTIONS, CHOICES)
    assert (said.answer, said.parse) == (None, "none")
