"""Controls: the dress of a task without its perception."""

from __future__ import annotations

from collections import Counter

import pytest
import torch

from spillover.core.errors import TaskError
from spillover.core.prompt import Prompt
from spillover.models.encoding import Encoded
from spillover.study.controls import shuffle_answers, take_answers


def examples(answers, options=("(A)", "(B)")):
    return [
        Encoded(
            tokens=torch.tensor([index]),
            positions=None,
            token_fields={},
            image_fields={},
            piece=None,
            row=0,
            prompt=Prompt(images=(), text=f"question {index}", options=options, answer=answer),
        )
        for index, answer in enumerate(answers)
    ]


def answers_of(encoded):
    return [each.prompt.answer for each in encoded]


def test_shuffled_answers_are_as_often_each_and_elsewhere():
    before = examples(["(A)", "(B)"] * 30)
    after = shuffle_answers(before, "Jigsaw")
    assert Counter(answers_of(after)) == Counter(answers_of(before))
    assert answers_of(after) != answers_of(before)
    assert [each.prompt.text for each in after] == [each.prompt.text for each in before]
    assert answers_of(shuffle_answers(before, "Jigsaw")) == answers_of(after)


def test_the_bases_own_answers_take_the_place_of_the_right_ones():
    given = ["(B)", "(A)", "(B)", "(A)"]
    assert answers_of(take_answers(examples(["(A)"] * 4), given, "Jigsaw")) == given


def test_a_base_that_gives_one_answer_is_no_control():
    with pytest.raises(TaskError, match=r"the base answers \(B\) to 90% of its training examples") as caught:
        take_answers(examples(["(A)"] * 10), ["(B)"] * 9 + ["(A)"], "Jigsaw")
    assert "leave Jigsaw out" in str(caught.value)


def test_a_base_that_gives_no_answer_is_no_control():
    with pytest.raises(TaskError, match="no answer to 1 of its 3"):
        take_answers(examples(["5", "6", "7"], ()), ["5", "", "7"], "Counting")
