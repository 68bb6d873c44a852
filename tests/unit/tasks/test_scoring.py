import pytest

from spillover.tasks.scoring import parse_reply

OPTIONS = ("(A)", "(B)")
CHOICES = ("left", "right")


@pytest.mark.parametrize(
    "reply",
    [
        *("(B)", "B", "B.", " (B) ", "B)", "The answer is (B).", "Answer: B", "the answer is B", "right", "Right."),
        *("<s> B", "(B)</s>", "<|im_start|>(B)<|im_end|>", "**(B)**", "$\\boxed{B}$", "[B]", "B) right", "(B) right"),
        *(
            "The correct choice is:\n\n**(B) right**",
            "I see (A) and (C) too.\nAnswer: (B)",
            "It moves to the right.",
        ),
        *("The answer is right.", "So option B fits.", 'It is labeled "B".', "Of A. and B., the answer is (B)."),
    ],
)
def test_replies_that_name_one_option_are_parsed(reply):
    assert parse_reply(reply, OPTIONS, CHOICES).answer == "(B)"


@pytest.mark.parametrize(
    "reply",
    [
        *("(A) or (B)", "(A) (B)", "(A), perhaps (D)", "The answer is (A) and (B).", "The answer is A or B"),
        *("not left, right", "The answer is (A). No, the answer is (B)."),
        "left (B) it is. The answer is (A) left.",  # a contradiction, whatever comes last
    ],
)
def test_replies_that_name_several_are_ambiguous(reply):
    said = parse_reply(reply, OPTIONS, CHOICES)
    assert (said.answer, said.parse) == (None, "ambiguous")


@pytest.mark.parametrize("reply", ["", "The dog", "(E)", "T", "Both are nice", "a"])
def test_replies_that_name_none_are_not_guessed_at(reply):
    said = parse_reply(reply, OPTIONS, CHOICES)
    assert (said.answer, said.parse) == (None, "none")


def test_words_that_bear_another_options_letter_are_ambiguous_wherever_they_stand():
    images = ("the second image", "the third image")
    for reply in ("The second image (B) fits. So: (A) the second image", "(A) the second image. The second image (B)"):
        assert parse_reply(reply, OPTIONS, images).parse == "ambiguous"
    assert parse_reply("The third image (C) fits. The answer is (B) the third image", OPTIONS, images).answer == "(B)"


@pytest.mark.parametrize(
    "reply",
    [
        "It is not possible to determine which of the second or third image fits.",
        "I cannot select either (A) the second image or (B) the third image.",
    ],
)
def test_who_cannot_tell_has_named_nothing(reply):
    said = parse_reply(reply, OPTIONS, ("the second image", "the third image"))
    assert (said.answer, said.parse) == (None, "none")


def test_an_a_that_is_an_option_is_no_article():
    closer = ("A is closer", "B is closer")
    assert parse_reply("B is closer", OPTIONS, closer).answer == "(B)"
    assert parse_reply("A is closer.", OPTIONS, closer).answer == "(A)"
    assert parse_reply("a dog", OPTIONS, ("A dog", "a cat")).answer == "(A)"
