"""The page of all commands is made from the command line itself."""

import re

import pytest

from docs_site import commands_page


@pytest.fixture(scope="module")
def sections() -> dict[str, str]:
    parts = re.split(r"^## (.+)$", commands_page(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_command_has_a_section_and_groups_have_none(sections: dict[str, str]):
    assert {"spillover demo", "spillover run", "spillover mix", "spillover tasks prepare"} <= set(sections)
    assert "spillover tasks" not in sections


@pytest.mark.parametrize(
    ("command", "row"),
    [
        ("spillover run", "| `STUDY_FILE` | path | A study file"),
        ("spillover analyze", "| `PATHS …` | text | "),
        ("spillover plan", "| `--gpu-hour-price` | float, ≥ 0 | Price of a GPU hour"),
        ("spillover demo", "| `--seeds` | int, ≥ 1, ≤ 100 | "),
        ("spillover report", "| `--figures`, `--no-figures` |  | "),
        ("spillover mix", "| `--direction` | higher or lower | "),
        ("spillover tasks prepare", "The Parquet file to write; of perception, a folder. Required. |"),
        ("spillover mix", "Training examples in all. Default: `1000`. |"),
    ],
)
def test_a_row_says_what_an_argument_takes(sections: dict[str, str], command: str, row: str):
    assert row in sections[command]
