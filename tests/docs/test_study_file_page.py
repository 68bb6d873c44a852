"""docs/study-file.md is what the models of a study file say, and says something of every key."""

import pytest

from spillover.study.study import Study
from study_file_page import PAGE, TITLES, forms_in, study_file_page


def test_the_page_is_what_the_models_say():
    assert PAGE.read_text(encoding="utf-8") == study_file_page(), "give: python scripts/study_file_page.py"


def test_every_part_of_a_study_file_has_a_section():
    assert set(TITLES) == set(forms_in(Study))


@pytest.mark.parametrize("form", TITLES, ids=TITLES.get)
def test_every_key_is_said_something_of(form):
    assert [name for name, field in form.model_fields.items() if not field.description] == []


@pytest.mark.parametrize(
    "row",
    [
        "| `name` | text, length ≤ 100 | required | What the study is called. Another name is another study. |",
        "| `warmup` | number, ≥ 0, < 1 | `0.05` | Share of the steps ",
        "| `checkpoints` | list of number, > 0, ≤ 1 | `[1.0]` | ",
        "| `replicates` | whole number, ≥ 0, ≤ 1,000,000 | `2000` | ",
        "| `executor` | [executor of kind local](#executor-of-kind-local) or [executor of kind ray](",
        "| `limit` | whole number, ≥ 1 | – | Examples a target at most; null takes all. |",
        "| `tasks` | list of [tasks of kind perception](#tasks-of-kind-perception) or ",
    ],
)
def test_a_row_says_what_a_key_takes(row):
    assert row in study_file_page()
