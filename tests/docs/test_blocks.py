"""Every block of the documentation is well formed, and its commands, options, settings and files exist."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
from pathlib import Path

import pytest
import typer
import yaml
from tests.docs.blocks import PAGES, ROOT, Block, read_blocks
from tests.docs.commands import check_command, commands_of

import spillover
from spillover.core.scores import SCORE_SCHEMA
from spillover.study.reading import parse_study
from spillover.study.study import Study

BLOCKS = [block for page in PAGES for block in read_blocks(page)]
LANGUAGES = ("bash", "python", "yaml", "json", "jsonl", "csv", "text")


def blocks_in(*languages: str) -> list[object]:
    return [pytest.param(block, id=str(block)) for block in BLOCKS if block.language in languages]


def test_every_block_says_what_language_it_is_in():
    assert [str(block) for block in BLOCKS if block.language not in LANGUAGES] == []


@pytest.mark.parametrize("block", blocks_in("bash"))
def test_scripts_are_shell_and_their_commands_exist(block: Block):
    parsed = subprocess.run(["bash", "-n"], input=block.text, text=True, capture_output=True, check=False)
    assert parsed.returncode == 0, parsed.stderr
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    for program, *words in commands_of(block.text):
        if program == "spillover":
            check_command(words)
        elif program == "make":
            assert set(words) - set(targets) <= {word for word in words if "=" in word}
        elif program.endswith("python") and words[0].endswith(".py") and not block.title:
            assert (ROOT / words[0]).is_file(), words[0]


@pytest.mark.parametrize("block", blocks_in("python"))
def test_python_parses(block: Block):
    compile(block.text, str(block), "exec")


@pytest.mark.parametrize("block", blocks_in("yaml"))
def test_yaml_that_is_of_a_study_file_is_read_by_it(block: Block):
    values = yaml.safe_load(block.text)
    if "name" in values and "tasks" in values:
        parse_study(block.text, Path(str(block)))
    elif set(values) <= set(Study.model_fields):
        Study.model_validate({"name": "a-part", **values})
    else:
        assert block.title, "it is neither a part of a study file nor a file that a command reads"


@pytest.mark.parametrize("block", blocks_in("json", "jsonl", "csv"))
def test_data_parses(block: Block):
    if block.language == "csv":
        assert len({len(row) for row in csv.reader(io.StringIO(block.text))}) == 1
    else:
        for text in block.text.splitlines() if block.language == "jsonl" else [block.text]:
            json.loads(text)


@pytest.mark.parametrize(
    "words",
    [
        ["no-such-command"],
        ["run"],
        ["run", "study.yaml", "--no-such-option"],
        ["run", "study.yaml", "--limit", "0"],
        ["tasks", "no-such-command"],
    ],
)
def test_a_command_that_does_not_exist_would_be_found(words: list[str]):
    with pytest.raises(typer.TyperException):
        check_command(words)


def test_the_reference_names_everything_public():
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^::: spillover\.(\w+)$", page, re.MULTILINE)) == sorted(spillover.__all__)
    said = re.findall(r"^\| `(\w+)[`(]", page, re.MULTILINE)
    assert set(spillover.__all__) <= set(said), "a clone shows what a name is without the site"
    assert set(SCORE_SCHEMA.names) <= set(said)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text)
    made = {"cli.md"}  # when the site is built
    assert [target for target in targets if target not in made and not (page.parent / target).exists()] == []
