"""Reads the fenced blocks of the documentation, which are tested as a reader would use them, page by page, in order.

What is said in Markdown, invisibly to a reader:

- a block with `title="NAME"` in its first line is a file of that name;
- a `text` block right after a `bash` or `python` block is what that block prints, or some lines of it: `…` stands for
  any others;
- `<!-- not run: REASON -->` before a block: it is only parsed;
- `<!-- exits with: 2 -->` before a bash block: its last command ends so, rather than with 0;
- `<!-- the page begins with: NAME, … -->`: what is in the scratch folder before the first block (see `test_pages.py`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))

FENCE = re.compile(r"^( *)```(\w*)([^\n`]*)\n(.*?)^\1```[ \t]*$", re.MULTILINE | re.DOTALL)
COMMENT = re.compile(r"<!-- (not run|exits with): (.+?) -->\s*\Z")
BEGINS = re.compile(r"<!-- the page begins with: (.+?) -->")
TITLE = re.compile(r'title="([^"]+)"')


@dataclass(frozen=True, kw_only=True)
class Block:
    """A fenced block of a page."""

    page: Path
    line: int
    language: str
    text: str
    title: str | None = None
    not_run: str | None = None
    exit_code: int = 0
    output: str | None = None
    """What stands below it as what it prints."""

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def read_blocks(page: Path) -> list[Block]:
    """Find the blocks of a page, in order; those that show an output are part of the block that prints it."""
    text = page.read_text(encoding="utf-8")
    found = list(FENCE.finditer(text))
    blocks: list[Block] = []
    for number, each in enumerate(found):
        if _is_output(text, found, number):
            continue
        said = COMMENT.search(text, 0, each.start())
        mark = {said[1]: said[2]} if said else {}
        title = TITLE.search(each[3])
        shown = found[number + 1][4] if number + 1 < len(found) and _is_output(text, found, number + 1) else None
        blocks.append(
            Block(
                page=page,
                line=text.count("\n", 0, each.start()) + 1,
                language=each[2],
                text=_dedent(each[4], each[1]),
                title=title[1] if title else None,
                not_run=mark.get("not run"),
                exit_code=int(mark.get("exits with", 0)),
                output=shown,
            )
        )
    return blocks


def read_beginning(page: Path) -> list[str]:
    """Name what the page takes for granted."""
    said = BEGINS.search(page.read_text(encoding="utf-8"))
    return said[1].split(", ") if said else []


def _is_output(text: str, found: list[re.Match[str]], number: int) -> bool:
    if number == 0 or found[number][2] != "text":
        return False
    before = found[number - 1]
    return before[2] in ("bash", "python") and not text[before.end() : found[number].start()].strip()


def _dedent(text: str, indent: str) -> str:
    return "".join(line.removeprefix(indent) for line in text.splitlines(keepends=True))
