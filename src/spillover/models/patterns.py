"""Bounds the time that an adapter's patterns of module names take: they are somebody else's, and may match for ever."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache

from peft import LoraConfig

from spillover.core.errors import ModelError

LIMIT_S = 5.0
"""Seconds that matching every module's name once may take; real patterns take milliseconds."""
TRIAL = """
import faulthandler, json, re, sys
faulthandler.dump_traceback_later(float(sys.argv[1]), exit=True)
patterns, names = json.load(sys.stdin)
for pattern in patterns:
    try:
        match = re.compile(pattern).match
    except re.error:
        continue
    for name in names:
        match(name)
"""
"""In a process of its own: no thread can stop Python's matching. It ends itself, should nobody wait for it any more."""


def require_end(config: LoraConfig, modules: Iterable[str]) -> None:
    """Refuse a configuration whose patterns take too long on a model's module names, before PEFT matches them.

    Args:
        config: an adapter's.
        modules: all names of the model's modules.

    Raises:
        ModelError: they do.
    """
    patterns = tuple(_patterns(config))
    if patterns and not _ends(patterns, tuple(modules)):
        raise ModelError(
            f"the adapter's patterns of module names take more than {LIMIT_S:g} s to match",
            hint="list the modules' names: target_modules: [q_proj, v_proj]",
        )


def _patterns(config: LoraConfig) -> Iterator[str]:
    """The regular expressions of a configuration, with what PEFT puts around them."""
    for whole in (config.target_modules, config.exclude_modules):
        if isinstance(whole, str):
            yield rf"(?:{whole})\Z"
    for ranks in (config.rank_pattern, config.alpha_pattern):
        yield from (rf"(.*\.)?({name})$" for name in ranks or ())
    listed = config.layers_pattern or []
    for layers in [listed] if isinstance(listed, str) else listed:
        yield rf"(?:^|.*?\.){layers}\.(\d+)\."


@lru_cache(maxsize=32)
def _ends(patterns: tuple[str, ...], names: tuple[str, ...]) -> bool:
    command = [sys.executable, "-I", "-S", "-c", TRIAL, str(LIMIT_S)]
    given = json.dumps([patterns, names])
    trial = subprocess.run(command, input=given, text=True, capture_output=True, check=False)  # noqa: S603 (our program)
    return trial.returncode == 0
