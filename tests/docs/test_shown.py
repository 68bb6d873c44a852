"""What a page shows is compared with what is printed."""

import pytest
from tests.docs.shown import missing_from

PRINTED = "PGF · tiny\nJigsaw  +0.25\nCounting  -0.1\n• a sentence that\n  is wrapped.\n"


@pytest.mark.parametrize(
    "shown",
    [
        "PGF · tiny\nJigsaw +0.25",
        "PGF · tiny\n…\n• a sentence that is\nwrapped.",
        "Relative_Depth  -3.0\n…",
    ],
)
def test_other_numbers_tasks_and_line_breaks_are_the_same(shown: str):
    assert missing_from(PRINTED, shown) is None


@pytest.mark.parametrize("shown", ["PGF · large", "• a sentence that\n…\nPGF · tiny", "Jigsaw\n+0.25 Counting is"])
def test_other_words_or_another_order_are_not(shown: str):
    assert missing_from(PRINTED, shown) is not None
