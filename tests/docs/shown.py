"""What of a printed text a page promises: its words in their order, not its numbers, tasks and line breaks."""

from __future__ import annotations

import re

from spillover.tasks.catalogue import BLINK

NUMBER = re.compile(r"[−+-]?\d*[.,]?\d+")
NAMES = re.compile("|".join(sorted((each.task.name for each in BLINK), key=len, reverse=True)))


def shape(text: str) -> str:
    """Keep what stays of a text on another machine, whose floating point may round otherwise."""
    return " ".join(NUMBER.sub("0", NAMES.sub("TASK", text)).split())


def missing_from(printed: str, shown: str) -> str | None:
    """Find the first part of what a page shows, between its lines of `…`, that is not printed in this order."""
    rest = shape(printed)
    for part in filter(shape, re.split(r"^\s*…\s*$", shown, flags=re.MULTILINE)):
        _, found, rest = rest.partition(shape(part))
        if not found:
            return part
    return None
