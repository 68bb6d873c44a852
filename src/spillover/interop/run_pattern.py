"""A pattern over the names of runs, such as `{source}-seed{seed}`, and what it reads in a name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from spillover.core.errors import ImportFileError

USUAL_PATTERN = "{source}-seed{seed}"
SEEDS = ("-seed{seed}", "_seed{seed}", "-s{seed}", "_s{seed}", "-{seed}", "_{seed}", "")
"""How names are often ended; what is nearest to the usual comes first."""
LONGEST = 300
"""Letters of a name in which a source is looked for."""


FOLDERS = re.compile(r"/|__")
"""What parts the folders in a run's name; harnesses write the slashes of a model's path as two underscores."""


def split_run_name(name: str) -> list[str]:
    """Split a run's name by folders."""
    return FOLDERS.split(name)


def fitting_pattern(names: Sequence[str]) -> str | None:
    """Find a pattern that reads every name, and in no two of them the same source and seed.

    What all names begin with is taken for a model's name or a folder, and a folder's name may hold them all.

    >>> fitting_pattern(["Qwen_charts_0", "Qwen_charts_1", "Qwen_art_0"]), fitting_pattern(["charts/Qwen", "art/Qwen"])
    ('Qwen_{source}_{seed}', '{source}/*')
    """
    alike = takewhile(lambda letters: len(set(letters)) == 1, zip(*names, strict=False))
    begun = FOLDERS.split("".join(first for first, *_ in alike))[-1] if len(names) > 1 else ""
    shared = begun[: max(begun.rfind("-"), begun.rfind("_")) + 1]
    for end in SEEDS:
        for start in dict.fromkeys((shared, "")):
            for last in ("", "/*"):
                pattern = f"{start}{{source}}{end}{last}"
                read = [RunPattern.of(pattern).read(name, lambda _: False) for name in names]
                if None not in read and len(set(read)) == len(names):
                    return pattern
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPattern:
    """A pattern, taken apart at its source."""

    before: re.Pattern[str]
    after: re.Pattern[str]

    @classmethod
    def of(cls, text: str) -> RunPattern:
        """Understand a pattern; `*` stands for anything.

        Raises:
            ImportFileError: it names no source, or more than one source or seed.
        """
        if text.count("{source}") != 1 or text.count("{seed}") > 1:
            hint = f"for example {USUAL_PATTERN}"
            raise ImportFileError(f"the pattern {text!r} needs {{source}} once and {{seed}} at most once", hint=hint)
        before, _, after = text.partition("{source}")
        return cls(before=_compile(before), after=_compile(after))

    def read(self, name: str, is_task: Callable[[str], bool]) -> tuple[str, int | None] | None:
        """Read source and seed in a run's name: in one of its folders, the last first, or in several up to its end.

        The seed is None where the pattern has none.

        Where `*` lets a name be divided in several ways, a source that is a task is taken; else the longest.

        >>> RunPattern.of("*_{source}_s{seed}").read("out/ft_Art_Style_s2", {"Art_Style"}.__contains__)
        ('Art_Style', 2)
        >>> RunPattern.of("ft__{source}__{seed}").read("__out__ft__Jigsaw__3", {"Jigsaw"}.__contains__)
        ('Jigsaw', 3)
        """
        ends = [name[match.end() :] for match in FOLDERS.finditer(name)]
        for part in (*reversed(split_run_name(name)), *reversed(ends), name):
            divisions = list(self._divisions(part)) if len(part) <= LONGEST else []
            if divisions:
                return next((each for each in divisions if is_task(each[0])), divisions[0])
        return None

    def _divisions(self, part: str) -> Iterator[tuple[str, int | None]]:
        """Every source that a name may be read to hold, with its seed; the longest first."""
        places = range(len(part) + 1)
        openings = {place: match for place in places if (match := self.before.fullmatch(part, 0, place))}
        endings = {place: match for place in places if (match := self.after.fullmatch(part, place))}
        spans = sorted((start - end, start, end) for start in openings for end in endings if start < end)
        for _, start, end in spans:
            seeds = openings[start].groupdict() | endings[end].groupdict()
            yield part[start:end], int(seeds["seed"]) if "seed" in seeds else None


def _compile(text: str) -> re.Pattern[str]:
    pieces = {"{seed}": r"(?P<seed>\d{1,9})", "*": ".*"}
    return re.compile("".join(pieces.get(part) or re.escape(part) for part in re.split(r"(\{seed\}|\*)", text)))
