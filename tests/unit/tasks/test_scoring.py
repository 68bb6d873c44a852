import pytest
from hypothesis import given
from hypothesis import strategies as st

from spillover.tasks.scoring import parse_number, parse_reply, relative_accuracy, score_reply, text_similarity
from spillover.tasks.task import Example

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


def example(answer, *accepted, choices=()):
    return Example(id="x", images=(), prompt="?", choices=choices, answer=answer, accepted=accepted)


@pytest.mark.parametrize(
    ("reply", "answer", "parse"),
    [
        ("4", "4", "parsed"),
        ("about 2.50 meters", "2.5", "parsed"),
        ("1,200", "1200", "parsed"),
        ("-3", "-3", "parsed"),
        ("I see three chairs and 3 tables", "3", "parsed"),
        ("Three.", "3", "parsed"),
        ("Of the 5 I checked, the answer is 4", "4", "parsed"),
        ("2 or 3", None, "ambiguous"),
        ("There are three chairs around 1 table.", None, "ambiguous"),
        ("One can see no chairs.", None, "none"),
        ("One can see 4 chairs, one of the four is red", "4", "parsed"),
        ("the left one", None, "none"),
        ("One chair.", "1", "parsed"),
        (".5 meters", "0.5", "parsed"),
        ("-.25", "-0.25", "parsed"),
        ("many", None, "none"),
        ("", None, "none"),
    ],
)
def test_one_number_is_read_and_nothing_is_guessed(reply, answer, parse):
    said = parse_number(reply)
    assert (said.answer, said.parse) == (answer, parse)


@pytest.mark.parametrize(
    ("metric", "reply", "answer", "score"),
    [
        ("exact", " A  Cat. ", "a cat", 1),
        ("exact", "a cat sits", "a cat", 0),
        ("contains", "It is a cat, I think", "a cat", 1),
        ("contains", "concatenate", "cat", 0),
        ("anls", "colour", "color", 1 - 1 / 6),
        ("anls", "red", "blue", 0),
        ("number", "4.0", "4", 1),
        ("number", "5", "4", 0),
        ("mra", "10", "10", 1),
        ("mra", "9", "10", 0.9),
        ("mra", "5", "10", 0.1),
        ("mra", "4", "10", 0),
        ("mra", "no idea", "10", 0),
    ],
)
def test_open_answers_are_scored(metric, reply, answer, score):
    assert score_reply(reply, example(answer), metric).score == pytest.approx(score)


def test_of_several_right_answers_the_best_counts():
    assert score_reply("dog", example("a dog", "dog"), "exact").score == 1
    assert score_reply("", example("a dog"), "contains").said.parse == "none"


@pytest.mark.parametrize(("guess", "share"), [(9.5, 1.0), (10.5, 1.0), (9.49, 0.9), (15, 0.1), (15.01, 0)])
def test_relative_accuracy_counts_the_limits_that_are_kept(guess, share):
    assert relative_accuracy(guess, 10) == pytest.approx(share)
    assert relative_accuracy(0, 0) == 1


@given(st.text(max_size=12), st.text(max_size=12))
def test_similarity_is_symmetric_and_one_for_the_same(one, other):
    assert text_similarity(one, one) == 1
    assert text_similarity(one, other) == text_similarity(other, one)
    assert 0 <= text_similarity(one, other) <= 1


def test_a_choice_is_right_or_not():
    asked = example("(B)", choices=("left", "right"))
    assert [score_reply(reply, asked, "accuracy").score for reply in ("(B)", "right", "(A)", "x")] == [1, 1, 0, 0]
